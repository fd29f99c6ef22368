// @ts-check
/**
 * <code-reader for="field-id">: reads the trouble codes of the car by a Bluetooth adapter, into the field for codes. Shown
 * only where the browser knows Bluetooth. Whatever happens, the adapter is let go, and words say how it went.
 */
import { fill, wordsOf } from "lib/templates";
import { BluetoothSerial } from "trouble_codes/bluetooth-serial";
import { PATIENCE, readCodes } from "trouble_codes/code-reading";
import { Elm327 } from "trouble_codes/elm327";
import { ReadingFailed } from "trouble_codes/reading-failed";

const MOST = 12; // codes that the field takes

export class CodeReader extends HTMLElement {
  /** How long it waits for the adapter, in milliseconds. */
  patience = PATIENCE;
  /** Of the reading that goes on. */
  #end = new AbortController();

  connectedCallback() {
    if (!navigator.bluetooth) return;
    this.hidden = false;
    this.addEventListener("click", ({ target }) => this.#clicked(/** @type {Element} */ (target)));
    addEventListener("pagehide", this.#stop);
  }

  disconnectedCallback() {
    removeEventListener("pagehide", this.#stop);
    this.#stop();
  }

  #stop = () => this.#end.abort();

  /** @param {Element} target */
  #clicked(target) {
    if (target.closest("[data-stop]")) this.#stop();
    else if (target.closest("[data-read]") && !this.#isBusy) void this.#read({ all: false });
    else if (target.closest("[data-read-all]") && !this.#isBusy) void this.#read({ all: true });
  }

  /** @param {{ all: boolean }} which  `all`: also devices that look like no adapter */
  async #read({ all }) {
    this.#end = new AbortController();
    /** @type {BluetoothSerial | undefined} */
    let port;
    try {
      this.#say("choosing");
      port = await BluetoothSerial.choose(all);
      this.#say("connecting");
      this.#enter(await Promise.race([this.#dialogue(port), stopped(this.#end.signal)]));
    } catch (error) {
      this.#say(error instanceof ReadingFailed ? error.reason : "garbled");
    } finally {
      port?.close();
    }
  }

  /** @param {BluetoothSerial} port */
  async #dialogue(port) {
    await port.open(this.patience.connect);
    this.#say("reading");
    return await readCodes(new Elm327(port), this.patience);
  }

  /** What stands in the field stays, and no code is entered twice. @param {string[]} codes */
  #enter(codes) {
    if (!codes.length) return this.#say("none");
    const field = this.#field;
    const there = field.value.toUpperCase();
    const missing = codes.slice(0, MOST).filter((code) => !there.includes(code));
    field.value = [field.value.trimEnd(), ...missing].filter(Boolean).join(" ");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    fill(this, "codes", codes.slice(0, MOST).join(", "));
    this.#say(codes.length > MOST ? "too-many" : "read");
  }

  /** @param {string} state */
  #say(state) {
    this.dataset.state = state;
    fill(this, "state", wordsOf(this, state));
    for (const button of this.querySelectorAll("[data-read], [data-read-all]"))
      button.ariaDisabled = String(this.#isBusy);
    const isOpen = state === "connecting" || state === "reading";
    this.querySelector("[data-stop]")?.toggleAttribute("hidden", !isOpen);
    if (state === "unchosen") this.querySelector("[data-read-all]")?.removeAttribute("hidden");
  }

  get #isBusy() {
    return ["choosing", "connecting", "reading"].includes(this.dataset.state ?? "");
  }

  get #field() {
    return /** @type {HTMLTextAreaElement} */ (document.getElementById(this.getAttribute("for") ?? ""));
  }
}

/** Rejects when the person stops, or leaves the page. @param {AbortSignal} signal @returns {Promise<never>} */
function stopped(signal) {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new ReadingFailed("stopped")), { once: true });
    if (signal.aborted) reject(new ReadingFailed("stopped"));
  });
}
