// @ts-check
/**
 * What the mechanic can do with the customer's camera, while the customer allows it: take a photo in full resolution, and
 * set light and zoom as far as the customer's page says that the camera has them.
 *
 * `data-still` on the stage says how a photo stands: asked, sending, or nothing.
 *
 * @typedef {import("room/wire/channel").Channel} Channel
 * @typedef {import("room/wire/frames").LogEvent} LogEvent
 * @typedef {import("room/wire/frames").CameraSays} CameraSays
 * @typedef {import("lib/upload").SharedFile} SharedFile
 */
import { send } from "lib/sending";
import { fill, wordsOf } from "lib/templates";
import { toast } from "lib/toasts";

const PATIENCE_MS = 15_000; // since it was asked for, or since the last that was heard of it
const ZOOM_MS = 120;

const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" });

export class MechanicCamera {
  #stage;
  #channel;
  /** The id of the photo that is awaited. */
  #awaited = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #patience;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #zooming;

  /**
   * @param {HTMLElement} stage
   * @param {Channel} channel
   */
  constructor(stage, channel) {
    this.#stage = stage;
    this.#channel = channel;
    channel.on("welcome", () => this.#show());
    channel.on("event", (event) => this.#heard(event));
    channel.on("camera", (says) => this.#draw(says));
    channel.on("still", ({ id, progress }) => this.#progress(id, progress));
    this.#slider?.addEventListener("input", () => this.#zoom());
  }

  /** By the name of the key. @type {Record<string, () => unknown>} */
  acts = {
    photo: () => this.#ask(),
    "their-light": () => this.#wish({ torch: !this.#isLit }),
    "dismiss-photo": () => this.#offer(null),
  };

  #show() {
    const allowed = this.#channel.session?.camera_allowed === true;
    const isNews = allowed !== this.#stage.hasAttribute("data-camera-allowed");
    this.#stage.toggleAttribute("data-camera-allowed", allowed);
    if (!allowed) this.#draw({ torch: null, zoom: null });
    else if (isNews) this.#wish({}); // what can it do?
  }

  /** @param {LogEvent} event */
  #heard({ kind, data }) {
    if (data.session) this.#show();
    if (kind === "file.shared" && data.still?.id === this.#awaited) this.#arrived(data.file);
    if (kind === "still.failed" && data.still_id === this.#awaited) this.#failed(`no-photo-${data.why}`);
  }

  // The photo

  async #ask() {
    if (this.#awaited) return;
    this.#offer(null);
    this.#await(crypto.randomUUID());
    const body = JSON.stringify({ client_id: this.#awaited });
    const { ok, detail } = await send(`/api/sessions/${this.#stage.getAttribute("session")}/stills`, { body });
    if (ok) return;
    this.#done();
    toast(detail || wordsOf(this.#stage, "failed"), "error");
  }

  /** @param {string} id */
  #await(id) {
    this.#awaited = id;
    this.#stage.dataset.still = "asked";
    this.#wait();
  }

  #wait() {
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => this.#failed("no-photo"), PATIENCE_MS);
  }

  /**
   * @param {string} id
   * @param {number} progress
   */
  #progress(id, progress) {
    if (id !== this.#awaited) return;
    this.#stage.dataset.still = "sending";
    fill(this.#stage, "sent", percent.format(progress));
    this.#wait();
  }

  /** @param {SharedFile | undefined} file */
  #arrived(file) {
    this.#done();
    this.#offer(file ?? null);
  }

  /** @param {string} words */
  #failed(words) {
    this.#done();
    toast(wordsOf(this.#stage, words) || wordsOf(this.#stage, "no-photo"), "error");
  }

  #done() {
    clearTimeout(this.#patience);
    this.#awaited = "";
    delete this.#stage.dataset.still;
  }

  /** The photo that has come, to draw on. @param {SharedFile | null} file */
  #offer(file) {
    const row = /** @type {HTMLElement | null} */ (this.#stage.querySelector("[data-new-photo]"));
    if (!row) return;
    row.hidden = !file;
    if (!file) return;
    const address = `/sessions/${this.#stage.getAttribute("session")}/files/${file.id}/`;
    /** @type {HTMLImageElement} */ (row.querySelector("img")).src = `${address}thumbnail/`;
    Object.assign(/** @type {HTMLElement} */ (row.querySelector("[data-draw]")).dataset, {
      draw: file.id,
      name: file.name,
    });
  }

  // Light and zoom

  /** @param {import("room/wire/frames").CameraWish} wish */
  #wish(wish) {
    this.#channel.passOn({ type: "wish", ...wish });
  }

  #zoom() {
    this.#zooming ??= setTimeout(() => {
      this.#zooming = undefined;
      if (this.#slider) this.#wish({ zoom: Number(this.#slider.value) });
    }, ZOOM_MS);
  }

  /** @param {CameraSays} says */
  #draw({ torch, zoom }) {
    this.#stage.toggleAttribute("data-their-torch", torch !== null);
    this.#stage.toggleAttribute("data-their-zoom", zoom !== null);
    this.#light?.setAttribute("aria-pressed", String(torch === true));
    if (!zoom || !this.#slider || this.#zooming) return;
    for (const name of /** @type {const} */ (["min", "max", "step"])) this.#slider[name] = String(zoom[name]);
    this.#slider.value = String(zoom.now);
  }

  get #isLit() {
    return this.#light?.getAttribute("aria-pressed") === "true";
  }

  get #light() {
    return this.#stage.querySelector("[data-act=their-light]");
  }

  get #slider() {
    return /** @type {HTMLInputElement | null} */ (this.#stage.querySelector("input[data-their-zoom-by]"));
  }
}
