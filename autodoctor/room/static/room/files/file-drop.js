// @ts-check
/**
 * <file-drop session="<uuid>" max-bytes="…">: shares files with a session. They are picked, taken with the camera,
 * dropped or pasted; each has its progress, can be cancelled, and when it failed tried again.
 *
 * Its markup is `room/parts/file_drop.html`. Buttons with `data-pick="camera|photos|files|sound"` inside of it open the
 * picker of that kind; `data-name` on one is what its file will be called, `data-shot` which item of the list it answers.
 * With the attribute `whole-page` the buttons may be anywhere, and so may what is dropped and pasted, but in dialogs and
 * in fields that are not of the element around this one; a list there with `data-uploads="<data-shot>"` holds what was
 * picked for that item, the first list with `data-uploads=""` everything else.
 *
 * Dispatches `file-shared` (it bubbles) with the file as the API describes it in `detail`.
 */
import { keepFocus } from "lib/focus";
import { Upload } from "lib/upload";
import { UploadRow } from "room/files/upload-row";

const MOST_AT_ONCE = 3;

export class FileDrop extends HTMLElement {
  /** Each upload's row. @type {Map<Upload, UploadRow>} */
  #rows = new Map();
  #open = true;
  #leaving = new AbortController();
  /** The button that asked for a file. @type {DOMStringMap} */
  #asked = {};

  connectedCallback() {
    this.#leaving = new AbortController();
    const { signal } = this.#leaving;
    const target = this.#target;
    target.addEventListener("click", (event) => this.#clicked(/** @type {Element} */ (event.target)), { signal });
    for (const name of ["dragenter", "dragover", "dragleave", "drop"]) target.addEventListener(name, this, { signal });
    target.addEventListener("paste", this, { signal });
    addEventListener("online", () => this.#goOn(), { signal });
    addEventListener("beforeunload", (event) => this.isBusy && event.preventDefault(), { signal });
    for (const input of this.#inputs) input.addEventListener("change", () => this.#picked(input), { signal });
  }

  disconnectedCallback() {
    this.#leaving.abort();
  }

  /** Whether this person may share files now. What is on its way goes on. */
  set open(open) {
    this.#open = open;
  }

  get open() {
    return this.#open;
  }

  /** Leaving the page would lose a file. */
  get isBusy() {
    return [...this.#rows.keys()].some((upload) => upload.isOpen);
  }

  /**
   * @param {Iterable<File>} files
   * @param {{ name?: string, shot?: string }} [asked]  what they are called from now on, without an ending, and the item
   *   of the checklist that they answer
   */
  add(files, asked = {}) {
    for (const file of files) this.#take(file, asked, this.#refusal(file));
    this.settle();
    this.#next();
  }

  /** Put every upload where it belongs. Call when the page's lists have changed. */
  settle() {
    for (const row of this.#rows.values()) {
      row.moveTo(this.#target.querySelector(`[data-uploads="${CSS.escape(row.group)}"]`) ?? this.#list);
    }
  }

  /** @param {Event} event */
  handleEvent(event) {
    if (event.type === "paste") this.#pasted(/** @type {ClipboardEvent} */ (event));
    else this.#dragged(/** @type {DragEvent} */ (event));
  }

  /** @param {ClipboardEvent} event */
  #pasted(event) {
    const pasted = event.clipboardData;
    if (!this.#open || !pasted?.files.length || !this.#takesAt(event.target) || meansWords(pasted)) return;
    event.preventDefault();
    this.add(pasted.files);
  }

  /** What is meant for a dialog or another field is not meant for here. @param {EventTarget | null} target */
  #takesAt(target) {
    const dialog = document.querySelector("dialog:modal");
    if (!(target instanceof Element) || (dialog && !dialog.contains(this))) return false;
    const field = target.closest("input, textarea, select, [contenteditable], dialog, [popover]");
    return !field || (this.parentElement?.contains(field) ?? false) || field.contains(this);
  }

  /** A file that is dropped anywhere must never take the page away. @param {DragEvent} event */
  #dragged(event) {
    const carried = event.dataTransfer;
    if (!carried?.types.includes("Files")) return;
    event.preventDefault();
    const takes = this.#open && this.#takesAt(event.target);
    const leaves = event.type === "dragleave" && !this.#contains(event.relatedTarget);
    this.toggleAttribute("data-dragging", takes && event.type !== "drop" && !leaves);
    if (!takes) carried.dropEffect = "none";
    else if (event.type === "drop") this.#dropped(carried);
  }

  /** @param {DataTransfer} carried */
  #dropped(carried) {
    const folders = [...carried.items].map((item) => item.webkitGetAsEntry?.()?.isDirectory);
    for (const [place, file] of [...carried.files].entries()) {
      this.#take(file, {}, folders[place] ? "folder" : this.#refusal(file));
    }
    this.settle();
    this.#next();
  }

  /**
   * @param {File} file
   * @param {{ name?: string, shot?: string }} asked
   * @param {string} refusal  why it is not even sent
   */
  #take(file, { name, shot = "" }, refusal) {
    const upload = new Upload(file, name ? name + endingOf(file.name) : file.name, shot);
    const page = { templates: this, maxBytes: this.#maxBytes, group: shot, again: () => this.#next() };
    const row = new UploadRow(upload, page);
    this.#rows.set(upload, row);
    upload.addEventListener("change", () => this.#changed(upload));
    if (refusal) upload.fail({ code: refusal, detail: "" });
    else row.draw();
  }

  /** @param {Element} target */
  #clicked(target) {
    const button = /** @type {HTMLElement | null} */ (target.closest("[data-pick]"));
    if (!button) return;
    const sheet = /** @type {HTMLElement | null} */ (button.closest("[popover]"));
    if (sheet?.matches(":popover-open")) sheet.hidePopover();
    this.#asked = button.dataset;
    this.#inputs.find((input) => input.dataset.input === button.dataset.pick)?.click();
  }

  /** @param {HTMLInputElement} input */
  #picked(input) {
    this.add(input.files ?? [], this.#asked);
    input.value = ""; // the same file may be picked again
  }

  /** What can be said before anything is sent. @param {File} file */
  #refusal(file) {
    if (file.size === 0) return "empty";
    return file.size > this.#maxBytes ? "too_large" : "";
  }

  /** The connection is back. */
  #goOn() {
    for (const upload of this.#rows.keys()) if (upload.failure?.code === "offline") upload.again();
    this.#next();
  }

  #next() {
    const uploads = [...this.#rows.keys()];
    const free = MOST_AT_ONCE - uploads.filter((upload) => upload.isSending).length;
    const waiting = uploads.filter((upload) => upload.state === "waiting");
    for (const upload of waiting.slice(0, Math.max(0, free))) upload.send(this.#address);
  }

  /** @param {Upload} upload */
  #changed(upload) {
    this.#rows.get(upload)?.draw();
    if (upload.isSending) return;
    if (upload.state === "shared" || upload.state === "dropped") this.#remove(upload);
    if (upload.shared) this.dispatchEvent(new CustomEvent("file-shared", { detail: upload.shared, bubbles: true }));
    this.#next();
  }

  /** @param {Upload} upload */
  #remove(upload) {
    const row = this.#rows.get(upload);
    this.#rows.delete(upload);
    if (row)
      keepFocus(
        row.element,
        () => row.remove(),
        () => this.querySelector("button"),
      );
  }

  /** @param {EventTarget | null} element */
  #contains(element) {
    return element instanceof Node && this.#target.contains(element);
  }

  /** Where files are dropped and pasted, and its buttons are. @returns {HTMLElement} */
  get #target() {
    return this.hasAttribute("whole-page") ? document.documentElement : this;
  }

  get #address() {
    return `/api/sessions/${this.getAttribute("session")}/files`;
  }

  get #maxBytes() {
    return Number(this.getAttribute("max-bytes") ?? Infinity);
  }

  get #list() {
    return /** @type {HTMLElement} */ (this.querySelector("[data-uploads='']"));
  }

  get #inputs() {
    return /** @type {HTMLInputElement[]} */ ([...this.querySelectorAll("input[data-input]")]);
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

/** ".jpg" of "IMG_0001.jpg" @param {string} name */
function endingOf(name) {
  return name.match(/\.\w{1,8}$/)?.[0] ?? "";
}
