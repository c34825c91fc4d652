import { found } from "./dom";
import type { Line, Rating } from "./line";

/** The two thumbs by which a caller says what they think of the call. */
export class RatingButtons {
  private readonly group = found("rating", HTMLElement);
  private readonly thanks = found("rating-thanks", HTMLElement);
  private readonly buttons: Readonly<Record<Rating, HTMLButtonElement>> = {
    up: found("thumb-up", HTMLButtonElement),
    down: found("thumb-down", HTMLButtonElement),
  };

  constructor(
    private readonly line: () => Line | undefined,
    private readonly complain: () => void,
  ) {
    for (const rating of ["up", "down"] as const)
      this.buttons[rating].addEventListener("click", () => void this.send(rating));
  }

  /** For a new call, of which nothing was said yet. */
  reset(line: Line): void {
    this.group.hidden = line.rate === undefined;
    this.thanks.hidden = true;
    this.press(undefined);
  }

  private async send(rating: Rating): Promise<void> {
    try {
      await this.line()?.rate?.(rating);
      this.press(rating);
      this.thanks.hidden = false;
    } catch {
      this.complain();
    }
  }

  private press(rating: Rating | undefined): void {
    for (const [name, button] of Object.entries(this.buttons))
      button.setAttribute("aria-pressed", String(name === rating));
  }
}
