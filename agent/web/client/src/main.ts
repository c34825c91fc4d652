import { setLogLevel } from "livekit-client";
import { Call, type CallListener } from "./call";
import type { Caption } from "./captions";
import { DirectCall } from "./direct";
import { type KeptCall, keptCall } from "./kept";
import { LevelMeter } from "./meter";
import { callOptions } from "./token";
import {
  type AgentState,
  type Ending,
  type Fault,
  type Phase,
  endingWords,
  faultWords,
  statusWords,
} from "./words";

setLogLevel("warn");

const page = document.body;
const alertLine = element("alert", HTMLParagraphElement);
const captionList = element("captions", HTMLOListElement);
const connectButton = element("connect", HTMLButtonElement);
const hangUpButton = element("hangup", HTMLButtonElement);
const messageBox = element("message", HTMLInputElement);
const meterBar = element("meter", HTMLDivElement);
const muteButton = element("mute", HTMLButtonElement);
const sendButton = element("send", HTMLButtonElement);
const statusLine = element("status", HTMLParagraphElement);
const unlockButton = element("unlock", HTMLButtonElement);

/** Shows one call on the page and cleans up after it. */
class CallView implements CallListener {
  private readonly lines = new Map<string, HTMLLIElement>();
  private readonly shown = new Map<string, Caption>();
  private microphoneMeter: LevelMeter | undefined;
  private readonly voices = new Map<HTMLMediaElement, LevelMeter>();
  private now: Phase = "idle";
  private agent: AgentState | undefined;

  phase(phase: Phase): void {
    this.now = phase;
    page.dataset["phase"] = phase;
    messageBox.disabled = sendButton.disabled = phase !== "live";
    muteButton.disabled = phase === "connecting" || phase === "returning";
    this.describe();
    if (phase === "ended" || phase === "failed") this.close();
  }

  fault(fault: Fault, detail?: string): void {
    page.dataset["fault"] = fault;
    showAlert(faultWords(fault, detail));
  }

  ending(ending: Ending): void {
    showAlert(endingWords(ending));
  }

  agentState(state: AgentState | undefined): void {
    this.agent = state;
    if (state) page.dataset["agentState"] = state;
    else delete page.dataset["agentState"];
    this.describe();
  }

  /** The lines so far. What the agent was saying goes on in a new one; a guess at what the caller
   * was saying does not. */
  get captions(): Caption[] {
    const lines = [...this.shown.values()].filter((line) => line.final || line.speaker === "agent");
    return lines.map((line) => ({ ...line, final: true }));
  }

  caption(caption: Caption): void {
    this.shown.set(caption.id, caption);
    const line = this.lines.get(caption.id) ?? this.addLine(caption);
    // Whatever was spoken or typed is text, never markup.
    line.textContent = caption.text;
    line.dataset["final"] = String(caption.final);
    captionList.scrollTop = captionList.scrollHeight;
  }

  microphone(track: MediaStreamTrack): void {
    this.microphoneMeter?.stop();
    this.microphoneMeter = new LevelMeter(track, showMicrophoneLevel);
  }

  muted(muted: boolean): void {
    page.dataset["muted"] = String(muted);
    muteButton.textContent = muted ? "Unmute" : "Mute";
  }

  agentAudio(audio: HTMLMediaElement, track: MediaStreamTrack): void {
    page.append(audio);
    const show = (level: number) => page.style.setProperty("--voice", level.toFixed(2));
    this.voices.set(audio, new LevelMeter(track, show));
  }

  agentAudioGone(audio: HTMLMediaElement): void {
    this.voices.get(audio)?.stop();
    this.voices.delete(audio);
    audio.remove();
  }

  audioBlocked(blocked: boolean): void {
    unlockButton.hidden = !blocked;
  }

  private addLine({ id, speaker }: Caption): HTMLLIElement {
    const line = document.createElement("li");
    line.dataset["speaker"] = speaker;
    this.lines.set(id, line);
    captionList.append(line);
    return line;
  }

  private describe(): void {
    statusLine.textContent = statusWords(this.now, this.agent);
  }

  private close(): void {
    this.microphoneMeter?.stop();
    for (const audio of this.voices.keys()) this.agentAudioGone(audio);
    page.style.removeProperty("--voice");
    showMicrophoneLevel(0);
    unlockButton.hidden = true;
    connectButton.textContent = "Start a new call";
    connectButton.focus();
  }
}

function startCall(kept?: KeptCall): void {
  captionList.replaceChildren();
  showAlert("");
  delete page.dataset["fault"];
  const patienceS = Number(page.dataset["agentTimeoutS"]);
  view = new CallView();
  // Apart from those of this page, which counts its lines anew.
  for (const caption of kept?.captions ?? []) view.caption({ ...caption, id: `kept-${caption.id}` });
  const isDirect = new URLSearchParams(location.search).get("mode") === "direct";
  call = new (isDirect ? DirectCall : Call)(view, callOptions(location.search), patienceS);
  void call.start(isDirect ? undefined : kept);
  hangUpButton.focus();
}

function showAlert(words: string): void {
  alertLine.textContent = words;
  alertLine.hidden = words === "";
}

function showMicrophoneLevel(level: number): void {
  meterBar.style.setProperty("--level", level.toFixed(2));
  meterBar.setAttribute("aria-valuenow", String(Math.round(level * 100)));
}

function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`The page has no ${type.name} #${id}`);
  return found;
}

let call: Call | DirectCall | undefined;
let view: CallView | undefined;

connectButton.addEventListener("click", () => startCall());
hangUpButton.addEventListener("click", () => call?.hangUp());
unlockButton.addEventListener("click", () => void call?.unlockAudio());
muteButton.addEventListener("click", () => {
  call?.setMuted(page.dataset["muted"] !== "true").catch(() => {
    showAlert("The microphone could not be switched. Please try again.");
  });
});
element("composer", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const text = messageBox.value.trim();
  if (text === "" || !call) return;
  showAlert("");
  call.say(text).then(
    () => (messageBox.value = ""),
    () => showAlert("Your message could not be sent. Please try again."),
  );
});
window.addEventListener("pagehide", () => call?.leavePage(view?.captions ?? []));
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload(); // brought back as it was left: without its connection
});

const kept = keptCall();
if (kept) startCall(kept);
