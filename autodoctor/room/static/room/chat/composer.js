// @ts-check
/** The message field: Enter sends, Shift+Enter breaks the line, a draft outlives the tab, long texts are not cut. */
import { focusOn } from "lib/focus";
import { keep, recall } from "lib/typed-text";

const MOST = 4_000; // characters, as the server counts them
const SHOW_SIZE_FROM = 3_500;
/** Letters, digits and signs, but for those that show nothing. `core/parsing.py` refuses the same texts. */
const SEEN = /(?![\u115f\u1160\u2800\u3164\uffa0])[\p{L}\p{N}\p{P}\p{S}]/u;
const TYPING_EVERY_MS = 3_000;
const INPUT_METHOD_KEY = 229; // https://www.w3.org/TR/uievents/#legacy-key-models

const number = new Intl.NumberFormat(document.documentElement.lang);

export class Composer {
  #form;
  #field;
  #send;
  #keepAs;
  #say;
  #typing;
  #toldTypingAt = 0;
  #open = true;

  /**
   * @param {HTMLFormElement} form
   * @param {string} keepAs  the key under which a draft is kept
   * @param {(text: string) => void} say
   * @param {() => void} typing
   */
  constructor(form, keepAs, say, typing) {
    this.#form = form;
    this.#field = /** @type {HTMLTextAreaElement} */ (form.elements.namedItem("text"));
    this.#send = /** @type {HTMLButtonElement} */ (form.querySelector("[type=submit]"));
    this.#keepAs = keepAs;
    this.#say = say;
    this.#typing = typing;
    this.#field.value ||= recall(keepAs);
    form.addEventListener("submit", (event) => this.#submit(event));
    this.#field.addEventListener("input", () => this.#changed());
    this.#field.addEventListener("keydown", (event) => this.#key(event));
    this.#draw();
  }

  /** A closed field stays as long as it holds something that was not sent. @param {boolean} open */
  setOpen(open) {
    this.#open = open;
    this.#field.readOnly = !open;
    this.#form.hidden = !open && !this.#field.value.trim();
    this.#draw();
  }

  get #text() {
    return this.#field.value.replaceAll("\0", "").toWellFormed().trim();
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    const text = this.#text;
    if (!this.#open || !SEEN.test(text) || sizeOf(text) > MOST) return;
    this.#field.value = "";
    this.#keep();
    this.#toldTypingAt = 0;
    this.#say(text);
    focusOn(this.#field);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Enter" || event.shiftKey || isInputMethod(event)) return;
    event.preventDefault();
    this.#form.requestSubmit();
  }

  #changed() {
    this.#keep();
    if (!this.#text || Date.now() - this.#toldTypingAt < TYPING_EVERY_MS) return;
    this.#toldTypingAt = Date.now();
    this.#typing();
  }

  #keep() {
    keep(this.#keepAs, this.#field.value);
    this.#draw();
  }

  #draw() {
    const size = sizeOf(this.#text);
    const shown = size >= SHOW_SIZE_FROM ? `${number.format(size)} / ${number.format(MOST)}` : "";
    /** @type {HTMLElement} */ (this.#form.querySelector("[data-slot=size]")).textContent = shown;
    /** @type {HTMLElement} */ (this.#form.querySelector("[data-over]")).hidden = size <= MOST;
    this.#field.ariaInvalid = String(size > MOST);
    this.#send.disabled = !this.#open || size > MOST;
    if (!CSS.supports("field-sizing", "content")) this.#grow();
  }

  /** Grow the field, in browsers without `field-sizing`. */
  #grow() {
    this.#field.style.height = "auto";
    this.#field.style.height = `${this.#field.scrollHeight + 2}px`;
  }
}

/**
 * Whether the key belongs to an input method. Safari ends the composition before the Enter that confirms it, which then
 * only its old key code tells from another.
 * @param {KeyboardEvent} event
 */
function isInputMethod(event) {
  return event.isComposing || event.keyCode === INPUT_METHOD_KEY;
}

/** @param {string} text */
function sizeOf(text) {
  return [...text].length;
}
