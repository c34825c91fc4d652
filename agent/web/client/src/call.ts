import {
  ConnectionError,
  ConnectionErrorReason,
  ConnectionState,
  DisconnectReason,
  type LocalAudioTrack,
  MediaDeviceFailure,
  type Participant,
  type RemoteTrack,
  Room,
  RoomEvent,
  type TextStreamReader,
  Track,
  TrackEvent,
  createLocalAudioTrack,
} from "livekit-client";
import { type Caption, Captions, type Speaker } from "./captions";
import { type KeptCall, forgetCall, keepCall } from "./kept";
import {
  type CallOptions,
  type Credentials,
  TokenRefused,
  fetchCredentials,
  fetchReturn,
} from "./token";
import { type AgentState, type Ending, type Fault, type Phase, agentState } from "./words";

const TOKEN_TIMEOUT_MS = 10_000;
/** An agent that hangs up leaves and closes the room: the second follows the first within this. */
const FAREWELL_MS = 1_500;

/** What a call tells whoever shows it. */
export interface CallListener {
  phase(phase: Phase): void;
  /** The call is over for this reason; the phase is already `failed`. */
  fault(fault: Fault, detail?: string): void;
  /** The call is over for this reason; the phase is already `ended`. */
  ending(ending: Ending): void;
  agentState(state: AgentState | undefined): void;
  caption(caption: Caption): void;
  /** The caller's microphone is open; called again when it had to be opened anew. */
  microphone(track: MediaStreamTrack): void;
  /** Whether the agent hears the caller; a microphone that was unplugged counts as muted. */
  muted(muted: boolean): void;
  /** The agent can be heard through this element, which is the listener's to place and remove. */
  agentAudio(element: HTMLMediaElement, track: MediaStreamTrack): void;
  /** That element will play no more. */
  agentAudioGone(element: HTMLMediaElement): void;
  /** The browser plays no sound before the caller has pressed something: see `unlockAudio`. */
  audioBlocked(blocked: boolean): void;
}

class CallFault extends Error {
  constructor(
    readonly fault: Fault,
    readonly detail?: string,
  ) {
    super(fault);
  }
}

/** One call, from opening the microphone until it is over. Make a new one for the next call. */
export class Call {
  private readonly room = new Room({ disconnectOnPageLeave: false }); // see leavePage
  private readonly captions: Captions;
  private microphone: LocalAudioTrack | undefined;
  private patience: number | undefined;
  private resumeToken: string | undefined;
  /** What the agent says of why it hangs up. */
  private farewell: string | undefined;
  /** Whether the microphone is to be muted when it opens. */
  private mutedAtFirst = false;
  private over = false;
  private typed = 0;

  constructor(
    private readonly listener: CallListener,
    private readonly options: CallOptions,
    private readonly agentTimeoutS: number,
  ) {
    this.captions = new Captions((caption) => {
      if (!this.over) listener.caption(caption);
    });
  }

  /**
   * Opens the microphone and joins the room, or returns to a call that was kept. Never rejects:
   * faults go to the listener.
   */
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

  /** Sends typed text to the agent and shows it. Rejects when it cannot be sent. */
  async say(text: string): Promise<void> {
    await this.room.localParticipant.sendText(text, { topic: "lk.chat" });
    this.captions.add(`typed-${++this.typed}`, "caller", text);
  }

  async setMuted(muted: boolean): Promise<void> {
    if (!this.microphone) return this.listener.muted((this.mutedAtFirst = muted));
    await (muted ? this.microphone.mute() : this.microphone.unmute());
  }

  /** Lets the agent be heard; call it from a click. */
  async unlockAudio(): Promise<void> {
    await this.room.startAudio();
  }

  hangUp(): void {
    this.finish("ended");
  }

  /** Leaves the room with the page. What is kept brings the call back if the page was reloaded. */
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
    const microphone = await openMicrophone();
    if (this.over) return microphone.stop();
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
    const microphone = await openMicrophone();
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
      .on(TrackEvent.Unmuted, () => this.listener.muted(false));
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
    room.registerTextStreamHandler("lk.transcription", (reader, { identity }) => {
      void this.transcribe(reader, identity);
    });
    room
      .on(RoomEvent.ParticipantConnected, (participant) => this.observe(participant))
      .on(RoomEvent.ParticipantAttributesChanged, (_, participant) => this.observe(participant))
      .on(RoomEvent.ParticipantDisconnected, (participant) => {
        // A connection about to be made anew reports everybody as gone first, then itself as lost.
        if (!isAgent(participant)) return;
        window.setTimeout(() => this.endWithoutAgent("agent-lost"), FAREWELL_MS);
      })
      .on(RoomEvent.TrackSubscribed, (track) => this.hear(track))
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

  private async transcribe(reader: TextStreamReader, identity: string): Promise<void> {
    const attributes = reader.info.attributes ?? {};
    const speaker = this.speaker(identity, attributes["lk.transcribed_track_id"]);
    const line = this.captions.open(attributes["lk.segment_id"] ?? reader.info.id, speaker);
    const final = attributes["lk.transcription_final"] === "true";
    let text = "";
    try {
      for await (const chunk of reader) line.write((text += chunk), final);
      // The agent's speech comes in one stream, so its end is the end of the segment.
      line.write(text, final || speaker === "agent");
    } catch {
      // A stream cut off by a lost connection: what has come so far stays on show.
    }
  }

  private speaker(identity: string, trackId: string | undefined): Speaker {
    const caller = this.room.localParticipant;
    const spokenByCaller =
      identity === caller.identity ||
      (trackId !== undefined && caller.trackPublications.has(trackId));
    return spokenByCaller ? "caller" : "agent";
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

  private fail(fault: Fault, detail?: string): void {
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

async function openMicrophone(): Promise<LocalAudioTrack> {
  // Browsers hide the API on pages that came over plain http from another host.
  if (!navigator.mediaDevices) throw new CallFault("insecure-page");
  try {
    return await createLocalAudioTrack({
      autoGainControl: true,
      echoCancellation: true,
      noiseSuppression: true,
    });
  } catch (error) {
    switch (MediaDeviceFailure.getFailure(error)) {
      case MediaDeviceFailure.NotFound:
        throw new CallFault("no-microphone");
      case MediaDeviceFailure.PermissionDenied:
        throw new CallFault("microphone-refused");
      default:
        throw new CallFault("microphone-busy");
    }
  }
}

async function obtain<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await ask(AbortSignal.timeout(TOKEN_TIMEOUT_MS));
  } catch (error) {
    if (error instanceof TokenRefused) throw new CallFault("token-refused", error.message);
    throw new CallFault("server-unreachable");
  }
}

function connectionFault(error: unknown): CallFault {
  const refused =
    error instanceof ConnectionError && error.reason === ConnectionErrorReason.NotAllowed;
  return new CallFault(refused ? "token-refused" : "server-unreachable");
}
