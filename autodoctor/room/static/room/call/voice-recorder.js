// @ts-check
/**
 * <voice-recorder data-to="address" data-on>: sends this person's own microphone, piece by piece, while both agree to a
 * transcript and the session runs. It records the very track that the call sends, so that what is muted is silence here, too.
 * `data-on`: both agree when the page comes; from then on the log says it. What was not sent when somebody stops it is dropped.
 *
 * @typedef {object} Piece
 * @property {number} number
 * @property {number} began  milliseconds since the epoch, by the server's clock
 * @property {number} seconds
 * @property {Blob} sound
 */
import { send } from "lib/sending";
import { wordsOf } from "lib/templates";
import { toast } from "lib/toasts";
import { isIn } from "room/wire/states";

const CAN_RECORD = "MediaRecorder" in globalThis;
const PIECE_MS = 15_000;
const BITS = 24_000; // a second
const FORMATS = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
const KEPT = 16; // pieces that wait for a connection: four minutes
const AGAIN_MS = 3_000;
const REFUSED = 409;
const TOO_MANY_REQUESTS = 429;
const MECHANIC_LEFT = new Set(["session.handing_over", "session.released"]); // the next one has agreed to nothing

export class VoiceRecorder extends HTMLElement {
  /** @type {import("room/wire/channel").Channel | null} */
  #channel = null;
  /** @type {() => MediaStreamTrack | null} */
  #microphone = () => null;
  #isOn = false;
  /** @type {MediaStreamTrack | null} */
  #track = null;
  /** @type {MediaRecorder | null} */
  #recorder = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #take = crypto.randomUUID();
  #number = 0;
  /** @type {Piece[]} */
  #waiting = [];
  #isSending = false;

  /**
   * @param {import("room/wire/channel").Channel} channel
   * @param {() => MediaStreamTrack | null} microphone  of now
   */
  follow(channel, microphone) {
    this.#channel = channel;
    this.#microphone = microphone;
    this.#isOn = "on" in this.dataset;
    channel.on("welcome", () => this.look());
    channel.on("event", ({ kind }) => this.#heard(kind));
    document.addEventListener("click", ({ target }) => {
      if (/** @type {Element} */ (target).closest("[data-stops-voices]")) this.#silence();
    });
  }

  /** Record, or do not, as microphone, session and consent say. */
  look() {
    const session = this.#channel?.session;
    const runs = this.#isOn && CAN_RECORD && isIn(session?.state, "running") && !session?.paused_at;
    const track = runs ? this.#microphone() : null;
    if (track === this.#track) return;
    this.#end();
    this.#track = track;
    if (track) this.#begin(track);
  }

  /** @param {string} kind */
  #heard(kind) {
    if (kind === "transcript.agreed") this.#isOn = true;
    if (kind === "transcript.stopped") this.#stopped();
    if (MECHANIC_LEFT.has(kind)) this.#silence();
    this.look();
  }

  /** Whoever stopped it: both are told, wherever they look. */
  #stopped() {
    this.#silence();
    toast(wordsOf(this, "stopped"));
  }

  /** From now on nothing leaves this device, not even what was said before. */
  #silence() {
    this.#isOn = false;
    this.#waiting = [];
    if (this.#recorder) this.#recorder.ondataavailable = null;
    this.#end();
  }

  /** @param {MediaStreamTrack} track */
  #begin(track) {
    const mimeType = FORMATS.find((each) => MediaRecorder.isTypeSupported(each));
    const recorder = new MediaRecorder(new MediaStream([track]), { mimeType, audioBitsPerSecond: BITS });
    const began = this.#now();
    recorder.ondataavailable = ({ data }) => this.#recorded(data, began);
    recorder.start();
    const before = this.#recorder; // ends after the next has begun, so that no word is cut
    this.#recorder = recorder;
    if (before?.state === "recording") before.stop();
    this.#timer = setTimeout(() => this.#begin(track), PIECE_MS);
  }

  #end() {
    clearTimeout(this.#timer);
    if (this.#recorder?.state === "recording") this.#recorder.stop();
    this.#recorder = this.#track = null;
  }

  /** @param {Blob} sound @param {number} began */
  #recorded(sound, began) {
    if (!sound.size) return;
    const seconds = Math.max(0.1, (this.#now() - began) / 1000);
    this.#waiting = [...this.#waiting, { number: this.#number++, began, seconds, sound }].slice(-KEPT);
    this.#sendAll();
  }

  /** One after the other; what does not arrive is tried again. */
  async #sendAll() {
    if (this.#isSending) return;
    this.#isSending = true;
    while (this.#waiting.length && this.isConnected) {
      const [piece] = this.#waiting;
      const { status, body } = await send(this.dataset.to ?? "", { body: this.#form(piece) });
      const isLater = !status || status >= 500 || status === TOO_MANY_REQUESTS;
      if (isLater) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      else this.#waiting = this.#waiting.filter((each) => each !== piece);
      if (status === REFUSED && body?.error === "not_agreed") this.#silence();
    }
    this.#isSending = false;
  }

  /** @param {Piece} piece */
  #form({ number, began, seconds, sound }) {
    const form = new FormData();
    form.set("take", this.#take);
    form.set("number", String(number));
    form.set("began_at", new Date(began).toISOString());
    form.set("seconds", String(seconds));
    form.set("sound", sound, "voice");
    return form;
  }

  #now() {
    return this.#channel?.clock.now() ?? Date.now();
  }
}
