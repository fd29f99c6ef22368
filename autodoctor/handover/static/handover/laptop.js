// @ts-check
/**
 * <hand-over data-from="…/handover">: on the laptop, the code for a phone, the question whether the phone may join, and the
 * buttons that disconnect it. What is asked and who has the call stands in markup of the server, which is rendered anew.
 */
import { ElapsedTime } from "lib/elapsed-time";
import { focusOn } from "lib/focus";
import { minutesAndSeconds } from "lib/format-time";
import { send, whileBusy } from "lib/sending";
import { wordsOf } from "lib/templates";
import { toast } from "lib/toasts";

const TICK_MS = 1_000;
const SOON_MS = [0, 1_000]; // the server writes down who has the call shortly after a page has joined

export class HandOver extends HTMLElement {
  /** When the code that is shown runs out, in milliseconds of the server's clock. */
  #runsOut = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticking;
  #wasAsked = false;
  #wasFilming = false;
  #watch = new MutationObserver(() => this.#follow());

  connectedCallback() {
    this.#dialog.addEventListener("toggle", () => (this.#dialog.open ? this.#opened() : this.#closed()));
    this.#room.addEventListener("click", (event) => this.#clicked(/** @type {Element} */ (event.target)));
    this.#room.addEventListener("call", () => {
      for (const wait of SOON_MS) setTimeout(() => this.#changed(), wait);
    });
    for (const id of ["room-handover-question", "room-handover"]) {
      const region = document.getElementById(id);
      if (region) this.#watch.observe(region, { childList: true, subtree: true, attributes: true });
    }
    this.#follow();
    if (this.#dialog.open) this.#opened(); // before this script was there
  }

  disconnectedCallback() {
    clearInterval(this.#ticking);
    this.#watch.disconnect();
  }

  // The code

  #opened() {
    if (!this.#asks) this.#make();
  }

  async #make() {
    this.#dialog.dataset.state = "busy";
    const { ok, body, detail } = await send(this.#address, {});
    if (!ok) return this.#fail(detail || wordsOf(this, "unclear"));
    const picture = /** @type {HTMLImageElement} */ (this.querySelector("[data-picture]"));
    picture.src = `data:image/svg+xml,${encodeURIComponent(body.picture)}`;
    picture.hidden = false;
    this.#slot("code").textContent = `${body.code.slice(0, 3)} ${body.code.slice(3)}`;
    this.#runsOut = Date.parse(body.expires_at);
    this.#dialog.dataset.state = "offered";
    clearInterval(this.#ticking);
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
    this.#changed();
  }

  #tick() {
    const left = Math.max(0, Math.round((this.#runsOut - ElapsedTime.clock.now()) / 1000));
    this.#slot("left").textContent = minutesAndSeconds(left);
    if (left === 0 && !this.#asks) this.#fail(wordsOf(this, "ran-out"));
  }

  /** @param {string} why */
  #fail(why) {
    clearInterval(this.#ticking);
    this.#slot("why").textContent = why;
    this.#dialog.dataset.state = "failed";
  }

  /** The code works on: a phone that has read it asks, and the dialog opens again. */
  #closed() {
    clearInterval(this.#ticking);
    this.#dialog.dataset.state = "busy";
  }

  // The phone

  /** The server has said how it stands. */
  #follow() {
    const asks = Boolean(this.#asks);
    if (asks && !this.#wasAsked) this.#ask();
    if (!asks && this.#wasAsked) this.#dialog.close();
    this.#wasAsked = asks;
    this.#takeBack();
  }

  /** Whoever is writing does not answer by pressing Enter: the question has the focus, no button. */
  #ask() {
    if (!this.#dialog.open) this.#dialog.showModal();
    focusOn(document.getElementById("handover-question-title"));
  }

  /** The phone is gone for good: what it had comes back here. */
  #takeBack() {
    const isFilming = this.#note?.hasAttribute("data-filming") ?? false;
    if (this.#wasFilming && !this.#note) this.#joinAgain();
    this.#wasFilming = isFilming;
  }

  #joinAgain() {
    const button = /** @type {HTMLElement} */ (this.querySelector("[data-joins-again]"));
    button.click();
    button.removeAttribute("aria-busy");
  }

  /** @param {Element} target */
  #clicked(target) {
    const button = /** @type {HTMLElement | null} */ (
      target.closest("[data-handover-answer], [data-handover-end], [data-handover-new]")
    );
    if (!button) return;
    whileBusy(button, async () => {
      const { handoverAnswer, handover } = button.dataset;
      if (handoverAnswer) await this.#answer({ handover, allow: handoverAnswer === "allow" });
      else if ("handoverNew" in button.dataset) await this.#make();
      else await this.#end();
    });
  }

  /** @param {{ handover: string | undefined, allow: boolean }} answer */
  async #answer(answer) {
    const { ok, detail } = await send(`${this.#address}/answer`, { body: JSON.stringify(answer) });
    if (!ok) toast(detail || wordsOf(this, "unclear"), "error");
    this.#changed();
  }

  async #end() {
    const { ok, detail } = await send(this.#address, { method: "DELETE" });
    if (!ok) toast(detail || wordsOf(this, "unclear"), "error");
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new CustomEvent("handover", { bubbles: true }));
  }

  get #address() {
    return this.dataset.from ?? "";
  }

  get #room() {
    return /** @type {HTMLElement} */ (this.closest("session-room"));
  }

  get #dialog() {
    return /** @type {HTMLDialogElement} */ (this.querySelector("#handover-dialog"));
  }

  get #asks() {
    return this.querySelector("[data-phone-asks]");
  }

  get #note() {
    return this.#room.querySelector(".handover-note");
  }

  /** @param {string} name */
  #slot(name) {
    return /** @type {HTMLElement} */ (this.querySelector(`[data-${name}]`));
  }
}
