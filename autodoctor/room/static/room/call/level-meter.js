// @ts-check
/** Measures the level of a microphone ten times a second, from 0 to 1. */

const EVERY_MS = 100;
const REFUSALS = 30; // three seconds after somebody has touched the page: this machine plays and measures no sound
const SAMPLES = 2048;
const QUIETEST_DECIBEL = -60;

export class LevelMeter {
  #audio = new AudioContext();
  #analyser = new AnalyserNode(this.#audio, { fftSize: SAMPLES });
  #samples = new Float32Array(SAMPLES);
  #ticking;
  #refusals = 0;

  /**
   * @param {MediaStream} stream
   * @param {(level: number) => void} tell
   * @param {() => void} cannot  nothing can be told: some browsers measure nothing where nothing plays
   */
  constructor(stream, tell, cannot) {
    this.#audio.createMediaStreamSource(stream).connect(this.#analyser);
    this.#ticking = setInterval(() => (this.listens ? tell(this.#level()) : this.#wake(cannot)), EVERY_MS);
  }

  get listens() {
    return this.#audio.state === "running";
  }

  /** Browsers hold sound back until somebody has touched the page. @param {() => void} cannot */
  #wake(cannot) {
    this.#audio.resume().catch(() => undefined); // during a phone call: it is asked again
    if (navigator.userActivation?.hasBeenActive && ++this.#refusals === REFUSALS) cannot();
  }

  stop() {
    clearInterval(this.#ticking);
    if (this.#audio.state !== "closed") this.#audio.close();
  }

  #level() {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const power = this.#samples.reduce((sum, sample) => sum + sample * sample, 0) / SAMPLES;
    return Math.min(1, Math.max(0, 1 - (10 * Math.log10(power + 1e-12)) / QUIETEST_DECIBEL));
  }
}
