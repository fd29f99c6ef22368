// @ts-check
/**
 * This person's camera and microphone: opened one without the other when one is refused, switched, lit, zoomed, and
 * given back at the end. It knows no call: who listens for `changed` (detail: the kind) sends `track(kind)` on.
 *
 * What a person has switched off is off; what they want and cannot have has a fault, which says why. `DeviceWatch` tries
 * it again when that may help.
 *
 * @typedef {import("room/call/devices").TrackKind} Kind
 * @typedef {import("room/call/devices").Choice} Choice
 * @typedef {import("room/call/devices").Reason | "muted"} Fault  "muted": by the system, not by the person
 */
import {
  DEVICE_OF,
  TRACK_KINDS,
  abilitiesOf,
  close,
  constrain,
  list,
  openScreen,
  openStream,
  reasonOf,
} from "room/call/devices";

const MUTED_AFTER_MS = 600; // a headset that is changed is mute for a moment

export class LocalMedia extends EventTarget {
  isMuted = false;
  isCameraOff = false;
  isSharing = false;
  isRaw = false;
  isLit = false;
  /** @type {Partial<Record<Kind, Fault>>} */
  faults = {};

  #choice;
  /** @type {Record<Kind, MediaStreamTrack | null>} */
  #tracks = { audio: null, video: null };
  #facing = "environment";
  #stopped = false;
  #switching = false;
  /** Counts what is asked for and put in place: what comes later than the next is not wanted any more. */
  #turns = { audio: 0, video: 0 };
  /** What the system took away, as when a phone was locked, and has not given back. @type {Set<Kind>} */
  #robbed = new Set();

  /** @param {Choice} choice */
  constructor(choice) {
    super();
    this.#choice = choice;
    this.isCameraOff = choice.mode !== "video";
  }

  get wantsCamera() {
    return this.#choice.mode === "video";
  }

  /** @param {Kind} kind */
  track(kind) {
    return this.#tracks[kind];
  }

  /** Whichever can be had; what was refused is in `faults`. @param {string} [facing] */
  async open(facing = this.#facing) {
    this.#facing = facing;
    await Promise.all([this.#take("audio"), this.wantsCamera ? this.#take("video") : null]);
  }

  /** Something that the system took away is not back yet. */
  get isRobbed() {
    return this.#robbed.size > 0;
  }

  /** Fetch back what the system took away; what was switched off or never allowed stays so. */
  async reopen() {
    for (const kind of TRACK_KINDS) if (this.#tracks[kind]?.readyState === "ended") this.#robbed.add(kind);
    if (this.isSharing) this.#robbed.delete("video");
    await Promise.all([...this.#robbed].map((kind) => this.#take(kind)));
  }

  /** Do without what the system does not give back. */
  giveUp() {
    this.#robbed.clear();
  }

  /** Once more what has a fault. @param {Kind} kind */
  async again(kind) {
    if (this.faults[kind]) await this.#take(kind);
  }

  /**
   * Another microphone or camera.
   * @param {Kind} kind
   * @param {string} device  its id
   */
  async use(kind, device) {
    this.#choice = { ...this.#choice, [DEVICE_OF[kind]]: device };
    if (kind === "video" && (this.isCameraOff || this.isSharing)) return;
    if (kind === "video") this.#put("video", null); // many phones open one camera at a time
    await this.#take(kind);
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.isMuted = muted;
    if (this.#tracks.audio) this.#tracks.audio.enabled = !muted;
  }

  /** Off: the device is let go, and its light goes out. @param {boolean} off */
  async turnCamera(off) {
    this.isCameraOff = off;
    this.#choice = { ...this.#choice, mode: off ? this.#choice.mode : "video" };
    if (this.isSharing) return this.share(false);
    if (!off) return this.#take("video");
    this.#robbed.delete("video");
    this.#blame("video", undefined);
    this.#put("video", null);
  }

  /** The other camera: rear or front on a phone, the next one elsewhere. */
  async switchCamera() {
    if (this.#switching || this.isCameraOff || this.isSharing) return;
    this.#switching = true;
    const before = this.#tracks.video?.getSettings() ?? {};
    const cameras = await list("camera");
    const place = cameras.findIndex(({ deviceId }) => deviceId === before.deviceId);
    this.#facing = (before.facingMode ?? this.#facing) === "environment" ? "user" : "environment";
    this.#choice = {
      ...this.#choice,
      camera: before.facingMode ? null : (cameras[(place + 1) % cameras.length]?.deviceId ?? null),
    };
    this.#put("video", null); // many phones open one camera at a time
    await this.#take("video");
    if (!this.#tracks.video) await this.#takeAgain(before);
    this.#switching = false;
  }

  /** The other camera is not to be had: then the one as before. @param {MediaTrackSettings} before */
  async #takeAgain({ deviceId, facingMode }) {
    this.#facing = facingMode ?? this.#facing;
    this.#choice = { ...this.#choice, camera: deviceId ?? null };
    await this.#take("video");
  }

  /** @param {boolean} on */
  async share(on) {
    if (on) {
      const track = await openScreen();
      this.isSharing = true;
      this.#put("video", track);
      return;
    }
    this.isSharing = false;
    this.#put("video", null);
    if (!this.isCameraOff) await this.#take("video");
  }

  /** The sound as it is, or made for speech. @param {boolean} raw */
  async setRaw(raw) {
    if (raw === this.isRaw || !this.#tracks.audio) return;
    this.isRaw = raw;
    await this.#take("audio");
  }

  get abilities() {
    return abilitiesOf(this.#tracks.video);
  }

  /** @param {boolean} on */
  async light(on) {
    await constrain(this.#tracks.video, { torch: on });
    this.isLit = on && Boolean(this.#tracks.video);
  }

  /** @param {number} factor */
  async zoom(factor) {
    await constrain(this.#tracks.video, { zoom: factor });
  }

  /** Give every device back, for good. */
  stop() {
    this.#stopped = true;
    for (const kind of TRACK_KINDS) this.#put(kind, null);
  }

  /** @param {Kind} kind */
  async #take(kind) {
    const turn = ++this.#turns[kind];
    try {
      const stream = await openStream(kind, this.#choice, { isRaw: this.isRaw, facing: this.#facing });
      if (turn !== this.#turns[kind]) return close(stream);
      this.#blame(kind, undefined);
      this.#robbed.delete(kind);
      this.#put(kind, stream.getTracks()[0]);
    } catch (error) {
      if (turn !== this.#turns[kind]) return;
      this.#blame(kind, reasonOf(/** @type {DOMException} */ (error)));
      this.#put(kind, null);
    }
  }

  /**
   * @param {Kind} kind
   * @param {Fault | undefined} fault
   */
  #blame(kind, fault) {
    this.faults = { ...this.faults, [kind]: fault };
  }

  /**
   * @param {Kind} kind
   * @param {MediaStreamTrack | null} track
   */
  #put(kind, track) {
    this.#turns[kind] += 1;
    const before = this.#tracks[kind];
    if (kind === "video") this.isLit = false;
    if (before) before.onended = before.onmute = before.onunmute = null;
    before?.stop();
    if (this.#stopped) track?.stop(); // it was shared while the call ended
    this.#tracks[kind] = this.#stopped ? null : track;
    if (track) this.#follow(kind, track);
    if (track && kind === "audio") track.enabled = !this.isMuted;
    this.dispatchEvent(new CustomEvent("changed", { detail: kind }));
  }

  /**
   * @param {Kind} kind
   * @param {MediaStreamTrack} track
   */
  #follow(kind, track) {
    const look = () => {
      if (track !== this.#tracks[kind] || track.muted === (this.faults[kind] === "muted")) return;
      this.#blame(kind, track.muted ? "muted" : undefined);
      this.dispatchEvent(new CustomEvent("changed", { detail: kind }));
    };
    track.onended = () => this.#lost(kind);
    track.onmute = () => setTimeout(look, MUTED_AFTER_MS);
    track.onunmute = look;
  }

  /** Sharing was stopped by the browser's own button, a device was pulled out, or the phone was locked. @param {Kind} kind */
  #lost(kind) {
    if (document.hidden) this.#robbed.add(kind); // `reopen` fetches it back
    if (this.isSharing && kind === "video") this.share(false);
    else if (document.hidden) this.#put(kind, null);
    else this.#take(kind);
  }
}
