// @ts-check
/**
 * <video-stage session="<uuid>" role="customer|mechanic">: the call of a session as people see it. `follow` hands it the
 * channel; from then on it calls while this page takes part in a session that waits or runs, and gives every device back
 * when it does not.
 *
 * `data-call` says how it stands (idle, connecting, connected, lost, failed, declined), further `data-` attributes what
 * the two have switched on; words and looks follow from them in the markup (`room/parts/stage.html`) and in stage.css.
 */
import { choiceOf } from "room/call/devices";
import { chooseCall, chooseChat } from "room/call/call-fallbacks";
import { DeviceChoice } from "room/call/device-choice";
import { MediaKeys } from "room/call/media-keys";
import { RemoteMedia } from "room/call/remote-media";
import { StageCamera } from "room/call/stage-camera";
import { StageCall } from "room/call/stage-call";
import { StageMarks } from "room/call/stage-marks";
import { StayAwake } from "room/call/stay-awake";
import { isIn } from "room/wire/states";

/** @typedef {import("room/wire/channel").Channel} Channel */

const LEAVES_AFTER_MS = 10_000; // also from a side that does not hang up

export class VideoStage extends HTMLElement {
  /** @type {Channel | null} */
  #channel = null;
  /** @type {StageCall | null} */
  #call = null;
  /** Since another page has the call. @type {ReturnType<typeof setTimeout> | undefined} */
  #leaving;
  #awake = new StayAwake();
  #marks = new StageMarks(this);
  #remote = new RemoteMedia(this, this.#marks);
  #media = () => this.#call?.media ?? null;
  #camera = new StageCamera(this, this.#media, () => this.#call?.tell());
  #keys = new MediaKeys(this, this.#remote, this.#media, () => this.#camera.tell());
  #devices = new DeviceChoice(this, this.#remote, this.#media);

  connectedCallback() {
    this.#become("idle");
    this.addEventListener("click", (event) => this.#clicked(/** @type {Element} */ (event.target)));
    addEventListener("online", () => this.#call?.restart());
    addEventListener("pagehide", () => this.stop());
    document.addEventListener("visibilitychange", () => document.hidden || this.#resume());
    document.addEventListener("resume", () => this.#resume()); // a page that was frozen
    this.#marks.browser();
  }

  disconnectedCallback() {
    this.stop();
  }

  /** @param {Channel} channel */
  follow(channel) {
    this.#channel = channel;
    channel.on("welcome", () => this.#welcome());
    channel.on("event", () => this.#settle());
    channel.on("joined", () => this.#joined());
    channel.on("replaced", () => this.#leave());
    channel.on("status", ({ state }) => state === "stopped" && this.stop());
    channel.on("signal", ({ data }) => this.#signaled(data));
    this.#voice?.follow(channel, () => this.#call?.media.track("audio") ?? null);
    document.querySelector("thin-line")?.follow(channel);
    this.querySelector("shared-drawing")?.follow(channel);
    Object.assign(this.#acts, this.#camera.follow(channel));
  }

  /** Hang up and give the devices back. */
  stop() {
    this.#hangUp();
    this.#become("idle");
  }

  /** What this side sends now, for a film of it. */
  get ownTracks() {
    const media = this.#media();
    return { picture: media?.isSharing ? null : (media?.track("video") ?? null), sound: media?.track("audio") ?? null };
  }

  /** While the other side is away there is no picture to be poor. @param {boolean} isPoor */
  #picture(isPoor) {
    const detail = { isPoor: isPoor && !this.hasAttribute("data-alone") };
    this.dispatchEvent(new CustomEvent("picture", { detail, bubbles: true }));
  }

  /** Another page of this person takes the call: until the other side has its picture, it has that of this page. */
  #leave() {
    if (!this.#call) return this.stop();
    clearTimeout(this.#leaving);
    this.#leaving = setTimeout(() => this.stop(), LEAVES_AFTER_MS);
    this.#call.leave();
  }

  #joined() {
    if (this.#leaving) this.stop(); // it is taken back
    this.#settle();
  }

  #hangUp() {
    clearTimeout(this.#leaving);
    this.#leaving = undefined;
    this.#picture(false);
    this.#call?.stop();
    this.#call = null;
    this.#awake.end();
    this.toggleAttribute("data-hears", false);
    this.#marks.askForTap({ devices: false });
    this.#remote.clear();
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
    const reported = this.#call?.reported ?? null;
    if (reported !== null) this.#channel?.media(reported);
  }

  /** Call, or do not, as the session says. */
  #settle() {
    const session = this.#channel?.session;
    const calls = Boolean(
      session && session.kind !== "chat" && isIn(session.state, "calling") && this.#channel?.joined,
    );
    this.#marks.name(this.#isOwner ? session?.mechanic : session?.customer);
    const isIdle = this.dataset.call === "idle";
    if (calls && isIdle) this.#start();
    else if (!calls && !isIdle && !this.#leaving) this.stop();
  }

  async #start() {
    const choice = choiceOf(this.#session);
    this.toggleAttribute("data-chose-chat", choice.mode === "chat");
    if (choice.mode === "chat") {
      this.#channel?.signal({ declined: true });
      return this.#decline();
    }
    this.#become("connecting");
    this.#call = this.#make(choice);
    this.#call.media.addEventListener("changed", () => this.#camera.announce());
    this.#call.media.addEventListener("changed", () => this.#voice?.look());
    if (await this.#call.start()) this.#awake.begin();
  }

  /** @param {import("room/call/devices").Choice} choice */
  #make(choice) {
    const ownVideo = /** @type {HTMLVideoElement} */ (this.querySelector("video[data-own]"));
    return new StageCall(
      { session: this.#session, isOwner: this.#isOwner, choice, marks: this.#marks, remote: this.#remote, ownVideo },
      {
        signal: (data) => this.#channel?.signal(data),
        changed: (state) => (this.#leaving && state !== "connected" ? this.stop() : this.#become(state)),
        reported: (receiving) => {
          this.toggleAttribute("data-hears", receiving);
          this.#channel?.media(receiving);
        },
        pictured: (isPoor) => this.#picture(isPoor),
        runs: () => isIn(this.#channel?.session?.state, "running"),
        plugged: (kind, device) => this.#devices.offer(kind, device),
      },
    );
  }

  /** @param {Record<string, unknown>} data */
  #signaled(data) {
    if (data.declined && this.dataset.call !== "idle") return this.#decline();
    if (this.dataset.call === "declined" && data.hello) this.#start(); // they call again: with the same answer, or a call
    this.#call?.receive(data);
  }

  /** @param {Element} target */
  #clicked(target) {
    const name = /** @type {HTMLElement | null} */ (target.closest("[data-act]"))?.dataset.act;
    if (name && name in this.#acts) Promise.resolve(this.#acts[name]()).catch((error) => this.#keys.complain(error));
  }

  /** @type {Record<string, () => unknown>} */
  #acts = {
    ...this.#keys.acts,
    devices: () => this.#devices.show(),
    full: () =>
      document.fullscreenElement ? document.exitFullscreen() : this.closest("session-room")?.requestFullscreen(),
    engine: () => this.#call?.switchEngine(),
    retry: () => this.retry(),
    rejoin: () => this.#rejoin(),
    "use-chat": () => this.#use(chooseChat),
    "use-call": () => this.#use(chooseCall),
    figures: () => this.#marks.figures(!this.#marks.isPressed("figures")),
  };

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
    this.#call?.media.giveUp(); // what does not even come with a tap is asked for no more
    this.#marks.askForTap({ devices: false });
  }

  /** The page is seen again: what the system took away meanwhile is fetched back, else a tap is asked for. */
  async #resume() {
    const call = this.#call;
    if (!call) return;
    this.#remote.play(); // first: some browsers let sound begin only in the very moment of a tap
    await call.media.reopen();
    if (call === this.#call) this.#marks.askForTap({ devices: call.media.isRobbed });
    if (!this.#call?.isConnected) this.#call?.restart();
  }

  /** @param {typeof chooseChat | typeof chooseCall} choose */
  async #use(choose) {
    await choose(this.#session);
    /** @type {HTMLDialogElement | null} */ (this.querySelector("dialog[open]"))?.close();
    this.stop();
    this.#settle();
  }

  /** @param {string} state */
  #become(state) {
    this.dataset.call = state;
    this.hidden = state === "idle";
    this.dispatchEvent(new CustomEvent("call", { detail: state, bubbles: true }));
  }

  get #voice() {
    return this.querySelector("voice-recorder");
  }

  get #session() {
    return this.getAttribute("session") ?? "";
  }

  get #isOwner() {
    return this.getAttribute("role-in-session") === "customer";
  }
}
