import { found } from "./dom";
import type { CostChanged } from "./events.gen";
import { clock } from "./transcript";
import type { Words } from "./words";

/** How long a call has gone on, and what it costs where that is told. */
export class CallFacts {
  private readonly time = found("time", HTMLTimeElement);
  private readonly cost = found("cost", HTMLElement);
  private timer: number | undefined;
  private startedAt = 0;

  /** The caller and the agent are together. */
  start(): void {
    if (this.timer !== undefined) return;
    this.startedAt = performance.now();
    this.timer = window.setInterval(() => this.showTime(), 500);
    this.showTime();
  }

  stop(): void {
    window.clearInterval(this.timer);
    this.timer = undefined;
  }

  reset(): void {
    this.stop();
    this.time.textContent = "0:00";
    this.cost.hidden = true;
  }

  spent(event: CostChanged, words: Words, language: string): void {
    const [spent, rate] = [event.spent_usd, event.rate_usd_per_minute].map(Number);
    if (spent === undefined || rate === undefined || !Number.isFinite(spent + rate)) return;
    const usd = new Intl.NumberFormat(language, {
      style: "currency",
      currency: "USD",
      minimumFractionDigits: 2,
      maximumFractionDigits: 4,
    });
    this.cost.textContent = `${usd.format(spent)} · ${words.perMinute(usd.format(rate))}`;
    this.cost.hidden = false;
  }

  private showTime(): void {
    const elapsed = performance.now() - this.startedAt;
    this.time.textContent = clock(elapsed);
    this.time.dateTime = `PT${Math.floor(elapsed / 1000)}S`;
  }
}
