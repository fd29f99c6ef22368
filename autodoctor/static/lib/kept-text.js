// @ts-check
/**
 * <kept-text data-key>: what is typed into its field stays on this device until the server has it. Without a field, and
 * with `data-sent`, the server has it.
 */
import { keep, recall } from "lib/typed-text";

export class KeptText extends HTMLElement {
  connectedCallback() {
    const key = this.dataset.key ?? "";
    const field = this.querySelector("textarea");
    if ("sent" in this.dataset) keep(key, "");
    if (!field) return;
    field.addEventListener("input", () => keep(key, field.value));
    if (field.value !== field.defaultValue) keep(key, field.value); // typed before this script was there
    const kept = recall(key);
    if (field.value || !kept) return;
    field.value = kept;
    field.dispatchEvent(new Event("input", { bubbles: true })); // counters count it
  }
}
