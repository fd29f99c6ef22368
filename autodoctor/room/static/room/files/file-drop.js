// @ts-check
/**
 * <file-drop session="<uuid>" max-bytes="…">: shares files with a session. They are picked, taken with the camera,
 * dropped or pasted; each has its progress, can be cancelled, and when it failed tried again. Films that are too large are
 * made smaller first. What is on its way when the page is loaded anew goes on.
 *
 * Its markup is `room/parts/file_drop.html`. Buttons with `data-pick="camera|photos|files|sound"` inside of it open the
 * picker of that kind; `data-name` on one is what its file will be called, `data-shot` which item of the list it answers.
 * With the attribute `whole-page` the buttons may be anywhere, and so may what is dropped and pasted, but in dialogs and
 * in fields that are not of the element around this one; a list there with `data-uploads="<data-shot>"` holds what was
 * picked for that item, the first list with `data-uploads=""` everything else.
 *
 * Dispatches `file-shared` (it bubbles) with the file as the API describes it in `detail`, and `opened` whenever it is
 * told that this person may share files; `upload` with an upload whenever it stands another way.
 *
 * @typedef {{ name?: string, shot?: string, id?: string, still?: string, isResumed?: boolean }} Asked  `name`: what the
 *   files are called from now on, whatever their ending; `shot`: the item of the checklist that they answer; `id`: under
 *   which a single file is sent, so that the server stores it once; `still`: the request for a photo that it answers;
 *   `isResumed`: this page was sending it before it was loaded anew
 */
import { keepFocus } from "lib/focus";
import { filled, templateOf } from "lib/templates";
import { toast } from "lib/toasts";
import { Upload } from "lib/upload";
import { DropTarget } from "room/files/drop-target";
import { canShrink, shrinkFilm } from "room/files/film-shrinker";
import { KeptUploads } from "room/files/kept-uploads";
import { UploadRow, percent } from "room/files/upload-row";

const MOST_AT_ONCE = 3;

export class FileDrop extends HTMLElement {
  /** Each upload's row. @type {Map<Upload, UploadRow>} */
  #rows = new Map();
  #open = true;
  #leaving = new AbortController();
  /** The button that asked for a file. @type {DOMStringMap} */
  #asked = {};
  /** @type {KeptUploads | null} */
  #kept = null;
  #isRestored = false;

  connectedCallback() {
    this.#leaving = new AbortController();
    const { signal } = this.#leaving;
    const target = this.#target;
    target.addEventListener("click", (event) => this.#clicked(/** @type {Element} */ (event.target)), { signal });
    new DropTarget(this, target, { isOpen: () => this.#open, dropped: (...what) => this.#dropped(...what) }, signal);
    addEventListener("online", () => this.#goOn(), { signal });
    addEventListener("beforeunload", (event) => this.#wouldLose && event.preventDefault(), { signal });
    for (const input of this.#inputs) input.addEventListener("change", () => this.#picked(input), { signal });
  }

  disconnectedCallback() {
    this.#leaving.abort();
  }

  /** Whether this person may share files now. What is on its way goes on. */
  set open(open) {
    const isNews = open !== this.#open || !this.#kept;
    this.#open = open;
    if (open) this.dispatchEvent(new Event("opened"));
    if (isNews) this.#follow();
  }

  get open() {
    return this.#open;
  }

  /** A file is on its way. */
  get isBusy() {
    return [...this.#rows.keys()].some((upload) => upload.isOpen);
  }

  /** Leaving the page would lose a file. */
  get #wouldLose() {
    return [...this.#rows.keys()].some((upload) => upload.isOpen && !this.#kept?.has(upload));
  }

  /**
   * @param {Iterable<File>} files
   * @param {Asked} [asked]
   */
  add(files, asked = {}) {
    for (const file of files) this.#take(file, asked, this.#refusal(file));
    this.#begin();
  }

  /** Put every upload where it belongs. Call when the page's lists have changed. */
  settle() {
    for (const row of this.#rows.values()) {
      row.moveTo(this.#target.querySelector(`[data-uploads="${CSS.escape(row.group)}"]`) ?? this.#list);
    }
  }

  /** Go on with what this page was sending before it was loaded anew, or forget it when nothing is taken any more. */
  async #follow() {
    this.#kept ??= new KeptUploads(this.getAttribute("session") ?? "", this.#maxBytes);
    if (!this.#open) return this.#kept.clear();
    if (this.#isRestored) return;
    this.#isRestored = true;
    for (const { file, ...asked } of await this.#kept.restore()) this.#take(file, { ...asked, isResumed: true }, "");
    this.#begin();
  }

  #begin() {
    this.settle();
    this.#next();
  }

  /** @param {File[]} files @param {boolean[]} areFolders */
  #dropped(files, areFolders) {
    for (const [place, file] of files.entries()) {
      this.#take(file, {}, areFolders[place] ? "folder" : this.#refusal(file));
    }
    this.#begin();
  }

  /**
   * @param {File} file
   * @param {Asked} asked
   * @param {string} refusal  why it is not even sent
   */
  #take(file, { name, shot = "", id, still = "", isResumed = false }, refusal) {
    if ([...this.#rows.keys()].some((upload) => upload.id === id)) return; // it is on its way already
    const upload = new Upload(file, name ? stemOf(name) + endingOf(file.name) : file.name, shot);
    upload.id = id || upload.id;
    upload.still = still;
    upload.isResumed = isResumed;
    const mostBytes = this.#maxBytes;
    if (file.size > mostBytes && !refusal)
      upload.prepare = (moved, signal) => shrinkFilm(file, { mostBytes, moved, signal });
    const page = { templates: this, maxBytes: this.#maxBytes, group: shot, again: () => this.#next() };
    const row = new UploadRow(upload, page);
    this.#rows.set(upload, row);
    upload.addEventListener("change", () => this.#changed(upload));
    if (refusal) upload.fail({ code: refusal, detail: "" });
    else row.draw();
    if (!refusal) this.#kept?.keep(upload);
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
    if (file.size <= this.#maxBytes) return "";
    return canShrink(file) ? "" : file.type.startsWith("video/") ? "film" : "too_large";
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
    this.dispatchEvent(new CustomEvent("upload", { detail: upload }));
    if (upload.isSending) return this.#moved(upload);
    if (!upload.isOpen) this.#kept?.forget(upload);
    if (upload.state === "shared" || upload.state === "dropped") this.#remove(upload);
    if (upload.shared) this.dispatchEvent(new CustomEvent("file-shared", { detail: upload.shared, bubbles: true }));
    this.#next();
  }

  /** @param {Upload} upload */
  #moved(upload) {
    if (upload.state !== "preparing") this.#kept?.keep(upload);
    if (!upload.isResumed || upload.state !== "sending" || !upload.progress) return;
    upload.isResumed = false; // said once
    const slots = { name: upload.name, percent: percent.format(upload.progress) };
    toast(filled(templateOf(this, "words", "going-on"), slots).textContent?.trim() ?? "", "info");
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

  /** Where files are dropped and pasted, and its buttons are. @returns {HTMLElement} */
  get #target() {
    return this.hasAttribute("whole-page") ? document.documentElement : this;
  }

  get #address() {
    return `/api/sessions/${this.getAttribute("session")}`;
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

/** ".jpg" of "IMG_0001.jpg" @param {string} name */
function endingOf(name) {
  return name.match(/\.\w{1,8}$/)?.[0] ?? "";
}

/** "Engine bay" of "Engine bay.jpg" @param {string} name */
function stemOf(name) {
  return name.slice(0, name.length - endingOf(name).length);
}
