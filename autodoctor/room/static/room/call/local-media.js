// @ts-check
/**
 * This person's camera and microphone: opened one without the other when one is refused, switched, lit, zoomed, and
 * given back at the end. It knows no call: who listens for `changed` (detail: the kind) sends `track(kind)` on.
 *
 * @typedef {"audio"|"video"} Kind
 * @typedef {import("room/call/call-choice").Choice} Choice
 * @typedef {{ min: number, max: number, step: number }} ZoomRange
 * @typedef {MediaTrackCapabilities & { torch?: boolean, zoom?: ZoomRange }} CameraCapabilities  what only some browsers know
 * @typedef {MediaTrackSettings & { zoom?: number }} CameraSettings
 * @typedef {MediaTrackConstraintSet & { torch?: boolean, zoom?: number }} CameraConstraints
 * @typedef {{ torch: boolean, zoom: { min: number, max: number, step: number, now: number } | null }} Abilities
 */

const SPEECH = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
/** An engine is no voice: what makes speech clear takes away what a mechanic listens for. */
const AS_IT_IS = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const FRAME_RATE = 30;
const KINDS = /** @type {Kind[]} */ (["audio", "video"]);

/** @param {MediaStream} stream */
const close = (stream) => stream.getTracks().forEach((track) => track.stop());

export class LocalMedia extends EventTarget {
  isMuted = false;
  isCameraOff = false;
  isSharing = false;
  isRaw = false;
  isLit = false;
  /** Why a kind could not be opened: the error's name. @type {Partial<Record<Kind, string>>} */
  problems = {};

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

  /** Whichever can be had; what was refused is in `problems`. @param {string} [facing] */
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
    for (const kind of KINDS) if (this.#tracks[kind]?.readyState === "ended") this.#robbed.add(kind);
    if (this.isSharing) this.#robbed.delete("video");
    await Promise.all([...this.#robbed].map((kind) => this.#take(kind)));
  }

  /** Do without what the system does not give back. */
  giveUp() {
    this.#robbed.clear();
  }

  /** Once more what was refused before. @param {Kind} kind */
  async again(kind) {
    if (!this.#tracks[kind]) await this.#take(kind);
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
    this.problems = { ...this.problems, video: undefined };
    this.#put("video", null);
  }

  /** The other camera: rear or front on a phone, the next one elsewhere. */
  async switchCamera() {
    if (this.#switching || this.isCameraOff || this.isSharing) return;
    this.#switching = true;
    const before = this.#tracks.video?.getSettings() ?? {};
    const cameras = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
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
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: 15 } });
      const [track] = stream.getVideoTracks();
      track.contentHint = "detail";
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

  /** @returns {Abilities} */
  get abilities() {
    /** @type {CameraCapabilities} */
    const { torch, zoom } = this.#tracks.video?.getCapabilities?.() ?? {};
    /** @type {CameraSettings} */
    const { zoom: now } = this.#tracks.video?.getSettings() ?? {};
    const zooms = zoom && zoom.max > zoom.min ? { ...zoom, step: zoom.step || 0.1, now: now ?? zoom.min } : null;
    return { torch: Boolean(torch), zoom: zooms };
  }

  /** @param {boolean} on */
  async light(on) {
    await this.#constrain({ torch: on });
    this.isLit = on && Boolean(this.#tracks.video);
  }

  /** @param {number} factor */
  async zoom(factor) {
    await this.#constrain({ zoom: factor });
  }

  /** @param {CameraConstraints} constraints */
  async #constrain(constraints) {
    await this.#tracks.video?.applyConstraints({ advanced: [constraints] });
  }

  /** Give every device back, for good. */
  stop() {
    this.#stopped = true;
    for (const kind of KINDS) this.#put(kind, null);
  }

  /** @param {Kind} kind */
  async #take(kind) {
    const turn = ++this.#turns[kind];
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ [kind]: this.#wishes(kind) });
      if (turn !== this.#turns[kind]) return close(stream);
      this.problems = { ...this.problems, [kind]: undefined };
      this.#robbed.delete(kind);
      if (kind === "video") this.isCameraOff = false;
      this.#put(kind, stream.getTracks()[0]);
    } catch (error) {
      if (turn !== this.#turns[kind]) return;
      this.problems = { ...this.problems, [kind]: /** @type {Error} */ (error).name };
      if (kind === "video") this.isCameraOff = true;
      this.#put(kind, null);
    }
  }

  /** @param {Kind} kind @returns {MediaTrackConstraints} */
  #wishes(kind) {
    const { camera, microphone, maxHeight } = this.#choice;
    if (kind === "audio")
      return { ...(this.isRaw ? AS_IT_IS : SPEECH), ...(microphone && { deviceId: { ideal: microphone } }) };
    const which = camera ? { deviceId: { ideal: camera } } : { facingMode: { ideal: this.#facing } };
    return {
      ...which,
      height: { ideal: maxHeight },
      width: { ideal: (maxHeight * 16) / 9 },
      frameRate: { ideal: FRAME_RATE },
    };
  }

  /**
   * @param {Kind} kind
   * @param {MediaStreamTrack | null} track
   */
  #put(kind, track) {
    this.#turns[kind] += 1;
    const before = this.#tracks[kind];
    if (kind === "video") this.isLit = false;
    if (before) before.onended = null;
    before?.stop();
    if (this.#stopped) track?.stop(); // it was shared while the call ended
    this.#tracks[kind] = this.#stopped ? null : track;
    if (track) track.onended = () => this.#lost(kind);
    if (track && kind === "audio") track.enabled = !this.isMuted;
    this.dispatchEvent(new CustomEvent("changed", { detail: kind }));
  }

  /** Sharing was stopped by the browser's own button, a device was pulled out, or the phone was locked. @param {Kind} kind */
  #lost(kind) {
    if (this.isSharing && kind === "video") this.share(false);
    else if (document.hidden) this.#miss(kind);
    else this.#take(kind);
  }

  /** `reopen` fetches it back. @param {Kind} kind */
  #miss(kind) {
    this.#robbed.add(kind);
    this.#put(kind, null);
  }
}
