// @ts-check
/** The markup of a device check (`room/parts/preflight.html`): its rows, its pickers, its words, and the ways in. */
import { namesOf } from "lib/browser-name";
import { filled, templateOf } from "lib/templates";
import { optionsFor } from "room/call/devices";
import { CHECKS, isHeard, lesserWays, phaseOf } from "room/preflight/preflight-fallbacks";

/** @typedef {import("room/call/devices").Kind} Kind */
/** @typedef {import("room/preflight/preflight-fallbacks").Check} Check */
/** @typedef {import("room/preflight/preflight-fallbacks").State} State */
/** @typedef {import("room/preflight/preflight-fallbacks").Mode} Mode */

/** Mended in one place for both devices. */
const SETTINGS = new Set(["denied", "system", "insecure"]);

export class PreflightView {
  #page;

  /** @param {HTMLElement} page */
  constructor(page) {
    this.#page = page;
  }

  get video() {
    return /** @type {HTMLVideoElement} */ (this.#page.querySelector("video"));
  }

  /** @param {Kind} kind @returns {HTMLSelectElement} */
  picker(kind) {
    return /** @type {HTMLSelectElement} */ (this.#row(kind).querySelector("select"));
  }

  /** How loud it is at the microphone. @param {number} level  0 to 1 */
  showLevel(level) {
    this.#page.style.setProperty("--level", level.toFixed(2));
  }

  /** How far the test of the network is. @param {number} share  0 to 1 */
  showProgress(share) {
    /** @type {HTMLProgressElement} */ (this.#row("network").querySelector("progress")).value = share;
  }

  /**
   * @param {Check} check
   * @param {{ state: State, reason?: string, level?: string }} result  without a level the row keeps the one it has
   */
  show(check, { state, reason = "", level }) {
    const row = this.#row(check);
    Object.assign(row.dataset, { state, reason, ...(level && { level }) });
    const help = /** @type {HTMLElement} */ (row.querySelector("[data-help]"));
    help.replaceChildren(...(state === "failed" ? [filled(this.#advice(check, reason))] : []));
  }

  /** Which ways in are open. Returns how the whole check stands. @param {Record<Check, State>} states */
  conclude(states) {
    const phase = phaseOf(states);
    const isIdle = CHECKS.every((check) => check === "speaker" || states[check] === "waiting");
    this.#page.dataset.phase = isIdle ? "idle" : phase;
    const join = /** @type {HTMLButtonElement | null} */ (this.#page.querySelector("[data-way=video]"));
    if (join) join.disabled = phase !== "ready";
    const isUntried = phase === "failed" && !isHeard(states) && states.speaker !== "failed";
    this.#page.toggleAttribute("data-untried", isUntried);
    this.#offerLesserWays(states);
    return phase;
  }

  /**
   * Fill a picker with what there is. Until the browser tells names its place stays empty: a button below that moved
   * would slip away under the finger.
   * @param {Kind} kind
   * @param {() => string | undefined} used  the id of the device in use
   */
  async fillPicker(kind, used) {
    const options = await optionsFor(kind, used);
    const picker = this.picker(kind);
    picker.replaceChildren(...options);
    picker.closest(".field")?.toggleAttribute("data-empty", !options.some(({ label }) => label));
  }

  /** Only this one waits. @param {HTMLElement | null} button */
  showBusy(button) {
    for (const busy of this.#page.querySelectorAll("[data-way][aria-busy]")) busy.removeAttribute("aria-busy");
    button?.setAttribute("aria-busy", "true");
  }

  /** @param {Record<Check, State>} states */
  #offerLesserWays(states) {
    const mayTalk = this.#row("network").dataset.reason !== "blocked";
    const ways = lesserWays(states, { mayChat: "mayChat" in this.#page.dataset, mayTalk });
    for (const way of /** @type {NodeListOf<HTMLElement>} */ (this.#page.querySelectorAll("[data-lesser]"))) {
      way.hidden = !ways.includes(/** @type {Mode} */ (way.dataset.lesser));
    }
    this.#page.toggleAttribute("data-has-ways", ways.length > 0);
  }

  /**
   * What to do where a check has failed, in this browser and system; said once, where both devices fail alike.
   * @param {Check} check
   * @param {string} reason
   */
  #advice(check, reason) {
    const camera = `[data-check=camera][data-state=failed][data-reason=${reason}]`;
    const isSame = check === "microphone" && SETTINGS.has(reason) && this.#page.querySelector(camera);
    if (isSame) return templateOf(this.#page, "advice", "same");
    const selector = `template[data-advice~="${check}-${reason}"]`;
    const about = [.../** @type {NodeListOf<HTMLTemplateElement>} */ (this.#page.querySelectorAll(selector))];
    const here = namesOf().map((name) => about.find(({ dataset }) => dataset.for?.split(" ").includes(name)));
    const meant = here.find(Boolean) ?? about.find(({ dataset }) => !dataset.for);
    return meant ?? templateOf(this.#page, "advice", "any");
  }

  /** @param {Check} check @returns {HTMLElement} */
  #row(check) {
    return /** @type {HTMLElement} */ (this.#page.querySelector(`[data-check=${check}]`));
  }
}
