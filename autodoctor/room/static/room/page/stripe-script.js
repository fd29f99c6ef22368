// @ts-check
/** Loads Stripe.js, once, and not before a card is to be entered. What did not load in time can be tried again. */
import { within } from "lib/patience";

/** @type {Promise<(key: string) => Stripe> | null} */
let loading = null;
let tries = 0;

/**
 * @param {string} address  Stripe's own: nobody else may serve it
 * @param {number} patience  milliseconds
 */
export function loadStripe(address, patience) {
  if (globalThis.Stripe) return Promise.resolve(globalThis.Stripe); // it may have come late
  loading ??= within(patience, inserted(fresh(address))).catch((why) => {
    loading = null;
    throw why;
  });
  return loading;
}

/** A browser lets a second request of one address wait for the first one, which may never end. @param {string} address */
function fresh(address) {
  tries += 1;
  return tries > 1 ? `${address}?try=${tries}` : address;
}

/** @param {string} address @returns {Promise<(key: string) => Stripe>} */
function inserted(address) {
  const script = document.createElement("script");
  script.src = address;
  return new Promise((resolve, reject) => {
    const fail = () => {
      script.remove();
      reject(new Error("Stripe.js did not load"));
    };
    script.addEventListener("load", () => (globalThis.Stripe ? resolve(globalThis.Stripe) : fail()));
    script.addEventListener("error", fail);
    document.head.append(script);
  });
}
