import type { CallSummary } from "./api";

/** A duration such as 1:05 or 1:00:05. */
export function clock(seconds: number): string {
  const whole = Math.max(Math.floor(seconds), 0);
  const two = (part: number) => String(part).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** US dollars: cents, and of less than a dollar so many places that something is seen. */
export function dollars(usd: number): string {
  return `$${usd.toFixed(usd !== 0 && Math.abs(usd) < 1 ? 4 : 2)}`;
}

/** A time as people say it: below a second in milliseconds. */
export function duration(seconds: number): string {
  return seconds > 0 && seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${Number(seconds.toFixed(2))} s`;
}

/** How long a call lasted, or has lasted so far. */
export function lasted(call: CallSummary): string {
  return clock((Date.parse(call.ended_at ?? call.heartbeat_at) - Date.parse(call.started_at)) / 1000);
}

/** Whom to call whoever called. */
export function callerOf(call: CallSummary): string {
  return call.caller_number ?? call.caller_identity ?? "nobody joined";
}

/** How a call stands, in words. */
export function stateOf(call: CallSummary): string {
  if (call.state === "open") return "going on";
  return call.state === "lost" ? "lost" : words(call.close_reason ?? "ended");
}

/** A name of a program's as words. */
export function words(name: string): string {
  return name.replaceAll("_", " ");
}
