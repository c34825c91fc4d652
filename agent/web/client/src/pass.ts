/** What lets a caller in, out of a link such as `https://…/#pass=…`. */

const KEY = "parley.pass";
let pass = "";

/** The pass in an address's fragment, or an empty text. */
export function passIn(fragment: string): string {
  return new URLSearchParams(fragment.replace(/^#/, "")).get("pass") ?? "";
}

/**
 * Takes the pass out of the page's address, where it would be copied and seen, and keeps it for
 * this tab alone. Servers never see a fragment, so it is in no log.
 */
export function takePass(): void {
  const given = passIn(location.hash);
  if (given !== "") history.replaceState(history.state, "", location.pathname + location.search);
  try {
    if (given !== "") sessionStorage.setItem(KEY, given);
    pass = sessionStorage.getItem(KEY) ?? "";
  } catch {
    pass = given; // storage is full or forbidden: until the page is reloaded
  }
}

/** The header with which requests to this page's server prove who asks. */
export function bearer(): Record<string, string> {
  // Others than these a browser would not send at all.
  return /^[\x21-\x7e]+$/.test(pass) ? { Authorization: `Bearer ${pass}` } : {};
}
