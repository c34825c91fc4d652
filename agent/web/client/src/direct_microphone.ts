import type { AudioChoices, CallListener, Fault } from "./line";

class InsecurePage extends Error {}

/** The caller's microphone in a direct call. */
export class DirectMicrophone {
  private track: MediaStreamTrack | undefined;
  private muted = false;

  constructor(
    private readonly listener: Pick<CallListener, "microphone" | "muted">,
    private sound: AudioChoices,
  ) {}

  /** Opens it; the browser may ask the caller. Rejects with what `faultOf` knows. */
  async open(): Promise<MediaStreamTrack> {
    // Browsers hide the API on pages that came over plain http from another host.
    if (!navigator.mediaDevices) throw new InsecurePage();
    const { microphone, speaker: _, ...wished } = this.sound;
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: {
        ...wished,
        ...(microphone && { deviceId: { ideal: microphone } }),
      },
    });
    const [track] = stream.getAudioTracks();
    if (!track) throw new DOMException("", "NotFoundError");
    this.take(track);
    return track;
  }

  /** Another one in its place. Rejects when it cannot be opened; then the old one stays. */
  async change(sound: AudioChoices): Promise<MediaStreamTrack> {
    const [before, track] = [this.sound, this.track];
    this.sound = sound;
    try {
      const opened = await this.open();
      track?.stop();
      return opened;
    } catch (error) {
      this.sound = before;
      throw error;
    }
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    if (this.track) this.track.enabled = !muted;
    this.listener.muted(muted);
  }

  close(): void {
    this.track?.stop();
  }

  /** Why it could not be opened; undefined for an error of something else. */
  faultOf(error: unknown): Fault | undefined {
    if (error instanceof InsecurePage) return "insecure-page";
    if (!(error instanceof DOMException)) return undefined;
    switch (error.name) {
      case "NotFoundError":
      case "OverconstrainedError":
        return "no-microphone";
      case "NotAllowedError":
      case "SecurityError":
        return "microphone-refused";
      case "NotReadableError":
        return "microphone-busy";
      default:
        return undefined;
    }
  }

  private take(track: MediaStreamTrack): void {
    this.track = track;
    track.enabled = !this.muted;
    // Unplugged: nothing is heard any more.
    track.addEventListener("ended", () => {
      if (track === this.track) this.listener.muted(true);
    });
    this.listener.microphone(track);
    this.listener.muted(this.muted);
  }
}
