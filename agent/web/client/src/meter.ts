/** Hears a track. Owns its audio context; `stop` releases it. The track stays the caller's. */
export class Ear {
  private readonly context = new AudioContext();
  private readonly analyser = this.context.createAnalyser();
  private readonly samples: Float32Array<ArrayBuffer>;
  private readonly spectrum: Uint8Array<ArrayBuffer>;

  constructor(track: MediaStreamTrack) {
    this.analyser.fftSize = 1024;
    this.analyser.smoothingTimeConstant = 0.7;
    this.samples = new Float32Array(this.analyser.fftSize);
    this.spectrum = new Uint8Array(this.analyser.frequencyBinCount);
    this.context.createMediaStreamSource(new MediaStream([track])).connect(this.analyser);
  }

  /** How loud it is, from 0 (silence) to 1. */
  get level(): number {
    this.analyser.getFloatTimeDomainData(this.samples);
    return loudness(this.samples);
  }

  /** How loud it is in this many bands between 100 Hz and 5 kHz, from low to high, 0 to 1 each. */
  bands(many: number): number[] {
    this.analyser.getByteFrequencyData(this.spectrum);
    return bandsOf(this.spectrum, this.context.sampleRate / this.analyser.fftSize, many);
  }

  /** Goes on where the browser let nothing be heard before a click. */
  resume(): void {
    void this.context.resume();
  }

  stop(): void {
    void this.context.close();
  }
}

/** Reports how loud a track is, about thirty times a second, until it is stopped. */
export class LevelMeter {
  private readonly ear: Ear;
  private readonly timer: number;

  constructor(track: MediaStreamTrack, report: (level: number) => void) {
    this.ear = new Ear(track);
    this.timer = window.setInterval(() => report(this.ear.level), 33);
  }

  stop(): void {
    window.clearInterval(this.timer);
    this.ear.stop();
  }
}

/** Maps -60 dBFS to 0 and -12 dBFS, which is loud speech, to 1. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibels = 10 * Math.log10(sum / samples.length + 1e-12);
  return Math.min(1, Math.max(0, (decibels + 60) / 48));
}

/** Bands of equal width on the scale of pitch out of a spectrum whose bins are `binHz` apart. */
export function bandsOf(spectrum: Uint8Array, binHz: number, many: number): number[] {
  const edge = (n: number) => Math.round((100 * 50 ** (n / many)) / binHz);
  return Array.from({ length: many }, (_, n) => {
    const from = Math.max(1, edge(n));
    const bins = spectrum.subarray(from, Math.max(from + 1, edge(n + 1)));
    return bins.length === 0 ? 0 : Math.max(...bins) / 255;
  });
}
