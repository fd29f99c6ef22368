// @ts-check
/**
 * The parts of the page that the server renders anew when the state changes, each an element with `data-region` and an
 * id. Only what differs from what the server sent before is touched: typed text, open dialogs and focus stay.
 */

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

  /** Until no finger is on the page: a button swapped under one would swallow the tap. */
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
      replaceContent(present, region);
    }
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
 */
function replaceContent(present, fresh) {
  const focused = present.contains(document.activeElement) ? document.activeElement : null;
  const content = document.importNode(fresh, true);
  keepTheSame(present, content);
  present.replaceChildren(...content.childNodes);
  if (!focused || focused === document.activeElement) return;
  const same = focused.id ? document.getElementById(focused.id) : null;
  const dialog = /** @type {HTMLDialogElement | null} */ (present.closest("dialog[open]"));
  const next = same ?? (dialog ? firstOf(dialog) : (present.querySelector("#panel-title") ?? document.getElementById("panel-title")));
  /** @type {HTMLElement | null} */ (next)?.focus();
}

/** What is behind an open dialog cannot have the focus. @param {HTMLDialogElement} dialog */
function firstOf(dialog) {
  return dialog.querySelector(":is(input, select, textarea, button):enabled, a[href]") ?? dialog;
}

/**
 * What has a key in `data-keep` and did not change stays the very element it is: a sound in it plays on.
 * @param {HTMLElement} present
 * @param {HTMLElement} content
 */
function keepTheSame(present, content) {
  for (const kept of /** @type {NodeListOf<HTMLElement>} */ (present.querySelectorAll("[data-keep]"))) {
    const same = content.querySelector(`[data-keep="${CSS.escape(kept.dataset.keep ?? "")}"]`);
    if (same?.outerHTML === kept.outerHTML) same.replaceWith(kept);
  }
}
