// @ts-check
/**
 * <card-entry data-script data-key data-back>: a card is entered in the room, by Stripe's Payment Element, in a sheet that
 * leaves the call in view. It does not stand in the top layer, because the window of a bank that Stripe opens would lie
 * beneath it. Whether it was paid the server learns from Stripe, and tells by the log.
 */
import { focusOn, keepFocus } from "lib/focus";
import { within } from "lib/patience";
import { send, whileBusy } from "lib/sending";
import { fill, wordsOf } from "lib/templates";
import { toast } from "lib/toasts";
import { appearance, whenThemeChanges } from "room/page/card-appearance";
import { loadStripe } from "room/page/stripe-script";

/** @typedef {"loading" | "ready" | "paying" | "slow" | "paid" | "failed"} Stage */
/** @typedef {{ stripe: Stripe, elements: StripeElements, element: StripePaymentElement }} Mounted */

const PATIENCE_MS = 12_000; // until the form for the card has to be there
const SLOW_MS = 45_000; // a bank that asks its customer may take longer: nothing is given up, another way is offered
/** Stripe's words for these are meant for the card's holder. */
const FOR_THE_HOLDER = new Set(["card_error", "validation_error"]);

export class CardEntry extends HTMLElement {
  /** The extension that is paid here: its address in the API. */
  #address = "";
  /** @type {Mounted | null} */
  #mounted = null;
  /** Counts what was begun, so that what comes late for an earlier one is ignored. */
  #turn = 0;

  connectedCallback() {
    this.addEventListener("click", (event) => this.#clicked(/** @type {HTMLElement} */ (event.target)));
    this.addEventListener("keydown", ({ key }) => key === "Escape" && this.#hide());
    whenThemeChanges(() => this.#mounted?.elements.update({ appearance: appearance() }));
    new ResizeObserver(() => this.#measure()).observe(this.#sheet);
  }

  /**
   * Show the sheet, with what was typed into it for the same extension.
   * @param {{ address: string, price: string, time: string, reason: string }} order  `reason`: why the bank said no before
   */
  open({ address, price, time, reason }) {
    fill(this, "price", price);
    fill(this, "time", time);
    if (document.fullscreenElement) document.exitFullscreen(); // a bank's window would be behind it
    this.#show(true);
    focusOn(this.querySelector("#card-entry-title"));
    if (address === this.#address && this.#mounted) return;
    this.#begin(address);
    this.#problem = reason;
  }

  /** Nothing is to be paid here any more. */
  close() {
    if (!this.#address) return;
    this.#turn += 1;
    this.#address = "";
    this.#unmount();
    this.#hide();
  }

  /** @param {string} address */
  async #begin(address) {
    const turn = (this.#turn += 1);
    this.#address = address;
    this.#unmount();
    this.#stage = "loading";
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const [Stripe, answer] = await Promise.all([this.#script(), send(`${address}/card`, { signal })]);
    if (turn !== this.#turn) return;
    if (answer.detail) return this.#refused(answer.detail);
    const isThere = Stripe && answer.ok && (await this.#mount(Stripe, answer.body.client_secret).catch(() => false));
    if (turn === this.#turn) this.#stage = isThere ? "ready" : "failed";
  }

  /** @returns {Promise<((key: string) => Stripe) | null>} */
  #script() {
    return loadStripe(this.dataset.script ?? "", PATIENCE_MS).catch(() => null);
  }

  /**
   * Rejects where Stripe.js takes key or secret for a mistake.
   * @param {(key: string) => Stripe} Stripe
   * @param {string} clientSecret
   * @returns {Promise<boolean>}  the form is there
   */
  async #mount(Stripe, clientSecret) {
    const stripe = Stripe(this.dataset.key ?? "");
    const locale = document.documentElement.lang;
    const elements = stripe.elements({ clientSecret, appearance: appearance(), locale });
    const wallets = { applePay: "auto", googlePay: "auto", link: "never" }; // Link opens windows of its own
    const element = elements.create("payment", { layout: "tabs", wallets });
    this.#mounted = { stripe, elements, element };
    const isReady = new Promise((resolve) => {
      element.on("ready", () => resolve(true));
      element.on("loaderror", () => resolve(false));
    });
    element.mount(/** @type {HTMLElement} */ (this.querySelector("[data-mount]")));
    return within(PATIENCE_MS, isReady);
  }

  #unmount() {
    this.#mounted?.element.destroy();
    this.#mounted = null;
    this.querySelector("[data-mount]")?.replaceChildren();
    this.#problem = "";
  }

  /** @param {HTMLElement} target */
  #clicked(target) {
    const button = /** @type {HTMLButtonElement | null} */ (target.closest("button[data-act]"));
    if (button?.dataset.act === "hide") this.#hide();
    if (button?.dataset.act === "again") this.#begin(this.#address);
    if (button?.dataset.act === "pay") whileBusy(button, () => this.#pay());
  }

  async #pay() {
    const [turn, mounted, address] = [this.#turn, this.#mounted, this.#address];
    if (!mounted) return;
    this.#stage = "paying";
    this.#problem = "";
    const slow = setTimeout(() => turn === this.#turn && (this.#stage = "slow"), SLOW_MS);
    const confirmParams = { return_url: new URL(this.dataset.back ?? "", location.href).href };
    const { stripe, elements } = mounted;
    const { error } = await stripe
      .confirmPayment({ elements, confirmParams, redirect: "if_required" })
      .catch(() => ({ error: { type: "unknown", message: "" } }))
      .finally(() => clearTimeout(slow));
    if (turn !== this.#turn) return;
    const isSaid = error && FOR_THE_HOLDER.has(error.type);
    if (!error) this.#stage = "paid";
    if (!isSaid && (await this.#isPaid(address)) && turn === this.#turn) this.#stage = "paid";
    else if (error && turn === this.#turn) this.#failed((isSaid && error.message) || wordsOf(this, "unclear"));
  }

  /** The server asks Stripe. @param {string} address */
  async #isPaid(address) {
    const { body } = await send(`${address}/confirmed`, {});
    return body?.state === "paid";
  }

  /** Another try is possible: what was typed is still there. @param {string} why */
  #failed(why) {
    this.#stage = "ready";
    this.#problem = why;
    this.dispatchEvent(new Event("card-refused", { bubbles: true }));
  }

  /** @param {string} why  in the server's words */
  #refused(why) {
    this.close();
    toast(why, "error");
    this.dispatchEvent(new Event("card-refused", { bubbles: true }));
  }

  /** @param {Stage} stage */
  set #stage(stage) {
    for (const part of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("[data-when]"))) {
      part.hidden = !part.dataset.when?.split(" ").includes(stage);
    }
  }

  /** @param {string} why */
  set #problem(why) {
    fill(this, "problem", why);
  }

  /** What was typed stays. */
  #hide() {
    const hide = () => this.#show(false);
    keepFocus(this, hide, () => document.querySelector("#more-time-now [data-enter-card]"));
  }

  /** @param {boolean} isOpen */
  #show(isOpen) {
    this.#sheet.hidden = !isOpen;
    this.closest("session-room")?.toggleAttribute("data-pays", isOpen);
  }

  /** The room stands above the sheet, or beside it. */
  #measure() {
    const room = /** @type {HTMLElement | null} */ (this.closest("session-room"));
    room?.style.setProperty("--entry", `${Math.round(this.#sheet.getBoundingClientRect().height)}px`);
  }

  /** @returns {HTMLElement} */
  get #sheet() {
    return /** @type {HTMLElement} */ (this.querySelector("section"));
  }
}
