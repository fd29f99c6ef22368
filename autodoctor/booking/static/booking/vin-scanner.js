// @ts-check
/**
 * <vin-scanner for="id_vin">: fills the field from the barcode on the car, by the rear camera; without a camera, or
 * where no barcode can be read, a photo is shown to type from, which stays on this device.
 *
 * Its markup is `booking/vin_scanner.html`. The dialog's `data-state` says which of its parts (`data-when`) are shown:
 * opening, looking, asking (whether what was typed is replaced) or failed. The camera is given back on every way out:
 * the dialog closes, the page is hidden or left, the element goes.
 *
 * @typedef {"opening"|"looking"|"asking"|"failed"} State
 */
import { focusOn } from "lib/focus";
import { fill, wordsOf } from "lib/templates";
import { toast } from "lib/toasts";
import { VinReader, ownDetector } from "booking/vin-reader";
import { abilitiesOf, close, constrain, openRearCamera } from "room/call/devices";

const SLOW_AFTER_MS = 12_000; // then it says what else can be done

export class VinScanner extends HTMLElement {
  #leaving = new AbortController();
  #scan = new AbortController();
  /** @type {MediaStream | undefined} */
  #stream;
  #vin = "";

  connectedCallback() {
    this.#leaving = new AbortController();
    const { signal } = this.#leaving;
    this.hidden = false;
    this.addEventListener("click", (event) => this.#clicked(/** @type {Element} */ (event.target)), { signal });
    this.#photo.addEventListener("change", () => this.#showPhoto(), { signal });
    this.#dialog.addEventListener("close", () => this.#stop(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden && this.#dialog.close(), { signal });
    addEventListener("pagehide", () => this.#dialog.close(), { signal });
  }

  disconnectedCallback() {
    this.#leaving.abort();
    this.#stop();
  }

  /** @param {Element} target */
  #clicked(target) {
    const { scan } = /** @type {HTMLElement | null} */ (target.closest("[data-scan]"))?.dataset ?? {};
    if (scan === "start") this.#start();
    if (scan === "torch") this.#switchTorch();
    if (scan === "photo") this.#photo.click();
    if (scan === "forget") this.#forgetPhoto();
    if (scan === "enlarge") this.#enlarge(/** @type {HTMLElement} */ (target));
    if (scan === "use") this.#take();
    if (scan === "use" || scan === "photo") this.#dialog.close();
  }

  async #start() {
    this.#scan = new AbortController();
    const { signal } = this.#scan;
    this.#become("opening");
    this.#dialog.showModal();
    const [{ stream, reason }, detector] = await Promise.all([openRearCamera(), ownDetector()]);
    if (signal.aborted) return close(stream);
    if (!stream) return this.#fail(reason ?? "unclear");
    await this.#show(stream);
    if (!signal.aborted) await this.#look(new VinReader(detector), signal);
  }

  /** @param {MediaStream} stream */
  async #show(stream) {
    this.#stream = stream;
    const [track] = stream.getVideoTracks();
    track.onended = () => this.#stream === stream && this.#fail("missing");
    this.#torch.hidden = !abilitiesOf(track).torch;
    this.#torch.ariaPressed = "false";
    this.#video.srcObject = stream;
    await this.#video.play().catch(() => {}); // closed meanwhile
    if (this.#stream === stream) this.#become("looking");
  }

  /**
   * @param {VinReader} reader
   * @param {AbortSignal} signal
   */
  async #look(reader, signal) {
    const begun = Date.now();
    while (!signal.aborted) {
      const { found, trouble, wait } = await reader.look(this.#video, this.#aim);
      if (signal.aborted) return;
      if (found) return this.#found(found.vin);
      this.#say(trouble || (Date.now() - begun > SLOW_AFTER_MS ? "slow" : "aim"));
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  /** What was typed is replaced only by who typed it. @param {string} vin */
  #found(vin) {
    this.#vin = vin;
    const typed = this.#field.value.replace(/[\s-]/g, "").toUpperCase();
    if (!typed || typed === vin) {
      this.#take();
      return this.#dialog.close();
    }
    this.#stop();
    fill(this.#dialog, "typed", typed);
    fill(this.#dialog, "vin", vin);
    this.#become("asking");
    focusOn(this.querySelector("[data-scan=use]"));
  }

  #take() {
    this.#field.value = this.#vin;
    this.#field.dispatchEvent(new Event("input", { bubbles: true }));
    toast(wordsOf(this, "read"), "success");
  }

  /** @param {string} reason */
  #fail(reason) {
    this.#stop();
    this.#become("failed");
    fill(this.#dialog, "why", wordsOf(this, reason, "why"));
  }

  /** Give the camera back, and wait for nothing any more. */
  #stop() {
    this.#scan.abort();
    close(this.#stream);
    this.#stream = undefined;
    this.#video.srcObject = null;
  }

  async #switchTorch() {
    const on = this.#torch.ariaPressed !== "true";
    const [track] = this.#stream?.getVideoTracks() ?? [];
    const did = await constrain(track ?? null, { torch: on }).then(
      () => true,
      () => false,
    );
    if (did) this.#torch.ariaPressed = String(on);
    else this.#torch.hidden = true; // it said that it could
  }

  #showPhoto() {
    const [file] = this.#photo.files ?? [];
    if (!file) return;
    this.#forgetPicture();
    this.#picture.src = URL.createObjectURL(file);
    this.#figure.hidden = false;
    this.#photo.value = ""; // the same photo may be picked again
    focusOn(this.#field);
  }

  /** @param {HTMLElement} button */
  #enlarge(button) {
    button.ariaPressed = String(button.ariaPressed !== "true");
  }

  #forgetPhoto() {
    this.#forgetPicture();
    this.#figure.hidden = true;
    focusOn(this.#field);
  }

  #forgetPicture() {
    if (this.#picture.src) URL.revokeObjectURL(this.#picture.src);
    this.#picture.removeAttribute("src");
  }

  /** @param {State} state */
  #become(state) {
    this.#dialog.dataset.state = state;
    if (state === "looking") this.#say("aim");
  }

  /** Said once, however often it is true. @param {string} name */
  #say(name) {
    const line = /** @type {HTMLElement} */ (this.querySelector("[data-slot=status]"));
    const words = wordsOf(this, name);
    if (line.textContent !== words) line.textContent = words;
  }

  get #field() {
    return /** @type {HTMLInputElement} */ (document.getElementById(this.getAttribute("for") ?? ""));
  }

  get #dialog() {
    return /** @type {HTMLDialogElement} */ (this.querySelector("dialog"));
  }

  get #video() {
    return /** @type {HTMLVideoElement} */ (this.querySelector("video"));
  }

  get #aim() {
    return /** @type {HTMLElement} */ (this.querySelector("[data-aim]"));
  }

  get #torch() {
    return /** @type {HTMLButtonElement} */ (this.querySelector("[data-scan=torch]"));
  }

  get #photo() {
    return /** @type {HTMLInputElement} */ (this.querySelector("input[type=file]"));
  }

  get #figure() {
    return /** @type {HTMLElement} */ (this.querySelector("figure"));
  }

  get #picture() {
    return /** @type {HTMLImageElement} */ (this.querySelector("figure img"));
  }
}
