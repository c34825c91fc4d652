import { type LocalAudioTrack, MediaDeviceFailure, createLocalAudioTrack } from "livekit-client";
import { CallFault } from "./fault";
import type { AudioChoices } from "./line";

/** What a browser is asked for: the chosen microphone and no other, or any. */
export function captureOptions(audio: AudioChoices) {
  const { autoGainControl, echoCancellation, microphone, noiseSuppression } = audio;
  // Without a device the library would ask for no processing either when it opens one anew.
  const deviceId = microphone ? { exact: microphone } : { ideal: "default" };
  return { autoGainControl, deviceId, echoCancellation, noiseSuppression };
}

/** The caller's microphone, for which the browser may ask leave. Where the chosen one is not
 * plugged in any more it is the default. Rejects with a CallFault. */
export async function openMicrophone(audio: AudioChoices): Promise<LocalAudioTrack> {
  // Browsers hide the API on pages that came over plain http from another host.
  if (!navigator.mediaDevices) throw new CallFault("insecure-page");
  try {
    return await createLocalAudioTrack(captureOptions(audio));
  } catch (error) {
    if (audio.microphone && error instanceof Error && error.name === "OverconstrainedError")
      return openMicrophone({ ...audio, microphone: "" });
    switch (MediaDeviceFailure.getFailure(error)) {
      case MediaDeviceFailure.NotFound:
        throw new CallFault("no-microphone");
      case MediaDeviceFailure.PermissionDenied:
        throw new CallFault("microphone-refused");
      default:
        throw new CallFault("microphone-busy");
    }
  }
}
