// @ts-check
/** <photo-picks>: the photos in the summary. A photo shared here is picked at once. Dispatches `change`. */
import { filled, templateOf } from "lib/templates";
import { toast } from "lib/toasts";

export class PhotoPicks extends HTMLElement {
  connectedCallback() {
    this.addEventListener("file-shared", (event) => this.#shared(/** @type {CustomEvent} */ (event).detail));
    this.addEventListener("change", () => this.#limit());
    this.#limit();
  }

  /** Tick just these. @param {Set<string>} ids */
  choose(ids) {
    for (const box of this.#boxes) box.checked = ids.has(box.value);
    this.#limit();
  }

  /** @param {import("lib/upload").SharedFile} file */
  #shared(file) {
    if (file.kind !== "image") return toast(filled(templateOf(this, "not-a-photo")).textContent?.trim() ?? "", "info");
    const copy = filled(this.querySelector("template"));
    const box = /** @type {HTMLInputElement} */ (copy.querySelector("input"));
    box.value = file.id;
    box.checked = this.#chosen < this.#most;
    const image = /** @type {HTMLImageElement} */ (copy.querySelector("img"));
    image.alt = file.name;
    image.src = `${this.dataset.folder}${file.id}/thumbnail/`;
    this.querySelector("[data-list]")?.append(copy);
    this.querySelector("[data-none]")?.setAttribute("hidden", "");
    this.querySelector("[data-some]")?.removeAttribute("hidden");
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** Allow at most the maximum number of photos. */
  #limit() {
    const full = this.#chosen >= this.#most;
    for (const box of this.#boxes) box.disabled = full && !box.checked;
  }

  get #boxes() {
    return /** @type {HTMLInputElement[]} */ ([...this.querySelectorAll("input[name=photos]")]);
  }

  get #chosen() {
    return this.#boxes.filter((box) => box.checked).length;
  }

  get #most() {
    return Number(this.dataset.most);
  }
}
