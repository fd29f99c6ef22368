// @ts-check
/**
 * Marks the stage with the state of both sides and of the connection: attributes for styles and words (stage.css),
 * pressed buttons, and the abilities of this camera.
 *
 * @typedef {import("room/call/local-media").LocalMedia} LocalMedia
 * @typedef {import("room/call/local-media").Kind} Kind
 * @typedef {{ camera?: boolean, microphone?: boolean, screen?: boolean, thin?: boolean, poor?: boolean, raw?: boolean, faults?: Kind[] }} Told
 */
import { fill } from "lib/templates";
import { canShareScreen, list } from "room/call/devices";

export class StageMarks {
  #stage;
  /** What only a tap on this page brings back: "sound", "devices". @type {Set<string>} */
  #waitsForTap = new Set();

  /** @param {HTMLElement} stage */
  constructor(stage) {
    this.#stage = stage;
  }

  /** What this browser cannot do. */
  browser() {
    this.#toggle({ "no-screen": !canShareScreen(), "no-full": !document.fullscreenEnabled });
  }

  /** @param {{ name: string } | null | undefined} person */
  name(person) {
    fill(this.#stage, "name", person?.name ?? "");
    fill(this.#stage, "initial", person?.name.slice(0, 1) ?? "");
  }

  /** What the other side has switched on. @param {Told} told */
  other({ camera, microphone, screen, thin, faults = [] }) {
    this.#toggle({
      "other-fault-audio": faults.includes("audio"),
      "other-fault-video": faults.includes("video"),
      "other-dark": camera === false || thin,
      "other-thin": thin,
      "other-muted": microphone === false,
      "other-shares": screen,
    });
  }

  /**
   * Show the devices that this side has switched on.
   * @param {LocalMedia} media
   * @param {{ thin: boolean, engine: boolean }} how  sound only for now; an engine is listened to, from either side
   */
  own(media, { thin, engine }) {
    const camera = Boolean(media.track("video"));
    const microphone = Boolean(media.track("audio")) && !media.isMuted;
    this.#toggle({
      lit: media.isLit,
      "own-dark": !camera,
      "own-thin": thin,
      "own-fault": media.faults.video !== undefined,
    });
    this.#blame(media);
    this.#stage.dataset.facing = media.isSharing ? "" : (media.track("video")?.getSettings().facingMode ?? "user");
    this.#press({
      mute: !microphone,
      camera: !camera || (media.isSharing && media.isCameraOff),
      screen: media.isSharing,
      light: media.isLit,
    });
    this.engine(engine);
    this.#offer(media);
  }

  /** @param {boolean} isHeard */
  engine(isHeard) {
    this.#toggle({ raw: isHeard });
    this.#press({ engine: isHeard });
  }

  /**
   * @param {number} bars
   * @param {{ rtt: number, received: number, height: number }} facts
   */
  quality(bars, { rtt, received, height }) {
    this.#stage.dataset.bars = String(bars);
    const figures = [`${Math.round(rtt)} ms`, `${Math.round(received)} kbit/s`, ...(height ? [`${height}p`] : [])];
    fill(this.#stage, "quality", figures.join(" · "));
  }

  /** @param {Record<string, boolean>} needs */
  askForTap(needs) {
    for (const [what, isNeeded] of Object.entries(needs)) {
      if (isNeeded) this.#waitsForTap.add(what);
      else this.#waitsForTap.delete(what);
    }
    this.#toggle({ tap: this.#waitsForTap.size > 0 });
  }

  /** @param {boolean} areShown */
  figures(areShown) {
    this.#press({ figures: areShown });
  }

  /** @param {string} name */
  isPressed(name) {
    return this.#key(name)?.getAttribute("aria-pressed") === "true";
  }

  /** Why a device is not to be had, with the words for it. @param {LocalMedia} media */
  #blame({ faults }) {
    for (const shown of /** @type {NodeListOf<HTMLElement>} */ (this.#stage.querySelectorAll("[data-fault-of]"))) {
      const fault = faults[/** @type {Kind} */ (shown.dataset.faultOf)];
      if (shown.dataset.fault === (fault ?? "")) continue;
      shown.dataset.fault = fault ?? "";
      for (const words of /** @type {NodeListOf<HTMLElement>} */ (shown.querySelectorAll("[data-reason]"))) {
        words.hidden = words.dataset.reason !== fault;
      }
    }
  }

  /** What this camera can do. @param {LocalMedia} media */
  async #offer(media) {
    const { torch, zoom } = media.isSharing ? { torch: false, zoom: null } : media.abilities;
    this.#toggle({ torch, zoom: Boolean(zoom) });
    const slider = /** @type {HTMLInputElement | null} */ (this.#stage.querySelector("input[data-zoom-by]"));
    if (zoom && slider) {
      for (const name of /** @type {const} */ (["min", "max", "step"])) slider[name] = String(zoom[name]);
      slider.value = String(zoom.now);
    }
    const several = (await list("camera")).length > 1;
    this.#toggle({ cameras: several && !media.isCameraOff && !media.isSharing });
  }

  /** @param {Record<string, boolean | undefined>} marks */
  #toggle(marks) {
    for (const [name, on] of Object.entries(marks)) this.#stage.toggleAttribute(`data-${name}`, on === true);
  }

  /** @param {Record<string, boolean>} keys */
  #press(keys) {
    for (const [name, pressed] of Object.entries(keys)) this.#key(name)?.setAttribute("aria-pressed", String(pressed));
  }

  /** @param {string} name */
  #key(name) {
    return this.#stage.querySelector(`button[data-act="${name}"]`);
  }
}
