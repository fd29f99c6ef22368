// @ts-check
/**
 * <code-lines for="field-id">: the trouble codes of the session. A press puts the line of a code at the end of the
 * field, another press takes it out. A code that stands there in the mechanic's own words is shown, not added again.
 * <proposed-lines for="field-id">: the same with lines from the conversation, which have no code.
 */
import { focusOn } from "lib/focus";
import { wordsOf } from "lib/templates";
import { toast } from "lib/toasts";

export class CodeLines extends HTMLElement {
  connectedCallback() {
    this.hidden = false;
    this.addEventListener("click", ({ target }) => {
      const button = /** @type {Element} */ (target).closest("button");
      if (button) this.#pressed(button);
    });
    this.#field.addEventListener("input", () => this.#look());
    this.#look();
  }

  /** @param {HTMLButtonElement} button */
  #pressed(button) {
    const { code = "", line = "" } = button.dataset;
    const { value } = this.#field;
    const own = lineIn(value, line);
    const mention = code ? mentionIn(value, code) : null;
    if (own) this.#replace(own, "", button);
    else if (mention) this.#show(mention);
    else this.#add(value && !value.endsWith("\n") ? `\n${line}` : line, button);
  }

  /** @param {string} text @param {HTMLElement} button */
  #add(text, button) {
    const { value, maxLength } = this.#field;
    if ([...value, ...text].length > maxLength) return toast(wordsOf(this, "full"), "info");
    this.#replace([value.length, value.length], text, button);
  }

  /**
   * As if it were typed: only so can the browser undo it, and what was typed before.
   * @param {[number, number]} between
   * @param {string} text
   * @param {HTMLElement} button  keeps the focus: no keyboard opens on a phone
   */
  #replace(between, text, button) {
    focusOn(this.#field, { scrolls: false });
    this.#field.setSelectionRange(...between);
    const done = text ? document.execCommand("insertText", false, text) : document.execCommand("delete");
    if (!done) {
      this.#field.setRangeText(text, ...between, "end");
      this.#field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    focusOn(button, { scrolls: false });
  }

  /** @param {[number, number]} between */
  #show(between) {
    focusOn(this.#field);
    this.#field.setSelectionRange(...between);
  }

  #look() {
    const { value } = this.#field;
    for (const button of this.querySelectorAll("button")) {
      const { code, line = "" } = button.dataset;
      button.ariaPressed = String((code ? mentionIn(value, code) : lineIn(value, line)) !== null);
    }
  }

  get #field() {
    return /** @type {HTMLTextAreaElement} */ (document.getElementById(this.getAttribute("for") ?? ""));
  }
}

/** A tag has a class of its own. */
export class ProposedLines extends CodeLines {}

/**
 * Where the line stands by itself, with the break that its going has to take along.
 * @param {string} text
 * @param {string} line
 * @returns {[number, number] | null}
 */
function lineIn(text, line) {
  const at = `\n${text}\n`.indexOf(`\n${line}\n`);
  if (at < 0) return null;
  const end = at + line.length;
  if (end < text.length) return [at, end + 1];
  return [Math.max(0, at - 1), end];
}

/**
 * Where the code is named, in whatever words.
 * @param {string} text
 * @param {string} code  capitals, digits, a hyphen
 * @returns {[number, number] | null}
 */
function mentionIn(text, code) {
  const found = new RegExp(`(?<!\\w)${code}(?!\\w)`, "i").exec(text);
  return found && [found.index, found.index + code.length];
}
