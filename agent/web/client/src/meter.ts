/**
 * Reports how loud an audio track is, about thirty times a second, from 0 (silence) to 1.
 * Owns its audio context; `stop` releases it. The track stays the caller's.
 */
export class LevelMeter {
  private readonly context = new AudioContext();
  private readonly analyser = this.context.createAnalyser();
  private readonly timer: number;

  constructor(track: MediaStreamTrack, report: (level: number) => void) {
    this.analyser.fftSize = 1024;
    this.context.createMediaStreamSource(new MediaStream([track])).connect(this.analyser);
    const samples = new Float32Array(this.analyser.fftSize);
    this.timer = window.setInterval(() => {
      this.analyser.getFloatTimeDomainData(samples);
      report(loudness(samples));
    }, 33);
  }

  stop(): void {
    window.clearInterval(this.timer);
    void this.context.close();
  }
}

/** Maps -60 dBFS to 0 and -12 dBFS, which is loud speech, to 1. */
function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibels = 10 * Math.log10(sum / samples.length + 1e-12);
  return Math.min(1, Math.max(0, (decibels + 60) / 48));
}
