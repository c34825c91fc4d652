import { type Api, type CallRecord, type Entry, Refused } from "./api";
import { facts, found, make } from "../dom";
import { callerOf, clock, dollars, duration, lasted, stateOf } from "./format";
import { Player } from "./player";
import { type Item, type Part, bill, timeline } from "./timeline";

const POLL_MS = 1_000;
/** A call that was taken for lost may come back. */
const POLL_LOST_MS = 10_000;

/** What a call tells whoever shows the rest of the page. */
export interface CallViewListener {
  changed(call: CallRecord): void;
  fault(fault: unknown): void;
}

/** One call as a timeline, which goes on as long as the call does. */
export class CallView {
  private readonly section = found("call-view", HTMLElement);
  private readonly title = found("call-title", HTMLHeadingElement);
  private readonly factList = found("facts", HTMLDListElement);
  private readonly actions = found("actions", HTMLDivElement);
  private readonly list = found("timeline", HTMLOListElement);
  private readonly player: Player;
  private readonly entries = new Map<number, Entry>();
  private readonly rows = new Map<number, { row: HTMLLIElement; shown: string }>();
  private following = new AbortController();
  private id = "";

  constructor(
    private readonly api: Api,
    private readonly listener: CallViewListener,
  ) {
    const onReady = () => {
      for (const time of this.list.querySelectorAll<HTMLButtonElement>(".time")) time.disabled = false;
    };
    this.player = new Player(api, onReady, (fault) => listener.fault(fault));
    for (const button of this.actions.querySelectorAll<HTMLButtonElement>(".export")) {
      button.addEventListener("click", () => void this.export(button.dataset["format"] ?? "json"));
    }
  }

  /** Shows a call and follows it until another one is opened, or `close`. */
  async open(id: string, mayReadWords: boolean): Promise<void> {
    this.close();
    const following = (this.following = new AbortController());
    this.id = id;
    this.actions.hidden = !mayReadWords;
    let after = 0;
    while (!following.signal.aborted) {
      let pauseMs = POLL_MS;
      try {
        if (!document.hidden) {
          const call = await this.api.call(id, after, following.signal);
          after = call.after;
          this.show(call);
          if (call.state === "closed") return;
          if (call.state === "lost") pauseMs = POLL_LOST_MS;
        }
      } catch (fault) {
        if (following.signal.aborted) return;
        const isRefused = fault instanceof Refused && fault.status < 500;
        if (isRefused) this.close(); // it may have been erased
        this.listener.fault(fault);
        if (isRefused) return;
        pauseMs = POLL_LOST_MS;
      }
      await pause(pauseMs, following.signal);
    }
  }

  close(): void {
    this.following.abort();
    this.entries.clear();
    this.rows.clear();
    this.list.replaceChildren();
    this.factList.replaceChildren();
    this.title.textContent = "";
    this.player.clear();
  }

  focus(): void {
    this.section.focus();
  }

  private show(call: CallRecord): void {
    for (const entry of call.entries) this.entries.set(entry.seq, entry);
    const all = [...this.entries.values()].sort((a, b) => a.seq - b.seq);
    const { usd, unpriced, models } = bill(all);
    this.section.dataset["state"] = call.state;
    this.title.textContent = callerOf(call);
    this.factList.replaceChildren(
      ...facts([
        ["Began", new Date(call.started_at).toLocaleString()],
        ["Lasted", lasted(call)],
        ["State", stateOf(call)],
        ["Persona", call.persona ?? ""],
        ["Pipeline", call.pipeline ?? ""],
        ["Cost", dollars(usd)],
        ["Of which", [...models].map(([model, of]) => `${model} ${dollars(of)}`).join(", ")],
        ["Without a price", unpriced.join(", ")],
        ["Id", call.id],
      ]),
    );
    this.player.offer(call.id, call.audio);
    this.draw(timeline(all, call.started_at));
    this.listener.changed(call);
  }

  /** Brings the list to these items; rows that stay as they are stay in place, so that what somebody
   * reads or has selected does not vanish. */
  private draw(items: readonly Item[]): void {
    const longestS = Math.max(1, ...items.flatMap((item) => item.parts.map((part) => part.s)));
    const wanted = new Set(items.map((item) => item.seq));
    for (const [seq, { row }] of this.rows) {
      if (wanted.has(seq)) continue;
      row.remove();
      this.rows.delete(seq);
    }
    items.forEach((item, index) => {
      const shown = JSON.stringify([item, longestS]);
      let row = this.rows.get(item.seq)?.row;
      if (row === undefined || this.rows.get(item.seq)?.shown !== shown) {
        const fresh = this.rowOf(item, longestS);
        row?.replaceWith(fresh);
        row = fresh;
        this.rows.set(item.seq, { row, shown });
      }
      if (this.list.children[index] !== row) this.list.insertBefore(row, this.list.children[index] ?? null);
    });
  }

  private rowOf(item: Item, longestS: number): HTMLLIElement {
    const time = make("button", "time", clock(item.atS));
    time.type = "button";
    time.disabled = !this.player.isReady;
    time.setAttribute("aria-label", `Listen from ${clock(item.atS)}`);
    time.addEventListener("click", () => this.player.jump(item.atS));
    const row = make(
      "li",
      "",
      make("p", "head", time, make("span", "who", item.who)),
      make(
        "p",
        "said",
        item.text,
        item.interrupted && make("span", "mark", item.text ? " — interrupted " : "interrupted before it was heard: "),
        item.unheard !== "" && make("span", "unheard", item.unheard),
      ),
      item.parts.length > 0 && barsOf(item.parts, longestS),
    );
    row.dataset["side"] = item.side;
    return row;
  }

  private async export(format: string): Promise<void> {
    try {
      const address = URL.createObjectURL(await this.api.export(this.id, format));
      const link = make("a", "");
      link.href = address;
      link.download = `${this.id}.${format}`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
    } catch (fault) {
      this.listener.fault(fault);
    }
  }
}

/** A bar for each part, all of a call on one scale. They overlap in time and do not add up. */
function barsOf(parts: readonly Part[], longestS: number): HTMLUListElement {
  return make(
    "ul",
    "bars",
    ...parts.map((part) => {
      const bar = make("span", "bar");
      bar.style.setProperty("--share", String(Math.min(part.s / longestS, 1)));
      bar.setAttribute("aria-hidden", "true");
      return make("li", "", make("span", "", `${part.name} ${duration(part.s)}`), bar);
    }),
  );
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
