// @ts-check
/**
 * Tests camera and microphone: opens them, sees whether a picture comes and a voice is heard, and gives them back. It
 * knows no words; `tell` says what has become of each.
 */
import { close, openAll } from "room/call/devices";
import { LevelMeter } from "room/call/level-meter";

/**
 * @typedef {import("room/call/devices").Kind} Kind
 *
 * @typedef {object} Finding
 * @property {"checking"|"passed"|"failed"} state
 * @property {string} [reason]  of a failure
 * @property {"green"|"amber"} [level]  how well a microphone is heard
 */

const HEARD_LEVEL = 0.2;
const SILENT_AFTER_MS = 8_000;
const FIRST_PICTURE_MS = 8_000;

export class DeviceTest {
  /** @type {Partial<Record<Kind, MediaStream>>} */
  #streams = {};
  #video;
  #tell;
  #showLevel;
  #isHeard = false;
  /** @type {LevelMeter | undefined} */
  #meter;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silence;

  /**
   * @param {HTMLVideoElement} video
   * @param {(kind: Kind, finding: Finding) => void} tell
   * @param {(level: number) => void} showLevel  how loud it is at the microphone, 0 to 1
   */
  constructor(video, tell, showLevel) {
    this.#video = video;
    this.#tell = tell;
    this.#showLevel = showLevel;
  }

  /**
   * @param {Kind[]} kinds
   * @param {"user"|"environment"} facing
   * @param {AbortSignal} signal  nobody waits for them any more
   */
  async open(kinds, facing, signal) {
    for (const kind of kinds) this.letGo(kind);
    for (const kind of kinds) this.#tell(kind, { state: "checking" });
    const opened = await openAll(kinds, facing);
    for (const kind of kinds) {
      const { stream, reason } = opened[kind];
      if (signal.aborted) close(stream);
      else if (reason) this.#tell(kind, { state: "failed", reason });
      else if (stream) this.#use(kind, stream);
    }
  }

  /** The id of the device under test. @param {Kind} kind */
  used(kind) {
    return this.#streams[kind]?.getTracks()[0]?.getSettings().deviceId;
  }

  /** So that the call or another program can have it. @param {Kind} kind */
  letGo(kind) {
    close(this.#streams[kind]);
    delete this.#streams[kind];
    if (kind === "camera") this.#video.srcObject = null;
    else this.#stopListening();
  }

  /**
   * @param {Kind} kind
   * @param {MediaStream} stream
   */
  #use(kind, stream) {
    this.letGo(kind);
    this.#streams[kind] = stream;
    const [track] = stream.getTracks();
    track.onended = () => this.#streams[kind] === stream && this.#miss(kind);
    if (kind === "camera") this.#show(stream);
    else this.#listen(stream);
  }

  /** It was pulled out. @param {Kind} kind */
  #miss(kind) {
    if (kind === "microphone") this.#stopListening(); // what is not there is not silent
    this.#tell(kind, { state: "failed", reason: "missing" });
  }

  /** @param {MediaStream} stream */
  async #show(stream) {
    const video = this.#video;
    video.srcObject = stream;
    video.toggleAttribute("data-mirrored", stream.getVideoTracks()[0].getSettings().facingMode !== "environment");
    const late = setTimeout(() => {
      if (this.#streams.camera === stream) this.#tell("camera", { state: "failed", reason: "busy" });
    }, FIRST_PICTURE_MS);
    video.onplaying = () => {
      clearTimeout(late);
      this.#tell("camera", { state: "passed" });
    };
    await video.play().catch(() => {}); // put away meanwhile
  }

  /** @param {MediaStream} stream */
  #listen(stream) {
    const hear = (/** @type {number} */ level) => {
      this.#showLevel(level);
      if (level > HEARD_LEVEL && !this.#isHeard) this.#hear("green");
      this.#silence ??= setTimeout(() => this.#hearNothing(), SILENT_AFTER_MS);
    };
    // Nobody is kept out because the level cannot be shown: it is open, and the other side will hear.
    this.#meter = new LevelMeter(stream, hear, () => this.#hear("amber"));
  }

  /** @param {"green" | "amber"} level */
  #hear(level) {
    this.#isHeard = true;
    this.#tell("microphone", { state: "passed", level });
  }

  #hearNothing() {
    if (!this.#isHeard) this.#tell("microphone", { state: "failed", reason: "silent" });
  }

  #stopListening() {
    this.#meter?.stop();
    clearTimeout(this.#silence);
    this.#meter = this.#silence = undefined;
    this.#isHeard = false;
    this.#showLevel(0);
  }
}
