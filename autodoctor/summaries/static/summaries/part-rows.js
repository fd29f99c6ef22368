// @ts-check
/**
 * <part-rows data-most="50">: the parts of a summary, with rows to add and to remove. Dispatches `change` after both.
 * A press on a proposed part (`data-part`) puts it into an empty row.
 * The markup has several empty rows for browsers without scripts; with scripts one is enough.
 */
import { copyOf } from "lib/templates";

export class PartRows extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", ({ target }) => this.#clicked(/** @type {Element} */ (target)));
    for (const row of this.querySelectorAll("[data-row]")) if (isEmpty(row)) row.remove();
    this.#arrange();
  }

  /** Show just these. @param {Record<string, string>[]} parts  by the names of the inputs */
  fill(parts) {
    this.#list.replaceChildren();
    for (const part of parts) {
      const row = this.#add();
      for (const input of row.querySelectorAll("input")) input.value = part[input.name] ?? "";
    }
    this.#arrange();
  }

  /** @param {Element} target */
  #clicked(target) {
    if (target.closest("[data-add]")) this.#add().querySelector("input")?.focus();
    else if (target.closest("[data-part]")) this.#take(/** @type {HTMLElement} */ (target.closest("[data-part]")));
    else if (target.closest("[data-remove]")) this.#remove(/** @type {HTMLElement} */ (target.closest("[data-row]")));
    else return;
    this.#arrange();
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }

  #add() {
    const row = copyOf(this.querySelector("template"));
    this.#list.append(row);
    return row;
  }

  /** @param {HTMLElement} button  names the part */
  #take({ dataset: { part = "" } }) {
    const rows = /** @type {HTMLElement[]} */ ([...this.#list.children]);
    if (rows.some((row) => this.#name(row).value === part) || (this.#button.hidden && !rows.some(isEmpty))) return;
    this.#name(rows.find(isEmpty) ?? this.#add()).value = part;
  }

  /** @param {HTMLElement} row */
  #name(row) {
    return /** @type {HTMLInputElement} */ (row.querySelector("[name=part_name]"));
  }

  /** The focus goes to the row that took its place. @param {HTMLElement} row */
  #remove(row) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    /** @type {HTMLElement | null | undefined} */ (next?.querySelector("input") ?? this.#button)?.focus();
  }

  /** Keep at least one empty row. */
  #arrange() {
    if (!this.#list.childElementCount) this.#add();
    for (const remove of this.querySelectorAll("[data-remove]")) remove.removeAttribute("hidden");
    this.#button.hidden = this.#list.childElementCount >= Number(this.dataset.most);
  }

  get #list() {
    return /** @type {HTMLElement} */ (this.querySelector("[data-rows]"));
  }

  get #button() {
    return /** @type {HTMLButtonElement} */ (this.querySelector("[data-add]"));
  }
}

/** @param {Element} row */
function isEmpty(row) {
  return [...row.querySelectorAll("input")].every((input) => !input.value);
}
