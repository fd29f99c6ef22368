// @ts-check
/**
 * <sound-picture>: a spectrogram that runs from right to left, low tones below, and a clip to keep. It shows the shape
 * of a knock or a whine.
 */

const FFT_SIZE = 2048;
const TOP_HZ = 8_000; // above it an engine has little to tell
const CLIP_MS = 15_000;
const FLOOR_DB = { minDecibels: -90, maxDecibels: -20 };
const FORMATS = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg"];

export class SoundPicture extends HTMLElement {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {MediaStream | null} */
  #stream = null;
  #shown = new AbortController();
  #frame = 0;
  /** @type {MediaRecorder | null} */
  #recorder = null;

  /** @param {MediaStreamTrack} track */
  show(track) {
    this.stop();
    this.hidden = false;
    this.#stream = new MediaStream([track]);
    this.#context = new AudioContext();
    this.#shown = new AbortController();
    this.#wake(this.#context);
    const listener = new AnalyserNode(this.#context, { fftSize: FFT_SIZE, smoothingTimeConstant: 0.3, ...FLOOR_DB });
    this.#context.createMediaStreamSource(this.#stream).connect(listener);
    const bins = new Uint8Array(Math.ceil((TOP_HZ / (this.#context.sampleRate / 2)) * listener.frequencyBinCount));
    const step = () => {
      listener.getByteFrequencyData(bins);
      this.#draw(bins);
      this.#frame = requestAnimationFrame(step);
    };
    step();
  }

  /**
   * A sound stands still on a page that nobody has touched yet, and while a phone call interrupts it.
   * @param {AudioContext} context
   */
  #wake(context) {
    const { signal } = this.#shown;
    const wake = () => context.state === "running" || context.resume().catch(() => undefined);
    context.addEventListener("statechange", wake, { signal });
    addEventListener("pointerdown", wake, { signal });
  }

  stop() {
    this.hidden = true;
    cancelAnimationFrame(this.#frame);
    if (this.#recorder?.state === "recording") this.#recorder.stop();
    this.#shown.abort();
    this.#context?.close();
    this.#context = this.#stream = null;
  }

  get isKeeping() {
    return this.#recorder?.state === "recording";
  }

  /** The next fifteen seconds, or less when it is stopped before. @param {string} name @returns {Promise<File>} */
  keep(name) {
    const format = FORMATS.find((each) => MediaRecorder.isTypeSupported(each)) ?? "";
    const recorder = new MediaRecorder(/** @type {MediaStream} */ (this.#stream), {
      mimeType: format,
      audioBitsPerSecond: 128_000,
    });
    this.#recorder = recorder;
    recorder.start();
    const timer = setTimeout(() => recorder.stop(), CLIP_MS);
    return new Promise((resolve) => {
      recorder.ondataavailable = ({ data }) => {
        clearTimeout(timer);
        const type = recorder.mimeType.split(";")[0];
        resolve(new File([data], `${name}.${type === "audio/mp4" ? "m4a" : type.slice("audio/".length)}`, { type }));
      };
    });
  }

  /** One column more. @param {Uint8Array} bins */
  #draw(bins) {
    const canvas = /** @type {HTMLCanvasElement} */ (this.querySelector("canvas"));
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const { width, height } = canvas;
    pen.drawImage(canvas, -1, 0);
    for (let y = 0; y < height; y += 1) {
      const loudness = bins[Math.floor(((height - 1 - y) / height) * bins.length)] / 255;
      pen.fillStyle = `hsl(${20 + 30 * loudness} 100% ${Math.round(5 + 75 * loudness ** 1.4)}%)`;
      pen.fillRect(width - 1, y, 1, 1);
    }
  }
}
