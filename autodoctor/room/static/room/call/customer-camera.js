// @ts-check
/**
 * The customer's camera in the mechanic's hands, as far as the customer allows it: asks for their consent and shows it all
 * the time, takes the photo that the mechanic asks for, and sets light and zoom as the mechanic wishes. What the camera
 * can do is told to the mechanic's page.
 *
 * `data-consent` on the stage says how it stands: asks, given, denied.
 *
 * @typedef {import("room/wire/channel").Channel} Channel
 * @typedef {import("room/wire/frames").LogEvent} LogEvent
 * @typedef {import("room/wire/frames").CameraWish} CameraWish
 * @typedef {import("room/call/local-media").LocalMedia} LocalMedia
 * @typedef {import("lib/upload").Upload} Upload
 */
import { send, whileBusy } from "lib/sending";
import { filled, templateOf, wordsOf } from "lib/templates";
import { toast } from "lib/toasts";
import { takePhoto } from "room/call/still-photo";

const ANNOUNCE_MS = 150;
const FLASH_MS = 600;

export class CustomerCamera {
  #stage;
  #channel;
  #media;
  #tell;
  #isLitForThem = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #announcing;

  /**
   * @param {HTMLElement} stage
   * @param {Channel} channel
   * @param {() => LocalMedia | null} media  of now
   * @param {() => void} tell  what is switched on has changed
   */
  constructor(stage, channel, media, tell) {
    this.#stage = stage;
    this.#channel = channel;
    this.#media = media;
    this.#tell = tell;
    channel.on("welcome", () => this.#show());
    channel.on("presence", () => this.announce());
    channel.on("event", (event) => this.#heard(event));
    channel.on("wish", (wish) => this.#wished(wish));
    stage.addEventListener("call", () => this.announce());
    stage.addEventListener("click", ({ target }) => this.#clicked(/** @type {Element} */ (target)));
    document.querySelector("file-drop")?.addEventListener("upload", (event) => {
      this.#uploaded(/** @type {CustomEvent} */ (event).detail);
    });
  }

  /** To the mechanic's page: what the camera can do, and what is on. */
  announce() {
    clearTimeout(this.#announcing);
    this.#announcing = setTimeout(() => this.#announceNow(), ANNOUNCE_MS);
  }

  #announceNow() {
    const media = this.#media();
    if (!media || !this.#isAllowed || !this.#channel.joined) return;
    const { torch, zoom } = media.isSharing ? { torch: false, zoom: null } : media.abilities;
    const range = zoom && { min: zoom.min, max: zoom.max, step: zoom.step, now: zoom.now };
    this.#channel.passOn({ type: "camera", torch: torch ? media.isLit : null, zoom: range });
  }

  get #isAllowed() {
    return this.#channel.session?.camera_allowed === true;
  }

  #show() {
    const allowed = this.#channel.session?.camera_allowed ?? null;
    this.#stage.dataset.consent = allowed === null ? "asks" : allowed ? "given" : "denied";
    if (allowed) this.announce();
    else if (this.#isLitForThem) this.#light(false);
  }

  /** @param {LogEvent} event */
  #heard(event) {
    if (event.data.session) this.#show();
    if (event.kind === "still.requested") this.#take(event);
  }

  // The photo

  /** Only the page with the call has a camera, and a request that has lapsed is not answered. @param {LogEvent} event */
  async #take({ by, data }) {
    const still = String(data.still_id);
    if (!this.#channel.joined || Date.parse(String(data.expires_at)) < this.#channel.clock.now()) return;
    const media = this.#media();
    const obstacle = obstacleOf(media);
    if (obstacle || !media) return void this.#fail(still, obstacle || "no_camera");
    try {
      const drop = document.querySelector("file-drop");
      const maxBytes = Number(drop?.getAttribute("max-bytes") ?? Infinity);
      const track = /** @type {MediaStreamTrack} */ (media.track("video"));
      const photo = await takePhoto(track, maxBytes);
      if (media.isLit) await media.light(true); // a photo may have switched it off
      this.#flash(by?.name ?? "");
      const name = `${wordsOf(this.#stage, "photo")}.jpg`;
      drop?.add([new File([photo], name, { type: photo.type })], { still });
    } catch {
      this.#fail(still, "unclear");
    }
  }

  /** Whoever holds the phone sees that a photo was taken, and by whom. @param {string} who */
  #flash(who) {
    this.#stage.toggleAttribute("data-flash", true);
    setTimeout(() => this.#stage.toggleAttribute("data-flash", false), FLASH_MS);
    toast(filled(templateOf(this.#stage, "words", "taken"), { who }).textContent?.trim() ?? "");
  }

  /** @param {Upload} upload */
  #uploaded({ still: id, state, progress }) {
    if (!id) return;
    if (state === "failed" || state === "dropped") this.#fail(id, "not_sent");
    else this.#channel.passOn({ type: "still", id, progress });
  }

  /**
   * @param {string} still
   * @param {string} why
   */
  #fail(still, why) {
    return send(`${this.#address}/${still}/failure`, { body: JSON.stringify({ why }) });
  }

  // Light and zoom

  /** @param {CameraWish} wish */
  async #wished({ torch, zoom }) {
    const media = this.#media();
    if (!this.#isAllowed || !media) return;
    if (torch !== undefined && torch !== media.isLit) await this.#light(torch);
    if (zoom !== undefined) await media.zoom(zoom).catch(() => undefined); // it cannot do that much
    this.#tell();
    this.announce();
  }

  /** @param {boolean} on */
  async #light(on) {
    this.#isLitForThem = on;
    await this.#media()
      ?.light(on)
      .catch(() => undefined);
    if (on && this.#media()?.isLit) toast(wordsOf(this.#stage, "lit"));
    this.#tell();
    this.announce();
  }

  // The consent

  /** @param {Element} target */
  #clicked(target) {
    const button = /** @type {HTMLElement | null} */ (target.closest("[data-allow-camera]"));
    if (button) whileBusy(button, () => this.#answer(button.dataset.allowCamera === "yes", button));
    if (target.closest("[data-light-chip]")) this.#light(false);
  }

  /**
   * @param {boolean} allowed
   * @param {HTMLElement} button
   */
  async #answer(allowed, button) {
    const { ok, detail } = await send(`${this.#address}/consent`, { body: JSON.stringify({ allowed }) });
    if (!ok) return void toast(detail || wordsOf(this.#stage, "failed"), "error");
    button.closest("dialog")?.close();
  }

  get #address() {
    return `/api/sessions/${this.#stage.getAttribute("session")}/stills`;
  }
}

/** Why this camera takes no photo now, as the server names it. @param {LocalMedia | null} media */
function obstacleOf(media) {
  if (media?.isSharing) return "screen";
  const track = media?.track("video");
  if (!track || media?.faults.video) return "no_camera";
  return track.getSettings().facingMode === "user" ? "front_camera" : "";
}
