import type { Api } from "./api";
import { found } from "../dom";

/** The audio of a call, which is fetched when somebody wants to hear it: that is noted. */
export class Player {
  private readonly audio = found("player", HTMLAudioElement);
  private readonly button = found("listen", HTMLButtonElement);
  private id = "";

  /** `onReady` is called once moments can be jumped to. */
  constructor(
    private readonly api: Api,
    private readonly onReady: () => void,
    private readonly onFault: (fault: unknown) => void,
  ) {
    this.button.addEventListener("click", () => void this.load());
  }

  /** There is audio of this call, or there is none. */
  offer(id: string, exists: boolean): void {
    this.id = id;
    this.button.hidden = !exists;
  }

  get isReady(): boolean {
    return !this.audio.hidden;
  }

  /** Plays from a moment of the call. */
  jump(atS: number): void {
    this.audio.currentTime = Math.max(atS, 0);
    void this.audio.play().catch(() => undefined);
  }

  clear(): void {
    this.audio.pause();
    URL.revokeObjectURL(this.audio.src);
    this.audio.removeAttribute("src");
    this.audio.hidden = this.button.hidden = true;
  }

  private async load(): Promise<void> {
    const id = this.id;
    this.button.disabled = true;
    try {
      const sound = await this.api.audio(id);
      if (id !== this.id) return; // another call has been opened meanwhile
      URL.revokeObjectURL(this.audio.src);
      this.audio.src = URL.createObjectURL(sound);
      this.audio.hidden = false;
      this.audio.focus();
      this.onReady();
    } catch (fault) {
      this.onFault(fault);
    } finally {
      this.button.disabled = false;
    }
  }
}
