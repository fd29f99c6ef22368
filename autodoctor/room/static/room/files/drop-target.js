// @ts-check
/**
 * Where files are dropped and pasted: on one element, or on the whole page. What is meant for a dialog or another field is
 * not meant for here, and a file that is dropped anywhere never takes the page away.
 */

/**
 * @typedef {object} DropListener
 * @property {() => boolean} isOpen  whether files are taken now
 * @property {(files: File[], areFolders: boolean[]) => void} dropped
 */

export class DropTarget {
  #owner;
  #target;
  #listener;

  /**
   * @param {HTMLElement} owner  is marked while something is dragged over the target
   * @param {HTMLElement} target
   * @param {DropListener} listener
   * @param {AbortSignal} signal
   */
  constructor(owner, target, listener, signal) {
    this.#owner = owner;
    this.#target = target;
    this.#listener = listener;
    for (const name of ["dragenter", "dragover", "dragleave", "drop"]) target.addEventListener(name, this, { signal });
    target.addEventListener("paste", this, { signal });
  }

  /** @param {Event} event */
  handleEvent(event) {
    if (event.type === "paste") this.#pasted(/** @type {ClipboardEvent} */ (event));
    else this.#dragged(/** @type {DragEvent} */ (event));
  }

  /** @param {ClipboardEvent} event */
  #pasted(event) {
    const pasted = event.clipboardData;
    if (!this.#listener.isOpen() || !pasted?.files.length || !this.#takesAt(event.target) || meansWords(pasted)) return;
    event.preventDefault();
    this.#listener.dropped([...pasted.files], []);
  }

  /** @param {EventTarget | null} target */
  #takesAt(target) {
    const dialog = document.querySelector("dialog:modal");
    if (!(target instanceof Element) || (dialog && !dialog.contains(this.#owner))) return false;
    const field = target.closest("input, textarea, select, [contenteditable], dialog, [popover]");
    return !field || (this.#owner.parentElement?.contains(field) ?? false) || field.contains(this.#owner);
  }

  /** @param {DragEvent} event */
  #dragged(event) {
    const carried = event.dataTransfer;
    if (!carried?.types.includes("Files")) return;
    event.preventDefault();
    const takes = this.#listener.isOpen() && this.#takesAt(event.target);
    const leaves = event.type === "dragleave" && !this.#contains(event.relatedTarget);
    this.#owner.toggleAttribute("data-dragging", takes && event.type !== "drop" && !leaves);
    if (!takes) carried.dropEffect = "none";
    else if (event.type === "drop") this.#dropped(carried);
  }

  /** @param {DataTransfer} carried */
  #dropped(carried) {
    const areFolders = [...carried.items].map((item) => item.webkitGetAsEntry?.()?.isDirectory ?? false);
    this.#listener.dropped([...carried.files], areFolders);
  }

  /** @param {EventTarget | null} element */
  #contains(element) {
    return element instanceof Node && this.#target.contains(element);
  }
}

/**
 * Spreadsheets and word processors add a picture to the words that are copied, file managers the names to the files.
 * @param {DataTransfer} pasted
 */
function meansWords(pasted) {
  const names = new Set([...pasted.files].map((file) => file.name));
  const lines = pasted
    .getData("text/plain")
    .split(/\r?\n/)
    .filter((line) => line.trim());
  return lines.some((line) => !names.has(line.trim().replace(/^.*[\\/]/, "")));
}
