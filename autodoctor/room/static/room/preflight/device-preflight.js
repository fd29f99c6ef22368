// @ts-check
/**
 * <device-preflight>: camera, microphone, speaker and network are tried before somebody joins a call. Its markup and
 * words are `room/parts/preflight.html`; set `open` to show it, and again to put it away and let go of the devices.
 *
 * `data-session`: whose; without one nothing is reported and nobody joins: the check before paying. `data-facing`: the
 * camera that is tried first. `data-may-chat`: words alone may be chosen.
 *
 * Dispatches `preflight-done` (it bubbles) with what was chosen in `detail`, which is also kept for the call.
 *
 * @typedef {import("room/call/devices").Kind} Kind
 * @typedef {import("room/preflight/preflight-fallbacks").Check} Check
 * @typedef {import("room/preflight/preflight-fallbacks").State} State
 * @typedef {import("room/preflight/preflight-fallbacks").Mode} Mode
 * @typedef {{ mode: Mode, camera: string | null, microphone: string | null, maxHeight: 720 | 360 }} Chosen
 */
import { choose, chosen, isDecided, keepChoice, onChange } from "room/call/devices";
import { DeviceTest } from "room/preflight/device-test";
import { UNKNOWN, testNetwork } from "room/preflight/link-test";
import { PreflightReport } from "room/preflight/preflight-report";
import { CHECKS, outcomes } from "room/preflight/preflight-fallbacks";
import { PreflightView } from "room/preflight/preflight-view";
import { play } from "lib/sounds";
import { wordsOf } from "lib/templates";
import { toast } from "lib/toasts";

/** @type {Kind[]} */
const DEVICES = ["camera", "microphone"];

export class DevicePreflight extends HTMLElement {
  /** @type {Record<Check, State>} */
  #states = { camera: "waiting", microphone: "waiting", speaker: "waiting", network: "waiting" };
  #view = new PreflightView(this);
  #devices = new DeviceTest(
    this.#view.video,
    (kind, result) => this.#isOpen && this.#become(kind, result),
    (level) => this.#view.showLevel(level),
  );
  #figures = UNKNOWN;
  /** @type {720 | 360} */
  #maxHeight = 720;
  #leaving = new AbortController();
  #isOpen = false;
  #isDone = false;
  #report = this.dataset.session ? new PreflightReport(`/api/sessions/${this.dataset.session}/preflight`) : null;

  connectedCallback() {
    this.addEventListener("click", (event) => this.#clicked(/** @type {Element} */ (event.target)));
    for (const kind of DEVICES) this.#view.picker(kind).addEventListener("change", () => this.#picked(kind));
  }

  disconnectedCallback() {
    this.#leave();
  }

  /** Whether this person has to check their devices now. @param {boolean} open */
  set open(open) {
    if (!open) this.#isDone = false;
    if (open === this.#isOpen || (open && this.#isDone)) return;
    this.#isOpen = open;
    this.hidden = !open;
    if (open) this.#enter();
    else this.#leave();
  }

  /** Chosen, and not in yet. */
  get isDone() {
    return this.#isDone;
  }

  /** They could not join after all: from the beginning. */
  again() {
    this.#isDone = this.#isOpen = false;
    this.#view.showBusy(null);
    this.open = true;
  }

  async #enter() {
    this.#leaving = new AbortController();
    this.#view.showBusy(null); // it may have been left while somebody joined
    const { signal } = this.#leaving;
    onChange(() => this.#changed(), signal);
    for (const check of CHECKS) this.#become(check, { state: "waiting" });
    this.dataset.phase = "idle";
    if ((await isDecided(DEVICES)) && !signal.aborted) this.#begin();
  }

  #leave() {
    this.#leaving.abort();
    this.#report?.stop();
    for (const kind of DEVICES) this.#devices.letGo(kind);
  }

  #begin() {
    this.#checkNetwork();
    this.#checkDevices(DEVICES);
  }

  /** @param {Kind[]} kinds */
  async #checkDevices(kinds) {
    const { signal } = this.#leaving;
    await this.#devices.open(kinds, this.dataset.facing === "environment" ? "environment" : "user", signal);
    if (!signal.aborted) await this.#offer();
  }

  async #checkNetwork() {
    const { signal } = this.#leaving;
    this.#become("network", { state: "checking" });
    const progress = (/** @type {number} */ share) => this.#view.showProgress(share);
    const { figures, level, weakness, maxHeight } = await testNetwork({
      session: this.dataset.session,
      progress,
      signal,
    });
    if (signal.aborted) return;
    this.#figures = figures;
    this.#maxHeight = maxHeight;
    this.#become("network", { state: level === "red" ? "failed" : "passed", reason: weakness, level });
  }

  /** A device came or went: try again what failed for want of it. */
  async #changed() {
    if (this.#failing.length) await this.#checkDevices(this.#failing);
    else await this.#offer();
  }

  /** Fill the pickers with what there is. */
  async #offer() {
    for (const kind of DEVICES) await this.#view.fillPicker(kind, () => this.#devices.used(kind) ?? chosen(kind));
  }

  /** @param {Kind} kind */
  #picked(kind) {
    choose(kind, this.#view.picker(kind).value);
    this.#checkDevices([kind]);
  }

  /** @param {Element} target */
  #clicked(target) {
    const button = /** @type {HTMLElement | null} */ (target.closest("button[data-act], button[data-way]"));
    if (button?.dataset.way) this.#choose(/** @type {Mode} */ (button.dataset.way), button);
    else if (button) this.#act(button.dataset.act ?? "", button);
  }

  /**
   * @param {string} act
   * @param {HTMLElement} button
   */
  #act(act, button) {
    if (act === "begin") this.#begin();
    if (act === "tone") this.#sound();
    if (act === "heard") this.#become("speaker", { state: "passed" });
    if (act === "not-heard") this.#become("speaker", { state: "failed", reason: "silent" });
    if (act === "without-sound") this.#become("speaker", { state: "skipped" });
    if (act === "again") this.#retry(/** @type {HTMLElement} */ (button.closest("[data-check]")).dataset.check ?? "");
  }

  #sound() {
    play("test");
    this.#become("speaker", { state: "checking" });
  }

  /** @param {string} check */
  #retry(check) {
    if (check === "network") this.#checkNetwork();
    else this.#checkDevices(this.#failing); // what was allowed for one was mostly allowed for both
  }

  get #failing() {
    return DEVICES.filter((kind) => this.#states[kind] === "failed");
  }

  /**
   * @param {Check} check
   * @param {{ state: State, reason?: string, level?: string }} result
   */
  #become(check, result) {
    this.#states[check] = result.state;
    this.#view.show(check, result);
    this.#conclude();
  }

  #conclude() {
    if (this.#isDone) return;
    const phase = this.#view.conclude(this.#states);
    if (phase === "failed" || phase === "ready") this.#report?.tell(this.#facts("video"));
  }

  /** @param {Mode} mode */
  #facts(mode) {
    return { mode, checks: outcomes(this.#states), network: this.#figures };
  }

  /**
   * @param {Mode} mode
   * @param {HTMLElement} button
   */
  async #choose(mode, button) {
    if (button.ariaBusy === "true" || !this.#report) return;
    this.#view.showBusy(button);
    const { done, detail } = await this.#report.now(this.#facts(mode));
    if (mode === "chat" && !done) {
      this.#view.showBusy(null); // what it costs hangs on it
      return toast(detail || wordsOf(this, "unclear"), "error");
    }
    this.#finish(mode);
  }

  /** @param {Mode} mode */
  #finish(mode) {
    const detail = this.#chosen(mode);
    keepChoice(this.dataset.session ?? "", detail);
    this.#isDone = true;
    this.#leave();
    this.querySelector("dialog")?.close();
    this.dispatchEvent(new CustomEvent("preflight-done", { bubbles: true, detail }));
  }

  /** @param {Mode} mode @returns {Chosen} */
  #chosen(mode) {
    const camera = mode === "video" ? (this.#devices.used("camera") ?? null) : null;
    const microphone = mode === "chat" ? null : (this.#devices.used("microphone") ?? null);
    return { mode, camera, microphone, maxHeight: this.#maxHeight };
  }
}
