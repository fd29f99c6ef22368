// @ts-check
/** <skill-choice data-most="12">: boxes to tick, at most so many, with a search that hides those called otherwise. */
import { fill } from "lib/templates";

export class SkillChoice extends HTMLElement {
  connectedCallback() {
    this.querySelector("[data-count]")?.removeAttribute("hidden");
    this.querySelector("[data-search]")?.removeAttribute("hidden");
    this.addEventListener("change", () => this.#count());
    this.#search?.addEventListener("input", () => this.#filter());
    this.#search?.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault(); // it searches already, and would send the form
    });
    addEventListener("pageshow", () => this.#count()); // a browser may tick what was ticked before
    this.#count();
    this.#filter();
  }

  #count() {
    const chosen = this.#boxes.filter((box) => box.checked).length;
    const full = chosen >= Number(this.dataset.most);
    for (const box of this.#boxes) box.disabled = full && !box.checked;
    fill(this, "chosen", String(chosen));
  }

  /** What is ticked stays in sight. */
  #filter() {
    const words = plain(this.#search?.value ?? "").trim();
    let found = 0;
    for (const item of this.querySelectorAll("li")) {
      const fits = plain(item.dataset.names ?? "").includes(words);
      item.hidden = !fits && !item.querySelector(":checked");
      found += Number(fits);
    }
    this.querySelector("[data-none]")?.toggleAttribute("hidden", found > 0);
  }

  get #boxes() {
    return /** @type {HTMLInputElement[]} */ ([...this.querySelectorAll("input[type=checkbox]")]);
  }

  get #search() {
    return /** @type {HTMLInputElement | null} */ (this.querySelector("input[type=search]"));
  }
}

/** Small letters without marks, so that "skoda" finds "Škoda". @param {string} text */
function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
