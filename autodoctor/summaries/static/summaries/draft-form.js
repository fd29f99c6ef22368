// @ts-check
/**
 * <draft-form>: the form of a summary, saved while the mechanic types. This device keeps unsaved text. Two windows
 * notice each other: the server takes a draft only from a window that has seen the latest one.
 */
import { timeOfDay } from "lib/format-time";
import { reveal } from "lib/scrolling";
import { fill } from "lib/templates";
import { Unsaved } from "summaries/unsaved";

const PAUSE_MS = 800; // of typing, before it is saved
const RETRY_MS = 5_000;
const PATIENCE_MS = 30_000; // for an answer; then it is saved again
const STATES = new Map([
  [401, "signed-out"],
  [403, "signed-out"],
]);

export class DraftForm extends HTMLElement {
  #unsaved = new Unsaved(this.dataset.session ?? "");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Promise<void> | null} */
  #saving = null;
  #dirty = false;
  /** The version that another window has saved, until the mechanic chooses one. */
  #other = "";
  #released = false;

  connectedCallback() {
    for (const name of ["input", "change"]) this.#form.addEventListener(name, () => this.#typed());
    this.#form.addEventListener("submit", (event) => this.#submitted(event));
    this.addEventListener("click", (event) => this.#clicked(event));
    addEventListener("online", () => this.#dirty && this.#save());
    addEventListener("pageshow", () => (this.#released = false));
    this.#bringBack();
  }

  /** Text that was typed before this script was there, in this window before, or in one that is closed. */
  #bringBack() {
    const own = this.#unsaved.own();
    const found = own ?? this.#unsaved.found();
    if (!own && isTouched(this.#form)) this.#typed();
    if (!found) return;
    if (own && own.version === this.#version.value) return this.#use(own);
    fill(this.#banner("found"), "at", timeOfDay(found.at));
    this.#banner("found").hidden = false;
  }

  #typed() {
    this.#dirty = true;
    this.#keep();
    if (this.#other) return;
    this.#say("typing");
    this.#saveLater(PAUSE_MS);
  }

  #keep() {
    this.#unsaved.keep({ version: this.#version.value, at: new Date().toISOString(), fields: this.#fields() });
  }

  /** @param {number} after  milliseconds */
  #saveLater(after) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#save(), after);
  }

  /** Save one version after the other; text typed during a save is saved next. */
  async #save() {
    clearTimeout(this.#timer);
    await this.#saving;
    if (!this.#dirty || this.#other) return;
    this.#saving = this.#send();
    await this.#saving;
    this.#saving = null;
  }

  async #send() {
    this.#dirty = false;
    try {
      const body = new FormData(this.#form);
      const headers = { Accept: "application/json" };
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const request = { method: "POST", body, headers, signal, redirect: /** @type {const} */ ("manual") };
      const answer = await fetch(this.dataset.address ?? "", request);
      if (answer.type === "opaqueredirect") this.#notSaved("signed-out");
      else if (answer.status === 409) this.#refused(await answer.json());
      else if (answer.ok) this.#saved(await answer.json());
      else this.#notSaved(STATES.get(answer.status) ?? "failed");
    } catch {
      this.#notSaved("offline");
    }
  }

  /** @param {{ version: number, saved_at: string }} draft */
  #saved({ version, saved_at }) {
    this.#version.value = String(version);
    if (this.#dirty) return this.#keep();
    this.#unsaved.forget();
    fill(this.#state, "at", timeOfDay(saved_at));
    this.#say("saved");
  }

  /** @param {string} why */
  #notSaved(why) {
    this.#dirty = true;
    this.#say(why);
    this.#saveLater(RETRY_MS);
  }

  /** @param {{ error: string, version?: number }} refusal */
  #refused({ error, version }) {
    this.#dirty = true;
    this.#other = String(version ?? "sent");
    const which = error === "draft_changed" ? "changed" : "sent";
    this.#say(which);
    this.#banner(which).hidden = false;
    this.#banner(which).scrollIntoView({ block: "center" });
  }

  /** What is on the page is saved first, so that nothing is lost when the way there fails. @param {SubmitEvent} event */
  async #submitted(event) {
    if (this.#released) return;
    event.preventDefault();
    const button = event.submitter;
    this.#dirty = true;
    this.#keep();
    if (button) button.ariaBusy = "true";
    await this.#save();
    if (button) button.ariaBusy = null;
    if (this.#dirty && this.#state.dataset.state !== "sent") return reveal(this.#state);
    this.#released = true;
    setTimeout(() => this.#form.requestSubmit(button)); // not while this event is still going round
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const target = /** @type {Element} */ (event.target);
    if (target.closest("[data-keep-this]")) this.#keepThis(event);
    else if (target.closest("[data-take-other]")) this.#unsaved.forget();
    else if (target.closest("[data-use-found]")) this.#useFound();
    else if (target.closest("[data-drop-found]")) this.#dropFound();
  }

  /** From here on this window's words go on where the other's ended. @param {MouseEvent} event */
  #keepThis(event) {
    event.preventDefault();
    if (this.#other) this.#version.value = this.#other;
    this.#other = "";
    this.#banner("changed").hidden = true;
    this.#typed();
  }

  #useFound() {
    const copy = this.#unsaved.own() ?? this.#unsaved.found();
    this.#banner("found").hidden = true;
    if (copy) this.#use(copy);
    this.#unsaved.forgetOthers();
  }

  #dropFound() {
    this.#banner("found").hidden = true;
    this.#unsaved.forget();
    this.#unsaved.forgetOthers();
  }

  /** @param {import("summaries/unsaved").Copy} copy */
  #use({ fields }) {
    /** @param {string} name */
    const all = (name) => fields.filter(([key]) => key === name).map(([, value]) => value);
    for (const area of this.#form.querySelectorAll("textarea")) {
      area.value = all(area.name)[0] ?? "";
      area.dispatchEvent(new Event("input")); // for those who look at it alone: counters, trouble codes
    }
    const radios = /** @type {NodeListOf<HTMLInputElement>} */ (this.#form.querySelectorAll("input[name=safe]"));
    for (const radio of radios) radio.checked = all("safe").includes(radio.value);
    const columns = ["part_name", "part_number", "part_quantity", "part_price"];
    const parts = all("part_name").map((_, row) =>
      Object.fromEntries(columns.map((name) => [name, all(name)[row] ?? ""])),
    );
    this.querySelector("part-rows")?.fill(parts);
    this.querySelector("photo-picks")?.choose(new Set(all("photos")));
    this.#typed();
  }

  /** @returns {[string, string][]} */
  #fields() {
    const entries = /** @type {[string, string][]} */ ([...new FormData(this.#form).entries()]);
    return entries.filter(
      ([name, value]) => typeof value === "string" && !["csrfmiddlewaretoken", "version"].includes(name),
    );
  }

  /** @param {string} state */
  #say(state) {
    this.#state.dataset.state = state;
  }

  /** @param {string} name */
  #banner(name) {
    return /** @type {HTMLElement} */ (this.querySelector(`[data-banner=${name}]`));
  }

  get #form() {
    return /** @type {HTMLFormElement} */ (this.querySelector("form"));
  }

  get #version() {
    return /** @type {HTMLInputElement} */ (this.#form.elements.namedItem("version"));
  }

  get #state() {
    return /** @type {HTMLElement} */ (this.querySelector("[data-state]"));
  }
}

/** Whether somebody has changed what the server sent. @param {HTMLFormElement} form */
function isTouched(form) {
  const fields = /** @type {(HTMLInputElement | HTMLTextAreaElement)[]} */ ([
    ...form.querySelectorAll("input, textarea"),
  ]);
  return fields.some((field) =>
    field instanceof HTMLInputElement && ["checkbox", "radio"].includes(field.type)
      ? field.checked !== field.defaultChecked
      : field.value !== field.defaultValue,
  );
}
