import { setLogLevel } from "livekit-client";
import { CallScreen } from "./call_screen";
import { Choices } from "./choices";
import { found } from "./dom";
import { Keepsake } from "./keepsake";
import { type KeptCall, keptCall } from "./kept";
import { LANGUAGES, type Language, chooseLanguage, speak, wordsOf } from "./language";
import type { Line } from "./line";
import { knownModes, makeLine } from "./lines";
import { Notice } from "./notice";
import { type Offer, fetchOffer } from "./offer";
import { takePass } from "./pass";
import { type Preferences, keepPreferences, keptPreferences } from "./preferences";
import { RatingButtons } from "./rating";
import { SoundSettings } from "./sound_settings";
import { callOptions } from "./token";
import type { PageWord } from "./words";

setLogLevel("warn");

const page = document.body;
const connectButton = found("connect", HTMLButtonElement);
const connectLabel = found("connect-label", HTMLElement);
const messageBox = found("message", HTMLInputElement);
const dialog = found("settings", HTMLDialogElement);
const languageSelect = found("choose-lang", HTMLSelectElement);

/** The page: what was chosen on it, and the call that is made from it. */
class Page {
  preferences: Preferences = keptPreferences();
  language: Language = chooseLanguage(location.search, this.preferences.lang, navigator.languages);
  private line: Line | undefined;
  private hasCalled = false;
  private readonly choices = new Choices(fromAddress(), (choice) => this.change(choice));
  private readonly notice = new Notice(found("alert", HTMLElement));
  private readonly screen = new CallScreen(this);
  private readonly sound = new SoundSettings(this);
  private readonly keepsake = new Keepsake(
    () => this.words,
    () => this.say("copyFailed"),
  );
  private readonly rating = new RatingButtons(
    () => this.line,
    () => this.say("ratingFailed"),
  );

  get words() {
    return wordsOf(this.language);
  }

  get announces(): boolean {
    return this.preferences.announce;
  }

  title(persona: string): string {
    return this.choices.title(persona);
  }

  tell(telling: Parameters<Notice["tell"]>[0]): void {
    this.notice.tell(telling, this.words, this.language);
  }

  complain(fault: keyof typeof this.words.faults): void {
    this.tell((words) => ({ text: words.faults[fault] }));
  }

  say(word: PageWord): void {
    this.tell((words) => ({ text: words.page[word] }));
  }

  showLevel(level: number): void {
    for (const meter of document.querySelectorAll<HTMLElement>(".meter")) {
      meter.style.setProperty("--level", level.toFixed(2));
      meter.setAttribute("aria-valuenow", String(Math.round(level * 100)));
    }
  }

  /** Takes something chosen, and keeps it for the next visit. */
  change(choice: Partial<Preferences>): void {
    const before = this.preferences;
    this.preferences = { ...before, ...choice };
    keepPreferences(this.preferences);
    const isInCall = this.isInCall;
    this.line?.useAudio?.(this.preferences).catch(() => {
      if (!isInCall) return;
      this.preferences = before;
      keepPreferences(before);
      void this.sound.show();
      this.say("soundFailed");
    });
  }

  take(offer: Offer): void {
    this.choices.take({ ...offer, modes: knownModes(offer.modes) });
    this.choices.show(this.language, this.preferences);
  }

  speak(language: Language): void {
    this.language = language;
    speak(page, language);
    languageSelect.value = language;
    connectLabel.textContent = this.words.page[this.hasCalled ? "startAgain" : "start"];
    this.screen.relabel();
    this.notice.retell(this.words, language);
    this.choices.show(language, this.preferences);
    void this.sound.show();
  }

  start(kept?: KeptCall): void {
    this.sound.stopTest();
    dialog.close();
    this.notice.clear();
    this.keepsake.withdraw();
    // Apart from those of this page, which counts its lines anew.
    const earlier = kept?.captions.map((caption) => ({ ...caption, id: `kept-${caption.id}` }));
    this.screen.begin(earlier ?? []);
    const { halfDuplex } = this.preferences;
    const options = { ...this.choices.options, ...(halfDuplex && { half_duplex: true }) };
    const patienceS = Number(page.dataset["agentTimeoutS"]);
    const mode = kept ? "room" : this.choices.mode; // none of another kind is kept
    this.line = makeLine(mode, this.screen, options, patienceS, this.preferences);
    this.rating.reset(this.line);
    void this.line.start(kept);
    found("hangup", HTMLButtonElement).focus();
  }

  closed(): void {
    this.hasCalled = true;
    connectLabel.textContent = this.words.page.startAgain;
    this.keepsake.offer(this.screen.conversation.transcript);
    connectButton.focus();
  }

  hangUp(): void {
    this.line?.hangUp();
  }

  unlock(): void {
    void this.line?.unlockAudio();
  }

  mute(): void {
    const muted = page.dataset["muted"] !== "true";
    this.line?.setMuted(muted).catch(() => this.say("muteFailed"));
  }

  send(): void {
    const text = messageBox.value.trim();
    if (text === "" || !this.line) return;
    this.notice.clear();
    this.line.say(text).then(
      () => (messageBox.value = ""),
      () => this.say("messageFailed"),
    );
  }

  leave(): void {
    this.line?.leavePage(this.screen.conversation.transcript.said);
  }

  openSettings(): void {
    found("test-microphone", HTMLButtonElement).hidden = this.isInCall;
    found("next-call", HTMLElement).hidden =
      document.querySelector("#next-call .field:not([hidden])") === null;
    void this.sound.show();
    dialog.showModal();
  }

  closeSettings(): void {
    this.sound.stopTest();
  }

  private get isInCall(): boolean {
    return !["idle", "ended", "failed"].includes(this.screen.phaseNow);
  }
}

/** What a link to this page has chosen. */
function fromAddress(): Readonly<Record<string, string>> {
  const mode = new URLSearchParams(location.search).get("mode");
  return { ...callOptions(location.search), ...(mode !== null && { mode }) };
}

takePass();
const parley = new Page();
for (const [tag, name] of Object.entries(LANGUAGES)) {
  const option = new Option(name, tag);
  option.lang = tag;
  languageSelect.append(option);
}
parley.speak(parley.language);
void fetchOffer().then((offer) => parley.take(offer));

const onClick = (id: string, act: () => void) =>
  found(id, HTMLButtonElement).addEventListener("click", act);
onClick("connect", () => parley.start());
onClick("hangup", () => parley.hangUp());
onClick("unlock", () => parley.unlock());
onClick("mute", () => parley.mute());
onClick("open-settings", () => parley.openSettings());
onClick("close-settings", () => dialog.close());
dialog.addEventListener("close", () => parley.closeSettings());
languageSelect.addEventListener("change", () => {
  const lang = languageSelect.value as Language;
  parley.change({ lang });
  parley.speak(lang);
});
found("composer", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  parley.send();
});
window.addEventListener("hashchange", takePass);
window.addEventListener("pagehide", () => parley.leave());
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload(); // brought back as it was left: without its connection
});

const kept = keptCall();
if (kept) parley.start(kept);
