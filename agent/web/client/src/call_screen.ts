import { CallFacts } from "./call_facts";
import type { Caption } from "./captions";
import { drawCard } from "./cards";
import { Conversation } from "./conversation";
import { found } from "./dom";
import type { ParleyEvent } from "./events.gen";
import type { Language } from "./language";
import type { AgentState, CallListener, Ending, Fault, Phase, Refusal } from "./line";
import { LevelMeter } from "./meter";
import { Visualiser } from "./visualiser";
import { type Told, type Words, faultWords, statusWords } from "./words";

/** What a call's screen needs of the page around it. */
export interface Surroundings {
  readonly words: Words;
  readonly language: Language;
  /** Whether screen readers are given what the agent says. */
  readonly announces: boolean;
  title(persona: string): string;
  tell(telling: (words: Words, language: Language) => Told): void;
  showLevel(level: number): void;
  /** The call is over, and the screen can be used for another. */
  closed(): void;
}

/** Shows one call after the other, and cleans up after each. */
export class CallScreen implements CallListener {
  private readonly page = document.body;
  private readonly statusLine = found("status", HTMLElement);
  private readonly announcer = found("announcer", HTMLElement);
  private readonly muteButton = found("mute", HTMLButtonElement);
  private readonly muteLabel = found("mute-label", HTMLElement);
  private readonly unlockButton = found("unlock", HTMLButtonElement);
  private readonly facts = new CallFacts();
  private readonly visualiser = new Visualiser(found("orb", HTMLCanvasElement), () => ({
    state: this.agent,
    connecting: ["connecting", "returning", "waiting", "reconnecting"].includes(this.now),
    callerLevel: this.callerLevel,
  }));
  private readonly voices = new Map<HTMLMediaElement, MediaStreamTrack>();
  /** Tools at work, by the name of their run. */
  private readonly tools = new Map<string, string>();
  private meter: LevelMeter | undefined;
  private callerLevel = 0;
  private now: Phase = "idle";
  private agent: AgentState | undefined;
  conversation: Conversation;

  constructor(private readonly around: Surroundings) {
    this.conversation = this.newConversation();
  }

  /** Clears away the call before. */
  begin(earlier: readonly Caption[]): void {
    this.conversation = this.newConversation();
    this.facts.reset();
    this.tools.clear();
    delete this.page.dataset["fault"];
    for (const caption of earlier) this.conversation.caption(caption);
  }

  phase(phase: Phase): void {
    const before = this.now;
    this.now = phase;
    this.page.dataset["phase"] = phase;
    for (const control of [found("message", HTMLInputElement), found("send", HTMLButtonElement)])
      control.disabled = phase !== "live";
    this.muteButton.disabled = phase === "connecting" || phase === "returning";
    if (phase === "live") this.facts.start();
    this.describe();
    if (phase !== before) this.announcer.textContent = this.around.words.phases[phase];
    if (phase === "ended" || phase === "failed") this.close();
    else this.visualiser.start();
  }

  fault(fault: Fault, detail?: string | Refusal): void {
    this.page.dataset["fault"] = fault;
    this.around.tell((words, language) => faultWords(words, language, fault, detail));
  }

  ending(ending: Ending): void {
    this.around.tell((words) => ({ text: words.endings[ending] }));
  }

  agentState(state: AgentState | undefined): void {
    this.agent = state;
    if (state) this.page.dataset["agentState"] = state;
    else delete this.page.dataset["agentState"];
    this.describe();
  }

  caption(caption: Caption): void {
    this.conversation.caption(caption);
    if (this.around.announces && caption.final && caption.speaker === "agent")
      this.announcer.textContent = caption.text;
  }

  event(event: ParleyEvent): void {
    const { words, language } = this.around;
    switch (event.type) {
      case "call_started":
        this.tools.clear();
        break;
      case "tool_started":
        this.tools.set(event.run, event.tool);
        break;
      case "tool_finished": {
        this.tools.delete(event.run);
        const card = event.card && drawCard(event.card, words, language);
        if (card) this.conversation.card(card);
        break;
      }
      case "handed_over":
        this.conversation.note(words.handedOver(this.around.title(event.persona)));
        break;
      case "cost_changed":
        this.facts.spent(event, words, language);
        break;
    }
    this.describe();
  }

  microphone(track: MediaStreamTrack): void {
    this.meter?.stop();
    this.meter = new LevelMeter(track, (level) => {
      this.callerLevel = level;
      this.around.showLevel(level);
    });
  }

  microphoneLost(): void {
    this.around.tell((words) => ({ text: words.page.microphoneLost }));
  }

  muted(muted: boolean): void {
    this.page.dataset["muted"] = String(muted);
    this.relabel();
  }

  agentAudio(audio: HTMLMediaElement, track: MediaStreamTrack): void {
    this.page.append(audio);
    this.voices.set(audio, track);
    this.visualiser.hear(track);
  }

  agentAudioGone(audio: HTMLMediaElement): void {
    const track = this.voices.get(audio);
    if (track) this.visualiser.forget(track);
    this.voices.delete(audio);
    audio.remove();
  }

  audioBlocked(blocked: boolean): void {
    this.unlockButton.hidden = !blocked;
    if (!blocked) this.visualiser.resume();
  }

  /** Says the same in another language; what was said already stays as it is. */
  relabel(): void {
    const { page } = this.around.words;
    this.muteLabel.textContent = this.page.dataset["muted"] === "true" ? page.unmute : page.mute;
    this.describe();
  }

  get phaseNow(): Phase {
    return this.now;
  }

  private newConversation(): Conversation {
    return new Conversation(found("captions", HTMLOListElement), () => this.around.words);
  }

  private describe(): void {
    const tool = [...this.tools.values()].at(-1);
    this.statusLine.textContent = statusWords(this.around.words, this.now, this.agent, tool);
  }

  private close(): void {
    this.meter?.stop();
    this.meter = undefined;
    this.callerLevel = 0;
    this.around.showLevel(0);
    this.facts.stop();
    for (const audio of [...this.voices.keys()]) this.agentAudioGone(audio);
    this.visualiser.stop();
    this.unlockButton.hidden = true;
    this.around.closed();
  }
}
