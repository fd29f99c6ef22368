// @ts-check
/** How one upload looks in the list: its row, its progress, and why it failed. Markup and words are `template`s of the page. */
import { sizeInWords } from "lib/file-format";
import { reveal } from "lib/scrolling";
import { copyOf, fill, filled, templateOf } from "lib/templates";

/** @typedef {import("lib/upload").Upload} Upload */

export const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" });

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
    fill(this.element, "percent", percent.format(progress));
    this.element.querySelector("[data-slot=why]")?.replaceChildren(...(state === "failed" ? this.#why() : []));
  }

  /** @param {Element} list */
  moveTo(list) {
    if (this.element.parentElement === list) return;
    list.append(this.element);
    reveal(this.element);
  }

  remove() {
    this.element.remove();
    const image = this.element.querySelector("img");
    if (image?.src) URL.revokeObjectURL(image.src);
  }

  #make() {
    const { file, name } = this.#upload;
    const row = copyOf(templateOf(this.#templates, "upload"), { name, size: sizeInWords(file.size) });
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
    const words = templateOf(this.#templates, "why", failure?.code) ?? templateOf(this.#templates, "why", "unclear");
    return [filled(words, { size: sizeInWords(file.size), most: sizeInWords(this.#maxBytes) })];
  }
}
