/**
 * <toast-list>: notices. `toast(text)` adds one; good news disappears after a while, bad news has to be dismissed.
 * A toast may lie over a button that somebody wants: a tap anywhere on it takes it away.
 */
import { copyOf } from "lib/templates";

const STAYS_MS = 8000;
const OPENED = "dialog:modal";
const HELD = "[data-held], :focus-within";

/** The list of this page, also while a dialog that was taken away has it. @type {ToastList | null} */
let list = null;

/** @param {Event} event */
const toastOf = ({ target }) => /** @type {Element} */ (target).closest(".toast");

class ToastList extends HTMLElement {
  #isReady = false;

  connectedCallback() {
    if (this.#isReady) return; // moved, not new
    this.#isReady = true;
    list = this;
    this.addEventListener("click", (event) => {
      const isSelecting = getSelection()?.isCollapsed === false;
      if (!isSelecting) toastOf(event)?.remove();
    });
    // Who reads it holds it. A mouse that was lying there before does not.
    this.addEventListener("pointermove", (event) => {
      if (event.movementX || event.movementY) toastOf(event)?.setAttribute("data-held", "");
    });
    this.addEventListener("pointerout", (event) => toastOf(event)?.removeAttribute("data-held"));
    document.addEventListener("fullscreenchange", () => this.#raise());
    // Of a dialog, that it opens or closes. Both events stay with their element.
    for (const change of ["toggle", "close"]) {
      document.addEventListener(change, ({ target }) => target instanceof HTMLDialogElement && this.#raise(), true);
    }
    // Toasts of the loaded page are removed and added again, so that screen readers announce them.
    const present = [...this.querySelectorAll(".toast")];
    present.forEach((each) => each.remove());
    setTimeout(() => present.forEach((each) => this.show(each)), 100);
  }

  /**
   * Show the list above everything, also above a dialog or a call in full screen. Outside of them a toast could be seen,
   * but neither touched nor read out.
   */
  #raise() {
    const home = [...document.querySelectorAll(OPENED)].at(-1) ?? document.fullscreenElement ?? document.body;
    if (this.parentElement !== home) home.append(this);
    if (!this.showPopover) return;
    this.popover = "manual";
    if (this.matches(":popover-open")) this.hidePopover();
    this.showPopover();
  }

  /** @param {Element} toast */
  show(toast) {
    this.#raise();
    toast.querySelector(".toast__close")?.removeAttribute("hidden");
    this.append(toast);
    if (!toast.matches(".toast--error, .toast--warning")) this.leaveLater(toast);
  }

  /** @param {Element} toast */
  leaveLater(toast) {
    setTimeout(() => (toast.matches(HELD) ? this.leaveLater(toast) : toast.remove()), STAYS_MS);
  }

  /**
   * @param {string} text
   * @param {"success" | "info" | "warning" | "error"} level
   */
  say(text, level) {
    const toast = copyOf(this.querySelector("template"));
    toast.classList.add(`toast--${level}`);
    /** @type {Element} */ (toast.querySelector(".toast__text")).textContent = text;
    const same = [...this.querySelectorAll(".toast")].find((each) => each.textContent === toast.textContent);
    same?.remove(); // said again, not twice
    this.show(toast);
    return toast;
  }
}

customElements.define("toast-list", ToastList);

/**
 * Tell the viewer something, aloud and on the page. The text comes from the page's markup.
 * @param {string} text
 * @param {"success" | "info" | "warning" | "error"} [level]
 */
export function toast(text, level = "info") {
  raise(text, level);
}

/**
 * As `toast`, for who may have to take it back.
 * @param {string} text
 * @param {"success" | "info" | "warning" | "error"} [level]
 * @returns {Element | undefined}
 */
export function raise(text, level = "info") {
  return list?.say(text, level);
}
