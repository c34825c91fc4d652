import { Api, type Operator, Refused } from "./api";
import { CallView } from "./call_view";
import { found } from "../dom";
import { words } from "./format";
import { ListView } from "./list_view";
import { Overview } from "./overview";

const page = document.body;
const alertLine = found("alert", HTMLParagraphElement);
const leaveButton = found("leave", HTMLButtonElement);
const tokenBox = found("token", HTMLInputElement);
const whoLine = found("who", HTMLParagraphElement);

const api = new Api();
const list = new ListView(api, showFault);
const call = new CallView(api, {
  changed: (changed) => {
    showAlert("");
    list.update(changed);
  },
  fault: showFault,
});
const overview = new Overview(api, showFault);
let operator: Operator | undefined;

/** Finds out who reads, and goes where the address says. */
async function start(): Promise<void> {
  showAlert("");
  try {
    operator = await api.operator();
  } catch (fault) {
    if (!(fault instanceof Refused && fault.status === 401)) page.dataset["view"] = "off";
    return showFault(fault);
  }
  const mayReadWords = operator.role !== "viewer";
  whoLine.textContent = `${operator.name}, ${words(operator.role)}`;
  leaveButton.hidden = !api.hasToken;
  for (const field of document.querySelectorAll<HTMLElement>("#filters .words")) field.hidden = !mayReadWords;
  void list.search().then(() => list.mark(callInAddress()));
  go();
}

/** Shows what the address says: `#/`, `#/overview` or `#/call/ID`. */
function go(): void {
  if (operator === undefined) return;
  const id = callInAddress();
  const view = id !== undefined ? "call" : location.hash === "#/overview" ? "overview" : "list";
  page.dataset["view"] = view;
  showAlert("");
  list.mark(id);
  for (const link of document.querySelectorAll("nav a")) {
    if (link.id === `to-${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (id === undefined) call.close();
  else {
    void call.open(id, operator.role !== "viewer");
    call.focus();
  }
  if (view === "overview") void overview.open();
}

function callInAddress(): string | undefined {
  const match = /^#\/call\/(.+)$/.exec(location.hash);
  try {
    return match?.[1] === undefined ? undefined : decodeURIComponent(match[1]);
  } catch {
    return undefined;
  }
}

function showFault(fault: unknown): void {
  if (fault instanceof Refused) {
    if (fault.status !== 401) return showAlert(fault.message);
    showAlert(api.hasToken ? fault.message : "");
    api.use("");
    return askForToken();
  }
  showAlert("The server cannot be reached. Check your connection and try again.");
  if (!(fault instanceof TypeError)) console.error(fault);
}

function askForToken(): void {
  operator = undefined;
  call.close();
  list.clear();
  page.dataset["view"] = "token";
  whoLine.textContent = "";
  leaveButton.hidden = true;
  tokenBox.focus();
}

function showAlert(message: string): void {
  alertLine.textContent = message;
  alertLine.hidden = message === "";
}

found("token-form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  api.use(tokenBox.value);
  tokenBox.value = "";
  void start();
});
leaveButton.addEventListener("click", () => {
  api.use("");
  askForToken();
  location.hash = "#/";
});
window.addEventListener("hashchange", go);
void start();
