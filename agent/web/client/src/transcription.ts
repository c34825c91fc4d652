import type { Room, TextStreamReader } from "livekit-client";
import { type Caption, Captions, type Speaker } from "./captions";
import { Growing } from "./plain";

/** The captions of a room: what is heard of both sides, by the text streams `lk.transcription`. The
 * older transcription events of LiveKit would say the same again, and are left alone. */
export class Transcription {
  private readonly captions: Captions;
  private typed = 0;

  constructor(
    private readonly room: Room,
    show: (caption: Caption) => void,
  ) {
    this.captions = new Captions(show);
  }

  listen(): void {
    this.room.registerTextStreamHandler("lk.transcription", (reader, { identity }) => {
      void this.read(reader, identity);
    });
  }

  /** What the caller typed. */
  addTyped(text: string): void {
    this.captions.add(`typed-${++this.typed}`, "caller", text);
  }

  private async read(reader: TextStreamReader, identity: string): Promise<void> {
    const attributes = reader.info.attributes ?? {};
    const speaker = this.speaker(identity, attributes["lk.transcribed_track_id"]);
    const line = this.captions.open(attributes["lk.segment_id"] ?? reader.info.id, speaker);
    const final = attributes["lk.transcription_final"] === "true";
    const text = new Growing();
    try {
      for await (const chunk of reader) line.write(text.add(chunk), final);
      // The agent's speech comes in one stream, so its end is the end of the segment.
      line.write(text.add(""), final || speaker === "agent");
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
}
