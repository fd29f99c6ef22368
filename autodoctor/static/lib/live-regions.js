// @ts-check
/**
 * The parts of the page that the server renders again when the state changes, each an element with `data-region` and an
 * id. Typed text, choices, open dialogs and focus stay. A dialog says if its question has changed or is no longer
 * possible.
 */
import { morph } from "lib/morph";

/**
 * @typedef {object} Facts  what the server says about the page, for the scripts
 * @property {string} state
 * @property {string} stage
 * @property {string} role
 * @property {boolean} shares  this person may share files
 * @property {boolean} prepares  this person has to check their devices
 * @property {number} refresh  seconds between looks; 0 for none
 * @property {number} refreshAt  milliseconds since the epoch, or NaN
 * @property {string} title
 */

const CLICK_FOLLOWS_MS = 50;

export class Regions {
  /** What the server sent last, by id. @type {Map<string, string>} */
  #served = new Map();
  #root;
  #lifted = Promise.resolve();

  /** Call before anything changes the markup. @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
    for (const region of regionsOf(root)) this.#served.set(region.id, region.innerHTML);
    root.addEventListener("pointerdown", () => (this.#lifted = lifted()));
  }

  /** Wait until no finger is on the page: swapping a button during a tap would lose the tap. */
  get untouched() {
    return this.#lifted;
  }

  /** @returns {Facts} */
  get facts() {
    const { dataset } = /** @type {HTMLElement} */ (this.#root.querySelector("[data-facts]"));
    return {
      state: dataset.state ?? "",
      stage: dataset.stage ?? "",
      role: dataset.role ?? "",
      shares: "shares" in dataset,
      prepares: "prepares" in dataset,
      refresh: Number(dataset.refresh ?? 0),
      refreshAt: dataset.refreshAt ? Date.parse(dataset.refreshAt) : NaN,
      title: (dataset.title ?? "").trim(),
    };
  }

  /** @param {string} markup  the same regions as the server renders them now */
  swap(markup) {
    const fresh = new DOMParser().parseFromString(markup, "text/html");
    for (const region of regionsOf(fresh)) {
      const present = document.getElementById(region.id);
      if (!present || this.#served.get(region.id) === region.innerHTML) continue;
      this.#served.set(region.id, region.innerHTML);
      renew(present, region, (name) => this.#words(name));
    }
  }

  /** @param {string} name */
  #words(name) {
    const template = /** @type {HTMLTemplateElement | null} */ (
      this.#root.querySelector(`template[data-dialog=${name}]`)
    );
    return template?.content.textContent?.trim() ?? "";
  }
}

/** @returns {Promise<void>} */
function lifted() {
  return new Promise((resolve) => {
    const lift = () => setTimeout(resolve, CLICK_FOLLOWS_MS);
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, lift, { once: true });
  });
}

/** @param {ParentNode} root */
function regionsOf(root) {
  return /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-region]"));
}

/**
 * @param {HTMLElement} present
 * @param {HTMLElement} fresh
 * @param {(name: string) => string} words
 */
function renew(present, fresh, words) {
  const focused = present.contains(document.activeElement) ? document.activeElement : null;
  const asking = /** @type {HTMLDialogElement[]} */ ([...present.querySelectorAll("dialog[open]")]);
  const asked = asking.map((dialog) => dialog.textContent);
  morph(present, fresh);
  for (const [place, dialog] of asking.entries()) {
    const isThere = fresh.querySelector(`#${CSS.escape(dialog.id)}`) !== null;
    if (!isThere) outdate(dialog, words("outdated"));
    else if (dialog.textContent !== asked[place]) note(dialog, words("changed"));
  }
  if (focused && focused !== document.activeElement) focusNear(present, focused);
}

/** It stays until it is closed, but nothing can be done in it. @param {HTMLDialogElement} dialog @param {string} words */
function outdate(dialog, words) {
  dialog.dataset.outdated = "";
  dialog.addEventListener("close", () => "outdated" in dialog.dataset && dialog.remove(), { once: true });
  if (isAnswered(dialog)) return;
  const focused = document.activeElement;
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (dialog.querySelectorAll("[formaction]"))) {
    button.disabled = true;
    if (button === focused) firstOf(dialog).focus();
  }
  note(dialog, words);
}

/** What happened is what was just asked for in it. @param {HTMLDialogElement} dialog */
function isAnswered(dialog) {
  return dialog.querySelector("[aria-busy=true]") !== null;
}

/** Only of dialogs that ask for something. @param {HTMLDialogElement} dialog @param {string} words */
function note(dialog, words) {
  if (!dialog.querySelector("[formaction]") || isAnswered(dialog)) return;
  const line = document.createElement("p");
  line.className = "banner banner--warn";
  line.setAttribute("role", "status");
  dialog.querySelector(".dialog__actions")?.before(line);
  line.textContent = words; // after it is there, so that it is read out
}

/**
 * Move the focus, because the focused element is gone.
 * @param {HTMLElement} present
 * @param {Element} focused
 */
function focusNear(present, focused) {
  const same = focused.id ? document.getElementById(focused.id) : null;
  const dialog = /** @type {HTMLDialogElement | null} */ (
    present.closest("dialog[open]") ?? present.querySelector("dialog[open]")
  );
  const next =
    same ??
    (dialog ? firstOf(dialog) : (present.querySelector("#panel-title") ?? document.getElementById("panel-title")));
  /** @type {HTMLElement | null} */ (next)?.focus();
}

/** What is behind an open dialog cannot have the focus. @param {HTMLDialogElement} dialog @returns {HTMLElement} */
function firstOf(dialog) {
  return dialog.querySelector(":is(input, select, textarea, button):enabled, a[href]") ?? dialog;
}
