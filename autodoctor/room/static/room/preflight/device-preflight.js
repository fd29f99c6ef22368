// @ts-check
/**
 * <device-preflight>: camera, microphone, speaker and network are tried before somebody joins a call. Its markup and
 * words are `room/parts/preflight.html`; set `open` to show it, and again to put it away and let go of the devices.
 *
 * `data-session`: whose; without one nothing is reported and nobody joins: the check before paying. `data-facing`: the
 * camera that is tried first. `data-may-chat`: words alone may be chosen.
 *
 * Dispatches `preflight-done` (it bubbles) with what was chosen in `detail`, which `sessionStorage` then holds under
 * `preflight:<session>` too.
 *
 * @typedef {import("room/call/devices").Kind} Kind
 * @typedef {import("room/preflight/preflight-fallbacks").Check} Check
 * @typedef {import("room/preflight/preflight-fallbacks").State} State
 * @typedef {import("room/preflight/preflight-fallbacks").Mode} Mode
 * @typedef {{ mode: Mode, camera: string | null, microphone: string | null, maxHeight: 720 | 360 }} Chosen
 */
import { namesOf } from "lib/browser-name";
import { waysOf } from "room/call/call-fallbacks";
import { choose, chosen, close, isDecided, list, openAll } from "room/call/devices";
import { LevelMeter } from "room/call/level-meter";
import { judge, measure } from "room/preflight/link-test";
import { PreflightReport } from "room/preflight/preflight-report";
import { CHECKS, isHeard, lesserWays, outcomes, phaseOf } from "room/preflight/preflight-fallbacks";
import { NOTHING, hasRelay, passThrough } from "room/preflight/relay-test";
import { play } from "lib/sounds";
import { csrfToken } from "lib/upload";
import { toast } from "lib/toasts";

/** @type {Kind[]} */
const DEVICES = ["camera", "microphone"];
/** Mended in one place for both. */
const SETTINGS = new Set(["denied", "system", "insecure"]);
const HEARD_LEVEL = 0.2;
const SILENT_AFTER_MS = 8_000;
const FIRST_PICTURE_MS = 8_000;

export class DevicePreflight extends HTMLElement {
  /** @type {Record<Check, State>} */
  #states = { camera: "waiting", microphone: "waiting", speaker: "waiting", network: "waiting" };
  /** @type {Partial<Record<Kind, MediaStream>>} */
  #streams = {};
  /** @type {import("room/preflight/link-test").Figures} */
  #figures = { rtt_ms: null, jitter_ms: null, loss_percent: null, up_kbit: null, relay_kbit: null };
  /** @type {720 | 360} */
  #maxHeight = 720;
  /** @type {LevelMeter | undefined} */
  #meter;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silence;
  #leaving = new AbortController();
  #isOpen = false;
  #isDone = false;
  #report = this.dataset.session
    ? new PreflightReport(`/api/sessions/${this.dataset.session}/preflight`, csrfToken())
    : null;

  connectedCallback() {
    this.addEventListener("click", (event) => this.#clicked(/** @type {Element} */ (event.target)));
    for (const kind of DEVICES) this.#picker(kind).addEventListener("change", () => this.#picked(kind));
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
    this.#busy(null);
    this.open = true;
  }

  async #enter() {
    this.#leaving = new AbortController();
    const { signal } = this.#leaving;
    navigator.mediaDevices?.addEventListener("devicechange", () => this.#changed(), { signal });
    for (const check of CHECKS) this.#become(check, "waiting");
    this.dataset.phase = "idle";
    if ((await isDecided(DEVICES)) && !signal.aborted) this.#begin();
  }

  #leave() {
    this.#leaving.abort();
    this.#report?.stop();
    for (const kind of DEVICES) this.#let(kind);
  }

  #begin() {
    this.#checkNetwork();
    this.#checkDevices(DEVICES);
  }

  /** @param {Kind[]} kinds */
  async #checkDevices(kinds) {
    const { signal } = this.#leaving;
    for (const kind of kinds) this.#let(kind);
    for (const kind of kinds) this.#become(kind, "checking");
    const facing = this.dataset.facing === "environment" ? "environment" : "user";
    const opened = await openAll(kinds, facing);
    for (const kind of kinds) {
      const { stream, reason } = opened[kind];
      if (signal.aborted) close(stream);
      else if (reason) this.#become(kind, "failed", reason);
      else if (stream) this.#use(kind, stream);
    }
    if (!signal.aborted) await this.#offer();
  }

  /**
   * @param {Kind} kind
   * @param {MediaStream} stream
   */
  #use(kind, stream) {
    this.#let(kind);
    this.#streams[kind] = stream;
    const [track] = stream.getTracks();
    track.onended = () => this.#isOpen && this.#streams[kind] === stream && this.#become(kind, "failed", "missing");
    if (kind === "camera") this.#show(stream);
    else this.#listen(stream);
  }

  /** @param {MediaStream} stream */
  async #show(stream) {
    const video = this.#video;
    video.srcObject = stream;
    video.toggleAttribute("data-mirrored", stream.getVideoTracks()[0].getSettings().facingMode !== "environment");
    const late = setTimeout(
      () => this.#streams.camera === stream && this.#become("camera", "failed", "busy"),
      FIRST_PICTURE_MS,
    );
    video.onplaying = () => {
      clearTimeout(late);
      this.#become("camera", "passed");
    };
    await video.play().catch(() => {}); // put away meanwhile
  }

  /** @param {MediaStream} stream */
  #listen(stream) {
    const tell = (/** @type {number} */ level) => {
      this.style.setProperty("--level", level.toFixed(2));
      if (level > HEARD_LEVEL && this.#states.microphone !== "passed") this.#hear("green");
      this.#silence ??= setTimeout(() => this.#hearNothing(), SILENT_AFTER_MS);
    };
    // Nobody is kept out because the level cannot be shown: it is open, and the other side will hear.
    this.#meter = new LevelMeter(stream, tell, () => this.#hear("amber"));
  }

  /** @param {"green" | "amber"} level */
  #hear(level) {
    this.#row("microphone").dataset.level = level;
    this.#become("microphone", "passed");
  }

  #hearNothing() {
    if (this.#states.microphone === "checking") this.#become("microphone", "failed", "silent");
  }

  /** Let go of a device, so that the call or another program can have it. @param {Kind} kind */
  #let(kind) {
    close(this.#streams[kind]);
    delete this.#streams[kind];
    if (kind === "camera") this.#video.srcObject = null;
    else {
      this.#meter?.stop();
      clearTimeout(this.#silence);
      this.#meter = this.#silence = undefined;
      this.style.setProperty("--level", "0");
    }
  }

  async #checkNetwork() {
    const { signal } = this.#leaving;
    this.#become("network", "checking");
    const bar = /** @type {HTMLProgressElement} */ (this.#row("network").querySelector("progress"));
    const progress = /** @param {number} share */ (share) => (bar.value = share);
    const figures = await measure({ token: csrfToken(), progress, relay: (tell) => this.#passage(tell), signal });
    if (signal.aborted) return;
    const { level, weakness } = judge(figures);
    this.#figures = figures;
    this.#maxHeight = level === "green" ? 720 : 360;
    this.#row("network").dataset.level = level;
    this.#become("network", level === "red" ? "failed" : "passed", weakness);
  }

  /** Through the relay, where the session has one: if it cannot be reached, there may be another way. @param {(share: number) => void} progress */
  async #passage(progress) {
    const ways = this.dataset.session ? await waysOf(this.dataset.session) : null;
    if (!ways || !hasRelay(ways.iceServers)) return null;
    const passage = await passThrough(ways.iceServers, { progress });
    return passage === NOTHING && !ways.relayOnly ? null : passage;
  }

  /** A device came or went: try again what failed for want of it. */
  async #changed() {
    if (this.#failing.length) await this.#checkDevices(this.#failing);
    else await this.#offer();
  }

  /** Fill the pickers with what there is. */
  async #offer() {
    for (const kind of DEVICES) {
      const devices = await list(kind);
      const picker = this.#picker(kind);
      const used = this.#streams[kind]?.getTracks()[0]?.getSettings().deviceId ?? chosen(kind);
      picker.replaceChildren(
        ...devices.map(({ label, deviceId }) => new Option(label, deviceId, false, deviceId === used)),
      );
      /** @type {HTMLElement} */ (picker.closest(".field")).hidden = !devices.some(({ label }) => label);
    }
  }

  /** @param {Kind} kind */
  #picked(kind) {
    choose(kind, this.#picker(kind).value);
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
    if (act === "heard") this.#become("speaker", "passed");
    if (act === "not-heard") this.#become("speaker", "failed", "silent");
    if (act === "without-sound") this.#become("speaker", "skipped");
    if (act === "again") this.#retry(/** @type {HTMLElement} */ (button.closest("[data-check]")).dataset.check ?? "");
  }

  #sound() {
    play("test");
    this.#become("speaker", "checking");
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
   * @param {State} state
   * @param {string} [reason]
   */
  #become(check, state, reason = "") {
    this.#states[check] = state;
    const row = this.#row(check);
    Object.assign(row.dataset, { state, reason });
    const help = /** @type {HTMLElement} */ (row.querySelector("[data-help]"));
    help.replaceChildren(...(state === "failed" ? [this.#advice(check, reason)] : []));
    this.#conclude();
  }

  /** What to do here, in this browser and system: once, where both devices fail alike. @param {string} check @param {string} reason */
  #advice(check, reason) {
    const isSaid = check === "microphone" && this.#row("camera").dataset.reason === reason;
    if (isSaid && this.#states.camera === "failed" && SETTINGS.has(reason)) return this.#copy("same");
    const about = /** @type {HTMLTemplateElement[]} */ ([
      ...this.querySelectorAll(`template[data-advice~="${check}-${reason}"]`),
    ]);
    const here = namesOf().map((name) => about.find(({ dataset }) => dataset.for?.split(" ").includes(name)));
    const template = here.find(Boolean) ?? about.find(({ dataset }) => !dataset.for);
    return template ? template.content.cloneNode(true) : this.#copy("any");
  }

  /** @param {string} advice */
  #copy(advice) {
    return /** @type {HTMLTemplateElement} */ (this.querySelector(`template[data-advice=${advice}]`)).content.cloneNode(
      true,
    );
  }

  #conclude() {
    if (this.#isDone) return;
    const phase = phaseOf(this.#states);
    const isIdle = CHECKS.every((check) => check === "speaker" || this.#states[check] === "waiting");
    this.dataset.phase = isIdle ? "idle" : phase;
    const join = /** @type {HTMLButtonElement | null} */ (this.querySelector("[data-way=video]"));
    if (join) join.disabled = phase !== "ready";
    const isBlocked = this.#row("network").dataset.reason === "blocked";
    const ways = lesserWays(this.#states, { mayChat: "mayChat" in this.dataset, mayTalk: !isBlocked });
    for (const way of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("[data-lesser]"))) {
      way.hidden = !ways.includes(/** @type {Mode} */ (way.dataset.lesser));
    }
    this.toggleAttribute("data-has-ways", ways.length > 0);
    this.toggleAttribute(
      "data-untried",
      phase === "failed" && !isHeard(this.#states) && this.#states.speaker !== "failed",
    );
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
    this.#busy(button);
    const { done, detail } = await this.#report.now(this.#facts(mode));
    if (mode === "chat" && !done) {
      this.#busy(null); // what it costs hangs on it
      return toast(detail || this.#words("unclear"), "error");
    }
    this.#finish(mode);
  }

  /** @param {Mode} mode */
  #finish(mode) {
    const detail = this.#chosen(mode);
    sessionStorage.setItem(`preflight:${this.dataset.session}`, JSON.stringify(detail));
    this.#isDone = true;
    this.#leave();
    this.querySelector("dialog")?.close();
    this.dispatchEvent(new CustomEvent("preflight-done", { bubbles: true, detail }));
  }

  /** @param {Mode} mode @returns {Chosen} */
  #chosen(mode) {
    const used = /** @param {Kind} kind */ (kind) =>
      this.#streams[kind]?.getTracks()[0]?.getSettings().deviceId ?? null;
    const camera = mode === "video" ? used("camera") : null;
    const microphone = mode === "chat" ? null : used("microphone");
    return { mode, camera, microphone, maxHeight: this.#maxHeight };
  }

  /** Only this one waits. @param {HTMLElement | null} button */
  #busy(button) {
    for (const busy of this.querySelectorAll("[data-way][aria-busy]")) busy.removeAttribute("aria-busy");
    button?.setAttribute("aria-busy", "true");
  }

  /** @param {string} name */
  #words(name) {
    return (
      /** @type {HTMLTemplateElement} */ (this.querySelector(`template[data-words=${name}]`)).content.textContent ?? ""
    );
  }

  /** @param {Check} check @returns {HTMLElement} */
  #row(check) {
    return /** @type {HTMLElement} */ (this.querySelector(`[data-check=${check}]`));
  }

  /** @param {Kind} kind @returns {HTMLSelectElement} */
  #picker(kind) {
    return /** @type {HTMLSelectElement} */ (this.#row(kind).querySelector("select"));
  }

  get #video() {
    return /** @type {HTMLVideoElement} */ (this.querySelector("video"));
  }
}
