// @ts-check
/** What the other side of a call sends, on this stage: picture and sound, and the sound of an engine to be seen as well. */
import { chosen } from "room/call/devices";

const QUIET = 0.15; // of the volume: less than what an open microphone needs for a howl
const TOUCHES = ["pointerup", "keydown"]; // by which browsers know that a person is there, who may be played sound
const PAUSED_AGAIN_MS = 2_000; // then it is not the page that should play on by itself

export class RemoteMedia {
  #stage;
  #marks;
  #stream = new MediaStream();
  #pausedAt = -Infinity;
  #needsTap = false;

  /**
   * @param {HTMLElement} stage
   * @param {import("room/call/stage-marks").StageMarks} marks
   */
  constructor(stage, marks) {
    this.#stage = stage;
    this.#marks = marks;
    this.video?.addEventListener("pause", () => this.#paused());
    for (const touch of TOUCHES) addEventListener(touch, ({ target }) => this.#touched(/** @type {Node} */ (target)));
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

  /** Before this page was touched or its own devices are open, the browser may play no sound: a tap is asked for. */
  play() {
    const { video } = this;
    if (!video.srcObject) return;
    video.play().then(
      () => this.#askForTap(false),
      (error) => error.name === "NotAllowedError" && this.#askForTap(true),
    );
  }

  /** The browser may allow by now what it refused. */
  playAgain() {
    if (this.#needsTap) this.play();
  }

  /** The button for it waits for its click: it does more than play, and nothing may lie in its place by then. @param {Node} target */
  #touched(target) {
    if (!(target instanceof Element && target.closest("[data-act=rejoin]"))) this.playAgain();
  }

  /** @param {boolean} isNeeded */
  #askForTap(isNeeded) {
    this.#needsTap = isNeeded;
    this.#marks.askForTap({ sound: isNeeded });
  }

  /** A call that came in, or another app, has paused it: play on, or ask for a tap if it is paused once more. */
  #paused() {
    if (!this.#stream.active) return;
    const isAgain = performance.now() - this.#pausedAt < PAUSED_AGAIN_MS;
    this.#pausedAt = performance.now();
    if (isAgain) this.#askForTap(true);
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
    this.#askForTap(false);
    for (const track of this.#stream.getTracks()) this.#stream.removeTrack(track);
    this.spectrogram?.stop();
  }
}
