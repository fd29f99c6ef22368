// @ts-check
/**
 * One call on a stage, from its beginning until somebody hangs up: this side's devices, the connection, and what the two
 * sides tell each other of what they have switched on.
 *
 * @typedef {import("room/call/local-media").Kind} Kind
 * @typedef {import("room/call/stage-marks").Told} Told
 *
 * @typedef {object} StageCallOptions
 * @property {string} session
 * @property {boolean} isOwner  of the car: its camera looks away from them, and its sound may be that of an engine
 * @property {import("room/call/devices").Choice} choice
 * @property {import("room/call/stage-marks").StageMarks} marks
 * @property {import("room/call/remote-media").RemoteMedia} remote
 * @property {HTMLVideoElement} ownVideo
 *
 * @typedef {object} StageCallListener
 * @property {(data: Record<string, unknown>) => void} signal  for the other side's call
 * @property {(state: import("room/call/call").CallState) => void} changed
 * @property {(receiving: boolean) => void} reported  whether the other side arrives, when that is news
 * @property {(isPoor: boolean) => void} pictured  whether the picture of either side is poor, after each look
 * @property {() => boolean} runs  whether the session runs
 * @property {(kind: Kind, device: MediaDeviceInfo) => void} plugged  a device is new
 */
import { Call } from "room/call/call";
import { freshWays, limit } from "room/call/call-fallbacks";
import { CallMonitor } from "room/call/call-monitor";
import { DeviceWatch } from "room/call/device-watch";
import { TRACK_KINDS } from "room/call/devices";
import { LocalMedia } from "room/call/local-media";
import { PoorPicture } from "room/call/poor-picture";

export class StageCall {
  media;
  #options;
  #listener;
  #call;
  #monitor;
  #poor = new PoorPicture();
  #watch;
  /** What the other side told. @type {Told} */
  #other = {};
  #areDevicesOpen = false;
  #isOver = false;

  /**
   * @param {StageCallOptions} options
   * @param {StageCallListener} listener
   */
  constructor(options, listener) {
    const { session, isOwner, choice } = options;
    this.#options = options;
    this.#listener = listener;
    this.media = new LocalMedia(choice);
    this.#call = new Call({ ways: freshWays(session), polite: isOwner, signal: listener.signal });
    this.#monitor = this.#measure(choice.maxHeight);
    this.#watch = new DeviceWatch(this.media, listener.plugged);
    this.media.addEventListener("changed", (event) => this.#send(/** @type {CustomEvent} */ (event).detail));
    this.#call.addEventListener("state", () => this.#follow());
    this.#call.addEventListener("track", (event) => this.#show(/** @type {CustomEvent} */ (event).detail));
    this.#call.addEventListener("note", (event) => this.#noted(/** @type {CustomEvent} */ (event).detail));
  }

  /** Look for the other side while the devices open. Returns whether it still goes on when they have. */
  async start() {
    this.#call.start([]);
    await this.media.open(this.#options.isOwner ? "environment" : "user");
    if (this.#isOver) return false;
    this.#areDevicesOpen = true;
    this.#watch.begin();
    this.tell();
    return true;
  }

  /** Hang up and give the devices back. */
  stop() {
    this.#isOver = true;
    this.#monitor.stop();
    this.#watch.stop();
    this.#options.remote.hush(false);
    this.#call.close();
    this.media.stop();
    this.#options.marks.other({});
  }

  /** Another page of this person takes the call; `changed` tells when the other side has let go of this one. */
  leave() {
    this.#call.leave();
  }

  /** What was last reported; null before anything. */
  get reported() {
    return this.#monitor.reported;
  }

  get isConnected() {
    return this.#call.state === "connected";
  }

  /** What the other side's call sent. @param {Record<string, unknown>} data */
  receive(data) {
    this.#call.receive(data);
  }

  /** The way of the signals was interrupted. */
  hello() {
    this.#call.hello();
  }

  /** Look for a way now, not at the next try. */
  restart() {
    this.#call.restart();
  }

  /** What is switched on: to the other side, and into the markup. */
  tell() {
    if (!this.#areDevicesOpen) return; // not open yet is not switched off
    const { media } = this;
    const faults = TRACK_KINDS.filter((kind) => media.faults[kind]);
    const camera = Boolean(media.track("video"));
    const microphone = Boolean(media.track("audio")) && !media.isMuted && !media.faults.audio;
    const thin = this.#monitor.isSoundOnly && camera && !media.isSharing;
    this.#call.tell({ camera, microphone, screen: media.isSharing, thin, raw: media.isRaw, faults });
    this.#options.remote.hush(media.isRaw);
    this.#options.marks.own(media, { thin, engine: media.isRaw || this.#other.raw === true });
  }

  /** The owner switches the sound; the mechanic asks for it, and it is done. */
  switchEngine() {
    const wanted = !this.#options.marks.isPressed("engine");
    if (this.#options.isOwner) this.#listenAsItIs(wanted);
    else this.#call.ask({ wantsEngine: wanted });
  }

  /** @param {number} maxHeight */
  #measure(maxHeight) {
    const isSilent = () => isAllOff(this.#other);
    return new CallMonitor(
      { call: this.#call, maxHeight, isDue: this.#listener.runs, isSilent },
      {
        judged: (bars, facts) => this.#judged(bars, facts),
        limited: (isOther) => this.#limited(isOther),
        reported: (receiving) => this.#listener.reported(receiving),
      },
    );
  }

  /**
   * @param {0|1|2|3} bars
   * @param {import("room/call/link-quality").Verdict["facts"]} facts
   */
  #judged(bars, facts) {
    this.#options.marks.quality(bars, facts);
    const { isOffered: before } = this.#poor;
    const seen = {
      isConnected: this.isConnected,
      bars,
      rung: this.#monitor.rung,
      height: facts.height,
      isSending: Boolean(this.media.track("video")),
      isReceiving: this.#other.camera === true,
      isThin: this.#other.thin === true,
    };
    const poor = this.#poor.look(seen, Date.now());
    if (poor !== before) this.#call.tell({ poor });
    this.#listener.pictured(poor || this.#other.poor === true);
  }

  #follow() {
    if (this.#isOver) return;
    this.#listener.changed(this.#call.state);
    this.#monitor.follow();
    if (this.isConnected) this.#limit();
  }

  /** @param {MediaStreamTrack} track */
  #show(track) {
    this.#options.remote.show(track, this.#other.raw === true);
    this.#monitor.forget();
  }

  /** @param {Told & { wantsEngine?: boolean }} note */
  #noted(note) {
    if (note.wantsEngine !== undefined) {
      this.#listenAsItIs(note.wantsEngine);
      return;
    }
    Object.assign(this.#other, note);
    this.#options.marks.other(this.#other);
    if (note.raw !== undefined && !this.#options.isOwner) this.#options.remote.showEngine(note.raw);
  }

  /** @param {Kind} kind  of which the track is another one */
  #send(kind) {
    this.#call.replaceTrack(kind, this.media.track(kind)).then(() => this.#limit());
    const picture = this.media.track("video");
    this.#options.ownVideo.srcObject = picture ? new MediaStream([picture]) : null;
    if (this.media.track(kind)) this.#options.remote.playAgain(); // where devices are open, sound may be played
    this.tell();
  }

  /** @param {boolean} raw */
  async #listenAsItIs(raw) {
    await this.media.setRaw(raw);
    this.tell();
  }

  /** @param {boolean} isOther  what is sent is sound only, or not any more */
  #limited(isOther) {
    this.#limit();
    if (isOther) this.tell();
  }

  async #limit() {
    await limit(this.#call, this.media, Math.max(0, this.#monitor.rung));
  }
}

/** @param {Told} told */
function isAllOff({ camera, thin, microphone }) {
  return microphone === false && (camera === false || thin === true);
}
