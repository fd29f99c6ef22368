// @ts-check
/** How one upload looks in the list: its row, its progress, and why it failed. Markup and words are `template`s of the page. */
import { sizeInWords } from "lib/file-format";

/** @typedef {import("lib/upload").Upload} Upload */

const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" });

export class UploadRow {
  #upload;
  #templates;
  #maxBytes;

  /**
   * @param {Upload} upload
   * @param {object} page
   * @param {ParentNode} page.templates  has `template[data-upload]`, and a `template[data-why=…]` for each failure
   * @param {number} page.maxBytes
   * @param {string} page.group  which list it belongs to
   * @param {() => void} page.again  it was asked for once more
   */
  constructor(upload, { templates, maxBytes, group, again }) {
    this.#upload = upload;
    this.#templates = templates;
    this.#maxBytes = maxBytes;
    this.group = group;
    this.element = this.#make();
    this.element.addEventListener("click", ({ target }) => this.#pressed(/** @type {Element} */ (target), again));
  }

  draw() {
    const { state, isFinal, progress } = this.#upload;
    this.element.dataset.state = state;
    this.element.toggleAttribute("data-final", isFinal);
    const bar = /** @type {HTMLProgressElement} */ (this.element.querySelector("progress"));
    bar.value = progress;
    this.#slot("percent").textContent = percent.format(progress);
    this.#slot("why").replaceChildren(...(state === "failed" ? this.#why() : []));
  }

  /** @param {Element} list */
  moveTo(list) {
    if (this.element.parentElement === list) return;
    list.append(this.element);
    this.element.scrollIntoView({ block: "nearest" });
  }

  /** Returns whether it had the focus. */
  remove() {
    const held = this.element.contains(document.activeElement);
    this.element.remove();
    const image = this.#image;
    if (image?.src) URL.revokeObjectURL(image.src);
    return held;
  }

  #make() {
    const template = /** @type {HTMLTemplateElement} */ (this.#template("upload"));
    const copy = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
    const row = /** @type {HTMLElement} */ (copy.firstElementChild);
    const { file, name } = this.#upload;
    for (const slot of row.querySelectorAll("[data-slot=name]")) slot.textContent = name;
    /** @type {HTMLElement} */ (row.querySelector("[data-slot=size]")).textContent = sizeInWords(file.size);
    const image = /** @type {HTMLImageElement} */ (row.querySelector("img"));
    if (file.type.startsWith("image/")) image.src = URL.createObjectURL(file);
    image.onload = () => (image.hidden = false); // not every browser can show what a phone takes
    return row;
  }

  /**
   * @param {Element} target
   * @param {() => void} again
   */
  #pressed(target, again) {
    if (target.closest("[data-drop]")) this.#upload.drop();
    if (!target.closest("[data-again]")) return;
    this.#upload.again();
    again();
  }

  /** What happened and what to do. */
  #why() {
    const { failure, file } = this.#upload;
    if (failure?.detail) return [failure.detail];
    const words = this.#template("why", failure?.code ?? "") ?? this.#template("why", "unclear");
    const sentence = /** @type {DocumentFragment} */ (words?.content.cloneNode(true));
    for (const size of sentence.querySelectorAll("[data-slot=size]")) size.textContent = sizeInWords(file.size);
    for (const most of sentence.querySelectorAll("[data-slot=most]")) most.textContent = sizeInWords(this.#maxBytes);
    return [sentence];
  }

  /**
   * @param {string} name
   * @param {string} [value]
   * @returns {HTMLTemplateElement | null}
   */
  #template(name, value) {
    const selector = value ? `template[data-${name}="${CSS.escape(value)}"]` : `template[data-${name}]`;
    return this.#templates.querySelector(selector);
  }

  /** @param {string} name */
  #slot(name) {
    return /** @type {HTMLElement} */ (this.element.querySelector(`[data-slot=${name}]`));
  }

  get #image() {
    return this.element.querySelector("img");
  }
}
