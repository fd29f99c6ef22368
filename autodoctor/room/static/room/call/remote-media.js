// @ts-check
/** What the other side of a call sends, on this stage: picture and sound, and the sound of an engine to be seen as well. */
import { chosen } from "room/call/devices";

const QUIET = 0.15; // of the volume: less than what an open microphone needs for a howl
const PAUSED_AGAIN_MS = 2_000; // then it is not the page that should play on by itself

export class RemoteMedia {
  #stage;
  #marks;
  #stream = new MediaStream();
  #pausedAt = -Infinity;

  /**
   * @param {HTMLElement} stage
   * @param {import("room/call/stage-marks").StageMarks} marks
   */
  constructor(stage, marks) {
    this.#stage = stage;
    this.#marks = marks;
    this.video?.addEventListener("pause", () => this.#paused());
  }

  get video() {
    return /** @type {HTMLVideoElement} */ (this.#stage.querySelector("video[data-remote]"));
  }

  get spectrogram() {
    return this.#stage.querySelector("sound-picture");
  }

  /**
   * @param {MediaStreamTrack} track
   * @param {boolean} isEngine  its sound is that of an engine
   */
  show(track, isEngine) {
    for (const old of this.#stream.getTracks()) if (old.kind === track.kind) this.#stream.removeTrack(old);
    this.#stream.addTrack(track);
    this.video.srcObject = this.#stream;
    this.speakBy(chosen("speaker"));
    this.play();
    if (track.kind === "audio" && isEngine) this.spectrogram?.show(track);
  }

  /** Without a tap on this page the browser may play no sound: one is asked for. */
  play() {
    const { video } = this;
    if (!video.srcObject) return;
    video.play().then(
      () => this.#marks.askForTap({ sound: false }),
      (error) => error.name === "NotAllowedError" && this.#marks.askForTap({ sound: true }),
    );
  }

  /** A call that came in, or another app, has paused it: play on, or ask for a tap if it is paused once more. */
  #paused() {
    if (!this.#stream.active) return;
    const isAgain = performance.now() - this.#pausedAt < PAUSED_AGAIN_MS;
    this.#pausedAt = performance.now();
    if (isAgain) this.#marks.askForTap({ sound: true });
    else this.play();
  }

  /** Where the browser lets a page choose. @param {string} speaker  its id; empty: the system's */
  async speakBy(speaker) {
    await this.video.setSinkId?.(speaker).catch(() => undefined); // it is gone: the system's, then
  }

  /** Be quiet while an open microphone beside this speaker takes the sound as it is. @param {boolean} isQuiet */
  hush(isQuiet) {
    const { video } = this;
    video.volume = isQuiet ? QUIET : 1;
    video.muted = isQuiet && video.volume !== QUIET; // phones whose volume only the keys change
  }

  /** The sound is that of an engine now, or of a voice again. @param {boolean} isEngine */
  showEngine(isEngine) {
    const [track] = this.#stream.getAudioTracks();
    if (isEngine && track) this.spectrogram?.show(track);
    else this.spectrogram?.stop();
    this.#marks.engine(isEngine);
  }

  clear() {
    for (const track of this.#stream.getTracks()) this.#stream.removeTrack(track);
    this.spectrogram?.stop();
  }
}
