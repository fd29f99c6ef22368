// @ts-check
/**
 * <phone-entry data-ask="/api/handover/…">: on the phone, asks with the code to join, shows the number that the computer
 * shows, and goes on once the person has allowed it there. `data-state`: asking, asked, refused.
 */
import { send } from "lib/sending";
import { wordsOf } from "lib/templates";

const AGAIN_MS = 1_000;

export class PhoneEntry extends HTMLElement {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #again;

  connectedCallback() {
    this.#ask();
  }

  disconnectedCallback() {
    clearTimeout(this.#again);
  }

  async #ask() {
    const { ok, status, body, detail } = await send(this.dataset.ask ?? "", {});
    if (ok && body.state === "open") return location.replace(body.page);
    if (ok) this.#show(body.number);
    else if (status && status < 500) return this.#refuse(detail);
    this.#again = setTimeout(() => this.#ask(), AGAIN_MS);
  }

  /** @param {number} number */
  #show(number) {
    /** @type {HTMLElement} */ (this.querySelector("[data-number]")).textContent = String(number);
    this.dataset.state = "asked";
  }

  /** @param {string} why */
  #refuse(why) {
    const wasAsked = this.dataset.state === "asked";
    const words = wasAsked ? wordsOf(this, "turned-away") : why;
    /** @type {HTMLElement} */ (this.querySelector("[data-why]")).textContent = words || wordsOf(this, "unclear");
    this.dataset.state = "refused";
  }
}

customElements.define("phone-entry", PhoneEntry);
