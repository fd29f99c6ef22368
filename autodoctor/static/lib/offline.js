// @ts-check
/**
 * What this device shows without a connection. <keep-offline data-summary="…"> has the service worker keep the offline
 * page and, for a person who is signed in, their last summary. Nothing else of a private page is ever kept, and the
 * summary goes when its person signs out, or as soon as this browser shows a page of anybody else.
 *
 * A form that is sent without a connection stays where it is, with everything in it.
 */
import { toast } from "lib/toasts";
import { wordsOf } from "lib/templates";
import { quietly } from "lib/typed-text";

const WORKER = "/service-worker.js";
const REMEMBERED = "offline:me"; // whose summary this device keeps

const me = document.documentElement.dataset.me ?? "";

class KeepOffline extends HTMLElement {
  async connectedCallback() {
    const registration = await quietly(() => navigator.serviceWorker.register(WORKER))?.catch(() => null);
    const address = this.dataset.summary;
    if (!registration || !me || !address) return;
    quietly(() => localStorage.setItem(REMEMBERED, me));
    await navigator.serviceWorker.ready;
    registration.active?.postMessage({ keep: address, me });
  }
}

/** Forget the summary that this device keeps. */
export async function forgetKeptPages() {
  quietly(() => localStorage.removeItem(REMEMBERED));
  const registration = await quietly(() => navigator.serviceWorker.getRegistration(WORKER))?.catch(() => null);
  registration?.active?.postMessage({ forget: true });
}

/** Whose summary this device keeps; empty for nobody's. */
export const keptFor = () => quietly(() => localStorage.getItem(REMEMBERED)) ?? "";

if (keptFor() && keptFor() !== me && document.querySelector("[data-kept-page]") === null) forgetKeptPages();

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (event.defaultPrevented || navigator.onLine || form.method !== "post") return;
  event.preventDefault();
  toast(wordsOf(document, "nothing-sent"), "warning");
});

customElements.define("keep-offline", KeepOffline);
