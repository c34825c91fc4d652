import { found } from "./dom";
import type { Names, Transcript } from "./transcript";
import type { Words } from "./words";

const COPIED_MS = 2_500;

/** The transcript of the call before, to copy or to save. */
export class Keepsake {
  private readonly section = found("keepsake", HTMLElement);
  private readonly copyLabel = found("copy-label", HTMLElement);
  private transcript: Transcript | undefined;

  constructor(
    private readonly words: () => Words,
    private readonly complain: () => void,
  ) {
    found("copy-transcript", HTMLButtonElement).addEventListener("click", () => void this.copy());
    found("save-text", HTMLButtonElement).addEventListener("click", () =>
      this.save("txt", "text/plain", (transcript) => transcript.asText(this.names)),
    );
    found("save-subtitles", HTMLButtonElement).addEventListener("click", () =>
      this.save("vtt", "text/vtt", (transcript) => transcript.asVtt(this.names)),
    );
  }

  offer(transcript: Transcript): void {
    this.transcript = transcript;
    this.section.hidden = transcript.said.length === 0;
  }

  withdraw(): void {
    this.transcript = undefined;
    this.section.hidden = true;
  }

  private get names(): Names {
    const { page } = this.words();
    return { caller: page.you, agent: page.assistant };
  }

  private async copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.transcript?.asText(this.names) ?? "");
      this.copyLabel.textContent = this.words().page.copied;
      window.setTimeout(() => (this.copyLabel.textContent = this.words().page.copy), COPIED_MS);
    } catch {
      this.complain();
    }
  }

  private save(ending: string, type: string, form: (transcript: Transcript) => string): void {
    if (!this.transcript) return;
    const began = new Date(this.transcript.said[0]?.at ?? Date.now());
    const stamp = began.toISOString().slice(0, 16).replace(/[:T]/g, "-");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([form(this.transcript)], { type: `${type};charset=utf-8` }));
    link.download = `call-${stamp}.${ending}`;
    link.click();
    window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}
