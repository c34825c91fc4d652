import type { Api, CallSummary } from "./api";
import { found, make } from "../dom";
import { callerOf, lasted, stateOf, words } from "./format";

const REFRESH_MS = 5_000;
/** Each search by one of these is noted in the audit log, so it is not repeated by itself. */
const NOTED = ["text", "caller"];

/** Search, filters and the calls they find. New calls come in by themselves. */
export class ListView {
  private readonly form = found("filters", HTMLFormElement);
  private readonly list = found("calls", HTMLOListElement);
  private readonly status = found("list-status", HTMLParagraphElement);
  private readonly more = found("more", HTMLButtonElement);
  private cursor: string | null = null;
  private filters: Record<string, string> = {};
  private readonly shown = new Map<string, string>();
  /** Whether the last search has been answered. */
  private answered = false;
  private asking = new AbortController();

  constructor(
    private readonly api: Api,
    private readonly onFault: (fault: unknown) => void,
  ) {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.search();
    });
    this.more.addEventListener("click", () => void this.load());
    setInterval(() => void this.refresh(), REFRESH_MS);
  }

  /** Shows what the filters find, from the beginning. */
  async search(): Promise<void> {
    this.clear();
    this.filters = filtersOf(this.form);
    await this.load();
  }

  /** Shows nothing until the next search. */
  clear(): void {
    this.asking.abort();
    this.list.replaceChildren();
    this.shown.clear();
    this.answered = false;
    this.cursor = null;
    this.more.hidden = true;
    this.status.textContent = "";
  }

  /** Marks the call that is looked at. */
  mark(id: string | undefined): void {
    for (const link of this.list.querySelectorAll("a")) {
      if (link.dataset["call"] === id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  /** Shows how a call stands that is in the list. */
  update(call: CallSummary): void {
    const line = JSON.stringify(lineOf(call).map((part) => part.textContent));
    if (!this.shown.has(call.id) || this.shown.get(call.id) === line) return;
    this.shown.set(call.id, line);
    this.linkOf(call.id)?.replaceChildren(...lineOf(call));
  }

  private async load(): Promise<void> {
    this.asking.abort();
    const asking = (this.asking = new AbortController());
    this.status.textContent = "Searching…";
    this.more.hidden = true;
    const last = this.list.lastElementChild;
    try {
      const cursor: Record<string, string> = this.cursor === null ? {} : { cursor: this.cursor };
      const page = await this.api.calls({ ...this.filters, ...cursor }, asking.signal);
      this.list.append(...page.calls.map((call) => this.rowOf(call)));
      this.answered = true;
      this.cursor = page.cursor;
      this.more.hidden = page.cursor === null;
      this.status.textContent = this.summary();
      if (last) (last.nextElementSibling?.querySelector("a") ?? this.more).focus();
    } catch (fault) {
      if (asking.signal.aborted) return; // another search has begun
      this.status.textContent = "";
      this.onFault(fault);
    }
  }

  /** Brings the first page up to date. What is there stays where it is. */
  private async refresh(): Promise<void> {
    const asking = this.asking;
    if (!this.answered || document.hidden) return;
    if (NOTED.some((name) => name in this.filters)) return;
    try {
      const { calls } = await this.api.calls(this.filters, asking.signal);
      const fresh = calls.filter((call) => !this.shown.has(call.id));
      for (const call of calls) this.update(call);
      this.list.prepend(...fresh.map((call) => this.rowOf(call)));
      if (fresh.length > 0) this.status.textContent = this.summary();
    } catch {
      // Whoever asks for something is told; this is tried again by itself.
    }
  }

  private rowOf(call: CallSummary): HTMLLIElement {
    const link = make("a", "", ...lineOf(call));
    link.href = `#/call/${encodeURIComponent(call.id)}`;
    link.dataset["call"] = call.id;
    this.shown.set(call.id, JSON.stringify(lineOf(call).map((part) => part.textContent)));
    return make("li", "", link);
  }

  private linkOf(id: string): HTMLAnchorElement | undefined {
    return [...this.list.querySelectorAll("a")].find((link) => link.dataset["call"] === id);
  }

  private summary(): string {
    const count = this.list.childElementCount;
    if (this.cursor !== null) return `${count} calls so far, the latest first; there may be more.`;
    return count === 1 ? "1 call." : `${count} calls${count > 1 ? ", the latest first" : ""}.`;
  }
}

/** The form's fields as the server takes them; days are those of this browser's clock. */
function filtersOf(form: HTMLFormElement): Record<string, string> {
  const filters: Record<string, string> = {};
  for (const [name, value] of new FormData(form)) {
    if (typeof value !== "string" || value.trim() === "") continue;
    if (name === "since") filters["since"] = midnight(value, 0);
    else if (name === "until") filters["before"] = midnight(value, 1);
    else filters[name] = value.trim();
  }
  return filters;
}

function midnight(day: string, later: number): string {
  const moment = new Date(`${day}T00:00`);
  moment.setDate(moment.getDate() + later);
  return moment.toISOString();
}

function lineOf(call: CallSummary): HTMLElement[] {
  const state = make("span", "state", stateOf(call));
  state.dataset["state"] = call.state;
  return [
    make("span", "caller", callerOf(call)),
    state,
    make(
      "span",
      "soft",
      [new Date(call.started_at).toLocaleString(), lasted(call), call.persona ?? "", words(call.pipeline ?? "")]
        .filter(Boolean)
        .join(" · "),
    ),
  ];
}
