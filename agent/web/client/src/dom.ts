type Content = Node | string | undefined | false;

/** A new element. Text goes in as text: whatever callers or models said is never markup. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...content: Content[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...content.filter((part) => part !== undefined && part !== false));
  return element;
}

/** The element of the page with this id. */
export function found<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`The page has no ${type.name} #${id}`);
  return element;
}

/** Terms and their descriptions, for a `dl`; those without a description are left out. */
export function facts(pairs: readonly (readonly [string, string])[]): HTMLElement[] {
  return pairs
    .filter(([, description]) => description !== "")
    .map(([term, description]) => make("div", "", make("dt", "", term), make("dd", "", description)));
}

/** A table with a head. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): HTMLTableElement {
  const cells = (row: readonly string[], tag: "td" | "th") => row.map((cell) => make(tag, "", cell));
  const titles = cells(head, "th");
  for (const title of titles) title.setAttribute("scope", "col");
  return make(
    "table",
    "",
    make("thead", "", make("tr", "", ...titles)),
    make("tbody", "", ...rows.map((row) => make("tr", "", ...cells(row, "td")))),
  );
}
