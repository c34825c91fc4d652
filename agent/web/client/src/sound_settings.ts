import type { LocalAudioTrack } from "livekit-client";
import { CAN_CHOOSE_SPEAKER, listDevices, watchDevices } from "./devices";
import { found, make } from "./dom";
import { CallFault } from "./fault";
import type { AudioChoices, Fault } from "./line";
import { LevelMeter } from "./meter";
import { openMicrophone } from "./microphone";
import { harmless } from "./plain";
import type { Preferences } from "./preferences";
import type { Words } from "./words";

const SWITCHES = [
  ["echo", "echoCancellation"],
  ["noise", "noiseSuppression"],
  ["gain", "autoGainControl"],
  ["half-duplex", "halfDuplex"],
  ["announce", "announce"],
] as const;

/** What the settings need of the page around them. */
export interface SoundHost {
  readonly preferences: Preferences;
  readonly words: Words;
  change(choice: Partial<Preferences>): void;
  showLevel(level: number): void;
  complain(fault: Fault): void;
}

/** The microphone and speaker to use, a test of the microphone, and what is done to the sound. */
export class SoundSettings {
  private readonly microphones = found("choose-microphone", HTMLSelectElement);
  private readonly speakers = found("choose-speaker", HTMLSelectElement);
  private readonly testButton = found("test-microphone", HTMLButtonElement);
  private tests = 0;
  private test: { track: LocalAudioTrack; meter: LevelMeter } | undefined;
  /** Which test goes on; 0 for none. */
  private testing = 0;

  constructor(private readonly host: SoundHost) {
    this.microphones.addEventListener("change", () =>
      this.choose({ microphone: this.microphones.value }),
    );
    this.speakers.addEventListener("change", () => this.choose({ speaker: this.speakers.value }));
    for (const [id, name] of SWITCHES) {
      const box = found(`switch-${id}`, HTMLInputElement);
      box.addEventListener("change", () => this.choose({ [name]: box.checked }));
    }
    this.testButton.addEventListener("click", () => {
      if (this.testing) this.stopTest();
      else void this.startTest();
    });
    watchDevices(() => void this.show());
  }

  /** Shows what there is and what is chosen. */
  async show(): Promise<void> {
    const { preferences, words } = this.host;
    for (const [id, name] of SWITCHES)
      found(`switch-${id}`, HTMLInputElement).checked = preferences[name];
    this.testButton.textContent = this.testing ? words.page.stopTest : words.page.testMicrophone;
    await Promise.all([
      fill(this.microphones, "audioinput", preferences.microphone, words),
      fill(this.speakers, "audiooutput", preferences.speaker, words),
    ]);
    const field = this.speakers.closest<HTMLElement>(".field");
    if (field) field.hidden = !CAN_CHOOSE_SPEAKER;
  }

  stopTest(): void {
    this.testing = 0;
    this.test?.meter.stop();
    this.test?.track.stop();
    this.test = undefined;
    this.host.showLevel(0);
    this.testButton.textContent = this.host.words.page.testMicrophone;
  }

  private choose(choice: Partial<Preferences>): void {
    this.host.change(choice);
    if (this.testing) void this.startTest();
  }

  private async startTest(): Promise<void> {
    this.stopTest();
    const number = (this.testing = ++this.tests);
    this.testButton.textContent = this.host.words.page.stopTest;
    try {
      const track = await openMicrophone(this.host.preferences satisfies AudioChoices);
      if (this.testing !== number) return track.stop();
      const meter = new LevelMeter(track.mediaStreamTrack, (level) => this.host.showLevel(level));
      this.test = { track, meter };
      await this.show(); // now with the devices' names
    } catch (error) {
      this.stopTest();
      this.host.complain(error instanceof CallFault ? error.fault : "microphone-busy");
    }
  }
}

async function fill(
  select: HTMLSelectElement,
  kind: "audioinput" | "audiooutput",
  chosen: string,
  { page }: Words,
): Promise<void> {
  const devices = await listDevices(kind);
  const options = [
    make("option", "", page.defaultDevice),
    ...devices.map(({ id, label }) => {
      const option = make("option", "", harmless(label, 80) || page.unnamedDevice);
      option.value = id;
      return option;
    }),
  ];
  if (options[0]) options[0].value = "";
  select.replaceChildren(...options);
  select.value = devices.some(({ id }) => id === chosen) ? chosen : "";
}
