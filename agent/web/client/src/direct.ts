import type { Caption } from "./captions";
import {
  type Beginning,
  DirectRefused,
  type EndReason,
  type Standing,
  beginDirect,
  useTool,
} from "./direct_api";
import { DirectMicrophone } from "./direct_microphone";
import { OfferRefused, Peer } from "./direct_peer";
import { Reports } from "./direct_reports";
import { Talk, type ToolCall } from "./direct_talk";
import type { AudioChoices, CallListener, Fault, Line, Phase } from "./line";
import { bearer } from "./pass";
import type { CallOptions } from "./token";

/** After which a call that is to end does so, though nothing more was heard. */
const FAREWELL_MS = 20_000;

/** What a reply is to be like, beside the session. */
type Reply = Readonly<Record<string, unknown>>;

/** A call in which this page talks with the provider itself, without a room. */
export class DirectCall implements Line {
  private readonly peer: Peer;
  private readonly talk: Talk;
  private readonly microphone: DirectMicrophone;
  private call: Beginning | undefined;
  private reports: Reports | undefined;
  private audio: HTMLAudioElement | undefined;
  private over = false;
  private typed = 0;
  /** Replies that are to be asked for as soon as the model is free. */
  private readonly owed: Reply[] = [];
  private asked: Reply = {};
  private farewell: number | undefined;
  private timeOver: number | undefined;

  constructor(
    private readonly listener: CallListener,
    private readonly options: CallOptions,
    _agentTimeoutS: number,
    sound: AudioChoices,
  ) {
    this.microphone = new DirectMicrophone(listener, sound);
    this.talk = new Talk({
      caption: (caption) => this.unlessOver(() => listener.caption(caption)),
      agentState: (state) => this.unlessOver(() => listener.agentState(state)),
      report: (event) => this.reports?.add(event),
      tools: (calls) => void this.run(calls),
      replied: () => this.replied(),
      free: () => this.replyIfOwed(),
      busy: () => this.owe(this.asked),
      expired: () => this.finish("ended", "time is over"),
    });
    this.peer = new Peer({
      event: (event) => this.unlessOver(() => this.talk.take(event)),
      sound: (stream, track) => this.hear(stream, track),
      wavering: (isAway) => this.enter(isAway ? "reconnecting" : "live"),
      lost: () => this.fail("connection-lost"),
    });
  }

  /** Begins. Never rejects: faults go to the listener. A call that was left is not returned to. */
  async start(): Promise<void> {
    this.listener.phase("connecting");
    try {
      const microphone = await this.microphone.open();
      if (this.over) return this.microphone.close();
      this.call = await beginDirect(this.options, bearer());
      if (this.over) return;
      this.reports = new Reports(this.call.token, (standing) => this.stands(standing));
      this.timeOver = window.setTimeout(
        () => this.finish("ended", "time is over"),
        this.call.leftS * 1000,
      );
      this.enter("waiting");
      await this.peer.connect(this.call.secret, this.call.callsUrl, microphone);
      this.enter("live");
      this.reply({ instructions: this.call.firstWords, tool_choice: "none" });
    } catch (error) {
      this.startFailed(error);
    }
  }

  /** Sends typed text to the agent and shows it. Rejects when it cannot be sent. */
  async say(text: string): Promise<void> {
    if (!this.peer.isOpen) throw new Error("There is no connection.");
    const id = `typed_${++this.typed}_${Date.now()}`;
    if (this.talk.isReplying) this.peer.send({ type: "response.cancel" });
    if (this.talk.isSounding) this.peer.send({ type: "output_audio_buffer.clear" });
    const content = [{ type: "input_text", text }];
    const item = { id, type: "message", role: "user", content };
    this.peer.send({ type: "conversation.item.create", item });
    this.talk.typed(id, text);
    this.reply({});
  }

  async setMuted(muted: boolean): Promise<void> {
    this.microphone.setMuted(muted);
  }

  /** Lets the agent be heard; call it from a click. */
  async unlockAudio(): Promise<void> {
    await this.audio?.play();
    this.listener.audioBlocked(false);
  }

  /** Goes on with other devices. Rejects when they cannot be used; then the old ones stay. */
  async useAudio(sound: AudioChoices): Promise<void> {
    const microphone = await this.microphone.change(sound);
    await this.peer.hearFrom(microphone);
    await this.audio?.setSinkId?.(sound.speaker);
  }

  hangUp(): void {
    this.finish("ended", "hung up");
  }

  /** Leaves with the page. A direct call is not kept: its provider forgets it. */
  leavePage(_captions: readonly Caption[]): void {
    this.finish("ended", "page closed");
  }

  private async run(calls: readonly ToolCall[]): Promise<void> {
    const { call, reports } = this;
    if (!call || !reports) return;
    // What the caller said before must be known where it is judged.
    await reports.flush();
    const answers = await Promise.all(
      calls.map(({ name, callId, arguments: given }) =>
        useTool(call.token, name, { call_id: callId, arguments: given }),
      ),
    );
    if (this.over) return;
    answers.forEach(({ output }, index) => {
      const item = { type: "function_call_output", call_id: calls[index]?.callId, output };
      this.peer.send({ type: "conversation.item.create", item });
    });
    const asking = answers.findIndex(({ say }) => say !== "");
    if (asking >= 0) {
      this.reply({
        instructions: answers[asking]?.say,
        tool_choice: "none",
        metadata: { question: calls[asking]?.callId },
      });
    } else if (answers.some(({ silent }) => !silent)) this.reply({});
    if (answers.some(({ hangUp }) => hangUp)) this.endSoon();
  }

  /** Has the model reply: now, or as soon as it has ended what it is saying. */
  private reply(response: Reply): void {
    this.owed.push(response);
    if (!this.talk.isReplying) this.replyIfOwed();
  }

  /** The reply that is under way came before the one that was asked for: that comes after it. */
  private owe(response: Reply): void {
    this.owed.unshift(response);
    if (!this.talk.isReplying) this.replyIfOwed();
  }

  private replyIfOwed(): void {
    const response = this.owed.shift();
    if (response === undefined) return;
    this.asked = response;
    this.talk.asked();
    this.peer.send({ type: "response.create", response });
  }

  private endSoon(): void {
    this.farewell ??= window.setTimeout(() => this.finish("ended", "agent hung up"), FAREWELL_MS);
  }

  private replied(): void {
    const isFarewell = this.farewell !== undefined && this.owed.length === 0;
    if (isFarewell && !this.talk.isReplying) this.finish("ended", "agent hung up");
  }

  private stands(standing: Standing | undefined): void {
    if (standing === undefined) return this.fail("agent-lost");
    if (standing.over !== "") this.finish("ended", "time is over");
  }

  private hear(stream: MediaStream, track: MediaStreamTrack): void {
    if (this.over || this.audio) return;
    const audio = (this.audio = document.createElement("audio"));
    audio.autoplay = true;
    audio.srcObject = stream;
    this.listener.agentAudio(audio, track);
    audio.play().then(
      () => this.listener.audioBlocked(false),
      (error: unknown) => {
        if (error instanceof DOMException && error.name === "NotAllowedError") {
          this.unlessOver(() => this.listener.audioBlocked(true));
        }
      },
    );
  }

  private startFailed(error: unknown): void {
    const fault = this.microphone.faultOf(error);
    if (fault !== undefined) return this.fail(fault);
    if (error instanceof DirectRefused) return this.fail("token-refused", error);
    if (error instanceof OfferRefused && error.status === 401) return this.fail("token-refused");
    console.error(error);
    this.fail("server-unreachable");
  }

  private enter(phase: Phase): void {
    this.unlessOver(() => this.listener.phase(phase));
  }

  private unlessOver(act: () => void): void {
    if (!this.over) act();
  }

  private fail(fault: Fault, refusal?: DirectRefused): void {
    if (this.over) return;
    this.finish("failed", "connection lost");
    this.listener.fault(fault, refusal);
  }

  private finish(phase: "ended" | "failed", reason: EndReason): void {
    if (this.over) return;
    this.talk.end();
    this.over = true;
    window.clearTimeout(this.farewell);
    window.clearTimeout(this.timeOver);
    this.reports?.end(reason);
    this.peer.close();
    this.microphone.close();
    if (this.audio) {
      this.audio.srcObject = null;
      this.listener.agentAudioGone(this.audio);
    }
    this.listener.agentState(undefined);
    this.listener.phase(phase);
  }
}
