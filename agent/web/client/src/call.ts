import {
  ConnectionState,
  DisconnectReason,
  type LocalAudioTrack,
  type Participant,
  type RemoteTrack,
  Room,
  RoomEvent,
  Track,
  TrackEvent,
} from "livekit-client";
import type { Caption } from "./captions";
import { TOPIC, readEvent } from "./events";
import { CallFault, connectionFault, obtain } from "./fault";
import { type KeptCall, forgetCall, keepCall } from "./kept";
import {
  type AudioChoices,
  type CallListener,
  type Ending,
  type Fault,
  type Line,
  type Phase,
  type Rating,
  type Refusal,
  agentState,
} from "./line";
import { captureOptions, openMicrophone } from "./microphone";
import { type CallOptions, type Credentials, fetchCredentials, fetchReturn } from "./token";
import { Transcription } from "./transcription";

export type { CallListener } from "./line";

/** An agent that hangs up leaves and closes the room: the second follows the first within this. */
const FAREWELL_MS = 1_500;
/** What of the choices is the microphone's, which has to be opened anew for it. */
const SOUND = [
  "microphone",
  "echoCancellation",
  "noiseSuppression",
  "autoGainControl",
] as const satisfies readonly (keyof AudioChoices)[];

/** A call through a LiveKit room. */
export class Call implements Line {
  private readonly room: Room;
  private readonly transcription: Transcription;
  private microphone: LocalAudioTrack | undefined;
  private patience: number | undefined;
  private resumeToken: string | undefined;
  /** What the agent says of why it hangs up. */
  private farewell: string | undefined;
  /** Whether the microphone is to be muted when it opens. */
  private mutedAtFirst = false;
  private over = false;

  constructor(
    private readonly listener: CallListener,
    private readonly options: CallOptions,
    private readonly agentTimeoutS: number,
    private audio: AudioChoices,
  ) {
    this.room = new Room({
      disconnectOnPageLeave: false, // see leavePage
      ...(audio.speaker && { audioOutput: { deviceId: audio.speaker } }),
    });
    this.transcription = new Transcription(this.room, (caption) => {
      if (!this.over) listener.caption(caption);
    });
  }

  async start(kept?: KeptCall): Promise<void> {
    try {
      await (kept ? this.comeBack(kept) : this.begin());
    } catch (error) {
      if (error instanceof CallFault) this.fail(error.fault, error.detail);
      else {
        console.error(error);
        this.fail("connection-lost");
      }
    }
  }

  async say(text: string): Promise<void> {
    await this.room.localParticipant.sendText(text, { topic: "lk.chat" });
    this.transcription.addTyped(text);
  }

  async setMuted(muted: boolean): Promise<void> {
    if (!this.microphone) return this.listener.muted((this.mutedAtFirst = muted));
    await (muted ? this.microphone.mute() : this.microphone.unmute());
  }

  async unlockAudio(): Promise<void> {
    await this.room.startAudio();
  }

  async useAudio(audio: AudioChoices): Promise<void> {
    const before = this.audio;
    this.audio = audio;
    try {
      if (audio.speaker !== before.speaker)
        await this.room.switchActiveDevice("audiooutput", audio.speaker || "default");
      if (SOUND.some((name) => audio[name] !== before[name]))
        await this.microphone?.restartTrack(captureOptions(audio));
    } catch (error) {
      this.audio = before;
      // The library had closed the old one first.
      await this.microphone?.restartTrack(captureOptions(before)).catch(() => undefined);
      throw error;
    }
  }

  async rate(rating: Rating): Promise<void> {
    const agent = [...this.room.remoteParticipants.values()].find(isAgent);
    if (!agent) throw new Error("Nobody is there who could hear it.");
    await this.room.localParticipant.performRpc({
      destinationIdentity: agent.identity,
      method: "parley.feedback",
      payload: JSON.stringify({ rating }),
    });
  }

  hangUp(): void {
    this.finish("ended");
  }

  leavePage(captions: readonly Caption[]): void {
    if (this.over) return;
    this.over = true;
    this.keep(captions);
    void this.room.disconnect();
  }

  private keep(captions: readonly Caption[]): void {
    if (this.resumeToken === undefined) return;
    const muted = this.microphone?.isMuted ?? this.mutedAtFirst;
    keepCall({ resumeToken: this.resumeToken, muted, captions });
  }

  private async begin(): Promise<void> {
    this.listener.phase("connecting");
    const microphone = await openMicrophone(this.audio);
    if (this.over) return microphone.stop();
    // What is said from now on is sent to the agent once it is there.
    microphone.startPreConnectBuffer();
    this.take(microphone);
    const credentials = await obtain((signal) => fetchCredentials(this.options, signal));
    if (this.over) return;
    await this.join(credentials, []);
    await this.publish(microphone);
  }

  private async comeBack({ resumeToken, muted, captions }: KeptCall): Promise<void> {
    this.listener.phase("returning");
    this.listener.muted((this.mutedAtFirst = muted));
    const credentials = await obtain((signal) => fetchReturn(resumeToken, signal));
    if (this.over) return;
    if (credentials === undefined) return this.finish("ended");
    // Before the microphone, about which the browser may ask: the agent waits for so long only.
    await this.join(credentials, captions);
    if (this.over) return;
    const microphone = await openMicrophone(this.audio);
    if (this.over) return microphone.stop();
    if (this.mutedAtFirst) await microphone.mute();
    this.take(microphone);
    await this.publish(microphone);
  }

  private take(microphone: LocalAudioTrack): void {
    const show = () => this.listener.microphone(microphone.mediaStreamTrack);
    microphone
      .on(TrackEvent.Restarted, show)
      .on(TrackEvent.Muted, () => this.listener.muted(true))
      .on(TrackEvent.Unmuted, () => this.listener.muted(false))
      // The library goes on with the default one, or mutes where there is none.
      .on(TrackEvent.Ended, () => {
        if (!this.over) this.listener.microphoneLost();
      });
    this.microphone = microphone;
    this.listener.muted(microphone.isMuted);
    show();
  }

  private async join(credentials: Credentials, captions: readonly Caption[]): Promise<void> {
    this.subscribe(this.room);
    try {
      await this.room.connect(credentials.serverUrl, credentials.token);
    } catch (error) {
      throw connectionFault(error);
    }
    if (this.over) return;
    this.resumeToken = credentials.resumeToken;
    this.keep(captions);
    // Only now: a connection that never stood is reported by its own error.
    this.room.on(RoomEvent.Disconnected, (reason) => this.disconnected(reason));
    this.enter("waiting");
    this.patience = window.setTimeout(() => this.fail("no-agent"), this.agentTimeoutS * 1000);
    for (const participant of this.room.remoteParticipants.values()) this.observe(participant);
  }

  private async publish(microphone: LocalAudioTrack): Promise<void> {
    if (this.over) return;
    await this.room.localParticipant.publishTrack(microphone, { source: Track.Source.Microphone });
  }

  private subscribe(room: Room): void {
    this.transcription.listen();
    room
      .on(RoomEvent.ParticipantConnected, (participant) => this.observe(participant))
      .on(RoomEvent.ParticipantAttributesChanged, (_, participant) => this.observe(participant))
      .on(RoomEvent.ParticipantDisconnected, (participant) => {
        // A connection about to be made anew reports everybody as gone first, then itself as lost.
        if (!isAgent(participant)) return;
        window.setTimeout(() => this.endWithoutAgent("agent-lost"), FAREWELL_MS);
      })
      .on(RoomEvent.TrackSubscribed, (track) => this.hear(track))
      .on(RoomEvent.DataReceived, (payload, participant, _, topic) => {
        if (topic !== TOPIC || this.over || !participant || !isAgent(participant)) return;
        const event = readEvent(payload);
        if (event) this.listener.event(event);
      })
      .on(RoomEvent.AudioPlaybackStatusChanged, () =>
        this.listener.audioBlocked(!room.canPlaybackAudio),
      )
      .on(RoomEvent.Reconnecting, () => this.enter("reconnecting"))
      .on(RoomEvent.SignalReconnecting, () => this.enter("reconnecting"))
      .on(RoomEvent.Reconnected, () => this.reconnected());
  }

  /** Takes note of a participant's state, if it is the agent. */
  private observe(participant: Participant): void {
    if (this.over || !isAgent(participant)) return;
    this.farewell = participant.attributes["parley.ending"];
    const state = agentState(participant.attributes["lk.agent.state"]);
    this.listener.agentState(state);
    if (this.patience === undefined || state === undefined || state === "initializing") return;
    window.clearTimeout(this.patience);
    this.patience = undefined;
    this.enter("live");
  }

  private hear(track: RemoteTrack): void {
    if (this.over || track.kind !== Track.Kind.Audio) return;
    track.on(TrackEvent.ElementDetached, (element) => this.listener.agentAudioGone(element));
    this.listener.agentAudio(track.attach(), track.mediaStreamTrack);
  }

  private reconnected(): void {
    this.enter(this.patience === undefined ? "live" : "waiting");
    this.endWithoutAgent("connection-lost"); // it was for too long: the agent has gone meanwhile
  }

  /** Ends a call whose agent was there and is no more; one still awaited has its own time limit. */
  private endWithoutAgent(fault: Fault): void {
    if (this.patience !== undefined || this.room.state !== ConnectionState.Connected) return;
    if ([...this.room.remoteParticipants.values()].some(isAgent)) return;
    // An agent that hangs up closes the room, or at least has said why it goes.
    if (this.farewell === undefined) this.fail(fault);
    else this.hungUp();
  }

  /** The agent, or whoever runs the server, has ended the call. */
  private hungUp(): void {
    if (this.farewell === "fault") return this.fail("agent-failed");
    this.finish("ended", this.farewell === "idle" ? "idle" : undefined);
  }

  /** Goes on to another phase, unless the call is over: its last words stand. */
  private enter(phase: Phase): void {
    if (!this.over) this.listener.phase(phase);
  }

  private disconnected(reason: DisconnectReason | undefined): void {
    switch (reason) {
      case DisconnectReason.CLIENT_INITIATED:
        return this.finish("ended");
      case DisconnectReason.DUPLICATE_IDENTITY:
        return this.finish("ended", "elsewhere");
      case DisconnectReason.PARTICIPANT_REMOVED:
      case DisconnectReason.ROOM_CLOSED:
      case DisconnectReason.ROOM_DELETED:
        return this.hungUp();
      default:
        return this.fail("connection-lost");
    }
  }

  private fail(fault: Fault, detail?: string | Refusal): void {
    if (this.over) return;
    this.finish("failed");
    this.listener.fault(fault, detail);
  }

  private finish(phase: "ended" | "failed", ending?: Ending): void {
    if (this.over) return;
    this.over = true;
    forgetCall();
    window.clearTimeout(this.patience);
    this.microphone?.stop();
    void this.room.disconnect();
    this.listener.agentState(undefined);
    this.listener.phase(phase);
    if (ending) this.listener.ending(ending);
  }
}

/** True for the agent itself, not for a helper, such as an avatar, that speaks in its name. */
function isAgent(participant: Participant): boolean {
  return participant.isAgent && !participant.attributes["lk.publish_on_behalf"];
}
