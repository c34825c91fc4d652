/** A microphone or a speaker. Browsers name them once the page has been allowed to listen. */
export interface Device {
  readonly id: string;
  readonly label: string;
}

/** Whether this browser lets a page choose where its sound comes out. */
export const CAN_CHOOSE_SPEAKER = "setSinkId" in HTMLMediaElement.prototype;

/** The devices there are, without the default, which is always there. */
export async function listDevices(kind: "audioinput" | "audiooutput"): Promise<Device[]> {
  const all = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  return all
    .filter((device) => device.kind === kind && !ALIASES.includes(device.deviceId))
    .map((device) => ({ id: device.deviceId, label: device.label }));
}

/** Chromium's names for devices that it lists under their own too; "" is one not yet allowed. */
const ALIASES = ["", "default", "communications"];

/** Tells when something was plugged in or out. */
export function watchDevices(changed: () => void): void {
  navigator.mediaDevices?.addEventListener("devicechange", changed);
}
