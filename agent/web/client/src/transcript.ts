import type { Caption } from "./captions";

const MOST_LINES = 5_000;
const LAST_CUE_MS = 4_000;

/** How speakers are named in a file. */
export type Names = Readonly<Record<Caption["speaker"], string>>;

type Line = Caption & { readonly at: number };

/** What was said in a call, to keep. */
export class Transcript {
  private readonly lines = new Map<string, Line>();

  note(caption: Caption): void {
    const at = this.lines.get(caption.id)?.at ?? caption.at ?? Date.now();
    this.lines.set(caption.id, { ...caption, at });
    if (this.lines.size > MOST_LINES) this.lines.delete(this.lines.keys().next().value ?? "");
  }

  /** The lines so far. What the agent was saying counts as said; a guess at what the caller was
   * saying does not. */
  get said(): Line[] {
    return [...this.lines.values()]
      .filter((line) => line.final || line.speaker === "agent")
      .map((line) => ({ ...line, final: true }));
  }

  /** One line for each, with the time since the first. */
  asText(names: Names): string {
    const said = this.said;
    const start = said[0]?.at ?? 0;
    const lines = said.map(
      ({ at, speaker, text }) => `[${clock(at - start)}] ${names[speaker]}: ${text}\n`,
    );
    return lines.join("");
  }

  /** WebVTT, whose cues end where the next begins. */
  asVtt(names: Names): string {
    const said = this.said;
    const start = said[0]?.at ?? 0;
    const cues = said.map(({ at, speaker, text }, n) => {
      const end = Math.max(at + 500, said[n + 1]?.at ?? at + LAST_CUE_MS);
      const times = `${cueTime(at - start)} --> ${cueTime(end - start)}`;
      return `${times}\n<v ${cueText(names[speaker])}>${cueText(text)}\n`;
    });
    return ["WEBVTT\n", ...cues].join("\n");
  }
}

/** Minutes and seconds, and hours where there are any. */
export function clock(ms: number): string {
  const [hours, minutes, seconds] = parts(ms);
  const pad = (n: number) => String(n).padStart(2, "0");
  return hours ? `${hours}:${pad(minutes)}:${pad(seconds)}` : `${minutes}:${pad(seconds)}`;
}

function cueTime(ms: number): string {
  const [hours, minutes, seconds] = parts(ms);
  const [h, m, s] = [hours, minutes, seconds].map((n) => String(n).padStart(2, "0"));
  return `${h}:${m}:${s}.${String(Math.floor(Math.max(0, ms) % 1000)).padStart(3, "0")}`;
}

function parts(ms: number): [number, number, number] {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
}

/** Text that is no markup to a reader of WebVTT, and does not end its cue. */
function cueText(text: string): string {
  return text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/\s*\n\s*/g, " ");
}
