/** What a page tells our server of its call: in order, a little at a time, and now and then. */
import { type EndReason, type Reported, type Standing, report } from "./direct_api";

const GATHER_MS = 150;
/** A server that hears nothing for four times as long ends the call. */
const STILL_HERE_MS = 15_000;
const MOST_AT_ONCE = 50;
/** Characters; browsers let 64 KiB outlive a page, and a character may take three bytes. */
const MOST_LEAVING = 20_000;
/** What is not told by then is not told any more. */
const MOST_WAITING = 500;

export class Reports {
  private waiting: Reported[] = [];
  private sending: Promise<void> = Promise.resolve();
  private gathering: number | undefined;
  private readonly beat: number;
  private over = false;

  constructor(
    private readonly token: string,
    /** Told after each report; undefined when the server does not know the call any more. */
    private readonly stands: (standing: Standing | undefined) => void,
  ) {
    this.beat = window.setInterval(() => void this.flush(), STILL_HERE_MS);
  }

  add(event: Reported): void {
    if (this.over) return;
    this.waiting.push(event);
    if (this.waiting.length > MOST_WAITING) this.waiting.shift();
    this.gathering ??= window.setTimeout(() => void this.flush(), GATHER_MS);
  }

  /** Tells all that has happened until now, and is over once the server knows. Never rejects. */
  flush(): Promise<void> {
    window.clearTimeout(this.gathering);
    this.gathering = undefined;
    return (this.sending = this.sending.then(() => this.send()));
  }

  /** Tells the end, and nothing after it. */
  end(reason: EndReason): void {
    if (this.over) return;
    this.over = true;
    window.clearInterval(this.beat);
    window.clearTimeout(this.gathering);
    const last: Reported = { kind: "ended", reason };
    const events = [...this.waiting.slice(1 - MOST_AT_ONCE), last];
    while (events.length > 1 && JSON.stringify(events).length > MOST_LEAVING) events.shift();
    void report(this.token, events, true).catch(() => undefined);
  }

  private async send(): Promise<void> {
    if (this.over) return;
    const events = this.waiting.splice(0, MOST_AT_ONCE);
    try {
      const standing = await report(this.token, events);
      if (!this.over) this.stands(standing);
    } catch {
      this.waiting.unshift(...events); // our server is away: told when it is back
    }
  }
}
