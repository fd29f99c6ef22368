// @ts-check
/**
 * <video-stage session="<uuid>" role="customer|mechanic">: the call of a session as people see it. `follow` hands it the
 * channel; from then on it calls while this page takes part in a session that waits or runs, and gives every device back
 * when it does not.
 *
 * `data-call` says how it stands (idle, connecting, connected, lost, failed, declined), further `data-` attributes what
 * the two have switched on; words and looks follow from them in the markup (`room/parts/stage.html`) and in stage.css.
 */
import { Call } from "room/call/call";
import { chooseCall, chooseChat, freshWays, limit } from "room/call/call-fallbacks";
import { Finds, wordsOf } from "room/call/findings";
import { LinkQuality, SOUND_ONLY } from "room/call/link-quality";
import { LocalMedia, chosen } from "room/call/local-media";
import { StageMarks } from "room/call/stage-marks";
import { StayAwake } from "room/call/stay-awake";
import { toast } from "lib/toasts";

/** @typedef {import("room/wire/channel").Channel} Channel @typedef {import("room/call/local-media").Kind} Kind */

const RUNNING = new Set(["live", "reconnecting"]);
const CALLING = new Set(["waiting", ...RUNNING]);
const LOOK_MS = 1_000;
const FIRST_LOOK_MS = 250; // after it is connected
const SILENT_MS = 3_000; // nothing has arrived for so long: it does not any more
const FIRST_MEDIA_MS = 8_000; // in a session that runs, it should be there by then

export class VideoStage extends HTMLElement {
  #channel = /** @type {Channel | null} */ (null);
  #call = /** @type {Call | null} */ (null);
  #media = /** @type {LocalMedia | null} */ (null);
  #opened = /** @type {LocalMedia | null} */ (null);
  #quality = new LinkQuality();
  #awake = new StayAwake();
  #finds = new Finds(this);
  #marks = new StageMarks(this);
  #remote = new MediaStream();
  #rung = -1;
  #other = /** @type {import("room/call/stage-marks").Told} */ ({}); // what the other side told
  /** What was last said about the other side's media; null before anything. @type {boolean | null} */
  #reported = null;
  #heardAt = 0;
  #startedAt = 0;
  #looks = /** @type {ReturnType<typeof setInterval> | undefined} */ (undefined);

  connectedCallback() {
    this.#become("idle");
    this.addEventListener("click", (event) => this.#clicked(/** @type {Element} */ (event.target)));
    this.addEventListener("input", ({ target }) => this.#zoom(/** @type {HTMLInputElement} */ (target)));
    addEventListener("online", () => this.#call?.restart());
    addEventListener("pagehide", () => this.stop());
    document.addEventListener("visibilitychange", () => document.hidden || this.#resume());
    this.toggleAttribute("data-no-screen", !navigator.mediaDevices?.getDisplayMedia);
    this.toggleAttribute("data-no-full", !document.fullscreenEnabled);
  }

  /** @param {Channel} channel */
  follow(channel) {
    this.#channel = channel;
    channel.on("welcome", () => this.#welcome());
    channel.on("event", () => this.#settle());
    channel.on("joined", () => this.#settle());
    channel.on("replaced", () => this.stop());
    channel.on("status", ({ state }) => state === "stopped" && this.stop());
    channel.on("signal", ({ data }) => this.#signalled(data));
  }

  /** Hang up and give the devices back. */
  stop() {
    this.#hangUp();
    this.#become("idle");
  }

  #hangUp() {
    clearInterval(this.#looks);
    this.#call?.close();
    this.#media?.stop();
    this.#awake.end();
    this.#call = this.#media = null;
    this.#reported = null;
    this.#other = {};
    this.#marks.other({});
    this.toggleAttribute("data-hears", false);
    this.#marks.askForTap({ sound: false, devices: false });
    for (const track of this.#remote.getTracks()) this.#remote.removeTrack(track);
    this.#sound?.stop();
    if (document.fullscreenElement?.contains(this)) document.exitFullscreen();
  }

  /** One of the two does without: nothing is open in vain, and nobody waits for what will not come. */
  #decline() {
    this.#hangUp();
    this.#channel?.media(null);
    this.#become("declined");
  }

  #welcome() {
    this.#settle();
    this.#call?.hello();
    if (this.#reported !== null) this.#channel?.media(this.#reported);
  }

  /** Call, or do not, as the session says. */
  #settle() {
    const session = this.#channel?.session;
    const calls = Boolean(session && session.kind !== "chat" && CALLING.has(session.state) && this.#channel?.joined);
    this.#marks.name(this.#isOwner ? session?.mechanic : session?.customer);
    const isIdle = this.dataset.call === "idle";
    if (calls && isIdle) this.#start();
    else if (!calls && !isIdle) this.stop();
  }

  async #start() {
    const choice = chosen(this.#session);
    this.toggleAttribute("data-chose-chat", choice.mode === "chat");
    if (choice.mode === "chat") {
      this.#channel?.signal({ declined: true });
      return this.#decline();
    }
    const media = (this.#media = new LocalMedia(choice));
    this.#become("connecting");
    this.#startedAt = this.#heardAt = Date.now();
    media.addEventListener("changed", (event) => this.#changed(/** @type {CustomEvent} */ (event).detail));
    this.#open(freshWays(this.#session), choice.maxHeight); // while the devices open
    await media.open(this.#isOwner ? "environment" : "user");
    if (media !== this.#media) return; // hung up meanwhile
    this.#opened = media;
    this.#tell();
    this.#awake.begin();
  }

  /** @param {ReturnType<typeof freshWays>} ways @param {number} maxHeight */
  #open(ways, maxHeight) {
    const call = new Call({ ways, polite: this.#isOwner, signal: (data) => this.#channel?.signal(data) });
    this.#call = call;
    this.#quality = new LinkQuality(maxHeight);
    call.addEventListener("state", () => this.#follow(call));
    call.addEventListener("track", (event) => this.#show(/** @type {CustomEvent} */ (event).detail));
    call.addEventListener("note", (event) => this.#noted(/** @type {CustomEvent} */ (event).detail));
    call.start([]);
    this.#looks = setInterval(() => this.#look(), LOOK_MS);
  }

  // What the other side sends

  /** @param {Record<string, unknown>} data */
  #signalled(data) {
    if (data.declined && this.dataset.call !== "idle") return this.#decline();
    if (this.dataset.call === "declined" && data.hello) this.#start(); // they call again: with the same answer, or a call
    this.#call?.receive(data);
  }

  /** @param {Call} call */
  #follow(call) {
    if (call.state === "closed" || call !== this.#call) return;
    this.#become(call.state);
    this.#rung = -1;
    this.#quality.reset();
    if (call.state !== "connected") return;
    this.#limit();
    setTimeout(() => this.#look(), FIRST_LOOK_MS);
  }

  /** @param {MediaStreamTrack} track */
  #show(track) {
    for (const old of this.#remote.getTracks()) if (old.kind === track.kind) this.#remote.removeTrack(old);
    this.#remote.addTrack(track);
    const video = this.#video("remote");
    video.srcObject = this.#remote;
    this.#play();
    this.#rung = -1; // the connection may be another one: what is sent on it is limited anew
    if (track.kind === "audio" && this.#other.raw) this.#sound?.show(track);
  }

  /** Without a tap on this page the browser may play no sound: one is asked for. */
  #play() {
    const video = this.#video("remote");
    if (!video.srcObject) return;
    video.play().then(
      () => this.#marks.askForTap({ sound: false }),
      (error) => error.name === "NotAllowedError" && this.#marks.askForTap({ sound: true }),
    );
  }

  /** @param {import("room/call/stage-marks").Told & { wantsEngine?: boolean }} note */
  #noted(note) {
    if (note.wantsEngine !== undefined) {
      this.#listenAsItIs(note.wantsEngine);
      return;
    }
    Object.assign(this.#other, note);
    this.#marks.other(this.#other);
    if (note.raw !== undefined && !this.#isOwner) this.#showEngine(note.raw);
  }

  // What this side sends

  /** @param {Kind} kind */
  #changed(kind) {
    const media = this.#media;
    if (!media) return;
    this.#call?.replaceTrack(kind, media.track(kind)).then(() => this.#limit());
    const own = this.#video("own");
    own.srcObject = media.track("video")
      ? new MediaStream([/** @type {MediaStreamTrack} */ (media.track("video"))])
      : null;
    this.#tell();
  }

  /** What is switched on: to the other side, and into the markup. */
  #tell() {
    const media = this.#media;
    if (!media || media !== this.#opened) return; // not open yet is not switched off
    const camera = Boolean(media.track("video"));
    const microphone = Boolean(media.track("audio")) && !media.isMuted;
    const thin = this.#rung === SOUND_ONLY && camera && !media.isSharing;
    this.#call?.tell({ camera, microphone, screen: media.isSharing, thin, raw: media.isRaw });
    this.#marks.own(media, { thin, engine: media.isRaw || this.#other.raw === true });
  }

  // How good it is

  async #look() {
    const call = this.#call;
    if (!call) return;
    const now = Date.now();
    const { bars, rung, receiving, facts } = this.#quality.look(await call.stats(), now);
    if (call !== this.#call) return;
    const sendsNothing = (this.#other.camera === false || this.#other.thin) && this.#other.microphone === false;
    if (call.state === "connected" && (receiving || sendsNothing)) this.#heardAt = now;
    this.#marks.quality(call.state === "connected" ? bars : 0, facts);
    if (rung !== this.#rung) this.#send(rung);
    this.#report(call.state === "connected" && now - this.#heardAt < SILENT_MS, now);
  }

  /**
   * Never false before anything came, unless the session runs and it should be there.
   * @param {boolean} receiving
   * @param {number} now
   */
  #report(receiving, now) {
    const runs = RUNNING.has(this.#channel?.session?.state ?? "");
    const isEarly = this.#reported === null && !receiving && !(runs && now - this.#startedAt > FIRST_MEDIA_MS);
    if (isEarly || receiving === this.#reported) return;
    this.#reported = receiving;
    this.toggleAttribute("data-hears", receiving);
    this.#channel?.media(receiving);
  }

  /** @param {number} rung */
  #send(rung) {
    const before = this.#rung;
    this.#rung = rung;
    this.#limit();
    if ((before === SOUND_ONLY) !== (rung === SOUND_ONLY)) this.#tell();
  }

  async #limit() {
    await limit(this.#call, this.#media, Math.max(0, this.#rung));
  }

  // What people press

  /** @param {Element} target */
  #clicked(target) {
    const name = /** @type {HTMLElement | null} */ (target.closest("[data-act]"))?.dataset.act;
    if (name && name in this.#acts) Promise.resolve(this.#acts[name]()).catch((error) => this.#complain(error));
  }

  /** @type {Record<string, () => unknown>} */
  #acts = {
    mute: () => this.#mute(),
    camera: () => this.#turnCamera(),
    switch: () => this.#media?.switchCamera(),
    screen: () => this.#media?.share(!this.#media.isSharing),
    light: () => this.#media?.light(!this.#media.isLit).finally(() => this.#tell()),
    full: () =>
      document.fullscreenElement ? document.exitFullscreen() : this.closest("session-room")?.requestFullscreen(),
    engine: () => this.#engine(),
    keep: () => this.#sound && this.#finds.keep(this.#sound),
    snapshot: () => this.#finds.snapshot(this.#video("remote")),
    retry: () => this.retry(),
    rejoin: () => this.#rejoin(),
    "use-chat": () => this.#use(chooseChat),
    "use-call": () => this.#use(chooseCall),
    figures: () => this.#marks.figures(!this.#marks.isPressed("figures")),
  };

  async #mute() {
    const media = this.#media;
    if (!media) return;
    media.mute(Boolean(media.track("audio")) && !media.isMuted);
    this.#tell();
    if (!media.track("audio")) await this.#askAgain(media.again("audio"), "audio");
  }

  async #turnCamera() {
    if (this.#media) await this.#askAgain(this.#media.turnCamera(!this.#media.isCameraOff), "video");
  }

  /**
   * What was refused before is asked for once more; refused again, it takes more than this key.
   * @param {Promise<void>} asked
   * @param {Kind} kind
   */
  async #askAgain(asked, kind) {
    await asked;
    if (this.#media?.problems[kind]) toast(wordsOf(this, `no-${kind}`), "error");
  }

  /** @param {HTMLInputElement} slider */
  #zoom({ value }) {
    this.#media?.zoom(Number(value)).catch((error) => this.#complain(error));
  }

  /** Look for a way now, not at the next try. */
  retry() {
    this.#channel?.check();
    this.#call?.restart();
  }

  /** After a locked screen: everything that needs a tap, with one. */
  async #rejoin() {
    this.#channel?.check();
    this.#marks.askForTap({ sound: false, devices: false });
    await this.#resume();
    this.#media?.giveUp(); // what does not even come with a tap is asked for no more
    this.#marks.askForTap({ devices: false });
  }

  /** The page is seen again: what the system took away meanwhile is fetched back, else a tap is asked for. */
  async #resume() {
    const media = this.#media;
    if (!media) return;
    this.#play(); // first: some browsers let sound begin only in the very moment of a tap
    await media.reopen();
    if (media === this.#media) this.#marks.askForTap({ devices: media.isRobbed });
    if (this.#call?.state !== "connected") this.#call?.restart();
  }

  /** @param {typeof chooseChat | typeof chooseCall} choose */
  async #use(choose) {
    await choose(this.#session);
    this.querySelector("dialog")?.close();
    this.stop();
    this.#settle();
  }

  // Engine

  /** The owner switches the sound; the mechanic asks for it, and it is done. */
  #engine() {
    const wanted = !this.#marks.isPressed("engine");
    if (this.#isOwner) this.#listenAsItIs(wanted);
    else this.#call?.ask({ wantsEngine: wanted });
  }

  /** @param {boolean} raw */
  async #listenAsItIs(raw) {
    await this.#media?.setRaw(raw);
    this.#tell();
  }

  /** @param {boolean} raw */
  #showEngine(raw) {
    const [track] = this.#remote.getAudioTracks();
    if (raw && track) this.#sound?.show(track);
    else this.#sound?.stop();
    this.#marks.engine(raw);
  }

  /** @param {Error} error */
  #complain(error) {
    if (error.name !== "NotAllowedError") toast(wordsOf(this, "failed"), "error"); // choosing no screen is no failure
  }

  /** @param {string} state */
  #become(state) {
    this.dataset.call = state;
    this.hidden = state === "idle";
    this.dispatchEvent(new CustomEvent("call", { detail: state, bubbles: true }));
  }

  get #session() {
    return this.getAttribute("session") ?? "";
  }

  get #isOwner() {
    return this.getAttribute("role-in-session") === "customer";
  }

  get #sound() {
    return this.querySelector("sound-picture");
  }

  /** @param {"own"|"remote"} name */
  #video(name) {
    return /** @type {HTMLVideoElement} */ (this.querySelector(`video[data-${name}]`));
  }
}
