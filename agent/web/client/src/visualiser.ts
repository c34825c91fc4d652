import type { AgentState } from "./line";
import { Ear } from "./meter";

const BARS = 56;
const BANDS = BARS / 2;
const SIZE = 240;
const CORE = 62;
const RIM = 76;
const LONGEST = 36;

/** What the picture shows: the agent's voice, the caller's loudness, and that something is awaited. */
export interface Scene {
  readonly state: AgentState | undefined;
  /** Whether the call is being put through, or again. */
  readonly connecting: boolean;
  /** Of the caller, 0 to 1. */
  readonly callerLevel: number;
}

/**
 * Draws the agent: a disc with a wreath of bars that move with its voice. Who prefers no motion
 * sees the bars stand still, filled while the agent speaks.
 */
export class Visualiser {
  private readonly ears = new Map<MediaStreamTrack, Ear>();
  private readonly lengths = new Float32Array(BARS);
  private readonly still = matchMedia("(prefers-reduced-motion: reduce)");
  private frame: number | undefined;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly scene: () => Scene,
  ) {
    const scale = Math.min(2, devicePixelRatio || 1);
    canvas.width = canvas.height = SIZE * scale;
    canvas.getContext("2d")?.scale(scale, scale);
    const redraw = () => this.draw(0);
    for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"])
      matchMedia(query).addEventListener("change", redraw);
    this.draw(0);
  }

  hear(track: MediaStreamTrack): void {
    this.forget(track);
    this.ears.set(track, new Ear(track));
  }

  forget(track: MediaStreamTrack): void {
    this.ears.get(track)?.stop();
    this.ears.delete(track);
  }

  /** Lets the voices be seen that the browser kept silent until a click. */
  resume(): void {
    for (const ear of this.ears.values()) ear.resume();
  }

  /** Moves while a call goes on. */
  start(): void {
    if (this.frame !== undefined) return;
    const next = (now: number) => {
      this.draw(now);
      this.frame = requestAnimationFrame(next);
    };
    this.frame = requestAnimationFrame(next);
  }

  stop(): void {
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    this.frame = undefined;
    for (const track of [...this.ears.keys()]) this.forget(track);
    this.lengths.fill(0);
    this.draw(0);
  }

  private draw(now: number): void {
    const context = this.canvas.getContext("2d");
    if (!context) return;
    const scene = this.scene();
    const moves = !this.still.matches;
    context.clearRect(0, 0, SIZE, SIZE);
    context.save();
    context.translate(SIZE / 2, SIZE / 2);
    const waits = scene.connecting || scene.state === "thinking";
    this.measure(scene, moves);
    this.drawWreath(context, scene, waits && moves ? now / 1400 : undefined);
    this.drawCore(context, moves ? this.loudest() : 0);
    context.restore();
  }

  /** Lets the bars follow what is heard: up at once, down slowly. */
  private measure({ state, callerLevel }: Scene, moves: boolean): void {
    if (!moves) return void this.lengths.fill(state === "speaking" ? 0.5 : 0);
    const bands = new Array<number>(BANDS).fill(0);
    for (const ear of this.ears.values())
      ear.bands(BANDS).forEach((level, n) => (bands[n] = Math.max(bands[n] ?? 0, level)));
    const own = state === "listening" ? callerLevel * 0.3 : 0;
    for (let bar = 0; bar < BARS; bar++) {
      // Mirrored, so that the wreath has no seam.
      const level = Math.max(own, (bands[bar < BANDS ? bar : BARS - 1 - bar] ?? 0) ** 1.6);
      const before = this.lengths[bar] ?? 0;
      this.lengths[bar] = level > before ? level : before * 0.86 + level * 0.14;
    }
  }

  private loudest(): number {
    return Math.max(...this.lengths);
  }

  private drawWreath(context: CanvasRenderingContext2D, scene: Scene, turn?: number): void {
    context.strokeStyle = this.colour("--orb");
    context.lineWidth = 3.2;
    context.lineCap = "round";
    this.lengths.forEach((length, bar) => {
      const angle = ((bar + 0.5) / BARS) * 2 * Math.PI + Math.PI / 2;
      const place = bar / BARS;
      const chased = turn === undefined ? 0 : 1 - ((((turn - place) % 1) + 1) % 1);
      context.globalAlpha = Math.min(1, (scene.state ? 0.42 : 0.26) + length + chased ** 4 * 0.6);
      const from = RIM;
      const to = RIM + 1 + length * LONGEST;
      context.beginPath();
      context.moveTo(Math.cos(angle) * from, Math.sin(angle) * from);
      context.lineTo(Math.cos(angle) * to, Math.sin(angle) * to);
      context.stroke();
    });
    context.globalAlpha = 1;
  }

  private drawCore(context: CanvasRenderingContext2D, loud: number): void {
    const radius = CORE * (1 + loud * 0.06);
    const light = context.createRadialGradient(-radius * 0.4, -radius * 0.45, 0, 0, 0, radius);
    light.addColorStop(0, this.colour("--orb-light"));
    light.addColorStop(0.6, this.colour("--orb"));
    light.addColorStop(1, this.colour("--orb-deep"));
    context.fillStyle = light;
    context.beginPath();
    context.arc(0, 0, radius, 0, 2 * Math.PI);
    context.fill();
  }

  private colour(name: string): string {
    return getComputedStyle(this.canvas).getPropertyValue(name).trim() || "#5c7cfa";
  }
}
