// @ts-check
/**
 * <push-switch data-key="…" data-me="…">: switches push messages in this browser on and off.
 *
 * The state is an attribute, <html data-push="off|busy|on|denied|install|never">, and the style sheet shows the part
 * with this `data-when`: so the state survives when the server renders the switch again. The browser asks for
 * permission only after a press.
 */
import { namesOf } from "lib/browser-name";
import { within } from "lib/patience";
import { send } from "lib/sending";
import { toast } from "lib/toasts";

const ADDRESS = "/api/push/subscriptions";
const WORKER = "/service-worker.js";
const PATIENCE_MS = 30_000; // a push service that cannot be reached says nothing
const REMEMBERED = "push:me"; // whose browser this is: somebody else who signs in here has not asked for anything
/** What the server calls this browser, once it knows it. @type {Promise<string> | undefined} */
let known;

export class PushSwitch extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", this);
    this.#choose();
    this.#look();
  }

  /** @param {Event} event */
  handleEvent(event) {
    const { dataset } =
      /** @type {HTMLElement} */ (/** @type {Element} */ (event.target).closest("[data-push-do]")) ?? {};
    if (dataset?.pushDo === "on") this.#switch(() => this.#ask());
    if (dataset?.pushDo === "off") this.#switch(() => this.#stop());
  }

  /** Show the words for this browser. */
  #choose() {
    const names = [...namesOf(), "other"];
    for (const words of this.querySelectorAll("[data-browsers]")) {
      const all = /** @type {HTMLElement[]} */ ([...words.children]);
      const best = names.find((name) => all.some((each) => each.dataset.browser === name));
      for (const each of all) each.hidden = each.dataset.browser !== best;
    }
  }

  async #look() {
    if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) {
      return show(namesOf().includes("ios") ? "install" : "never");
    }
    if (Notification.permission === "denied") return show("denied");
    const whose = localStorage.getItem(REMEMBERED);
    if (whose !== null && whose !== this.dataset.me) await this.#forget().catch(() => {});
    if (whose !== this.dataset.me || Notification.permission !== "granted") return show("off");
    known ??= this.#renew();
    show((await known) ? "on" : "off");
  }

  /**
   * The button that was pressed is gone afterwards: who pressed a key goes on at the one in its place.
   * @param {() => Promise<void>} act
   */
  async #switch(act) {
    const focused = this.contains(document.activeElement);
    show("busy");
    try {
      await act();
    } catch {
      toast(this.querySelector("template")?.content.textContent?.trim() ?? "", "error");
    }
    await this.#look();
    if (focused) this.#buttonShown()?.focus();
  }

  #buttonShown() {
    const buttons = /** @type {HTMLElement[]} */ ([...this.querySelectorAll("[data-push-do]")]);
    return buttons.find((each) => each.getClientRects().length > 0);
  }

  async #ask() {
    if ((await Notification.requestPermission()) !== "granted") return;
    const worker = await navigator.serviceWorker.register(WORKER);
    await within(PATIENCE_MS, navigator.serviceWorker.ready);
    const id = await this.#announce(await within(PATIENCE_MS, this.#subscribe(worker)));
    known = Promise.resolve(id);
    localStorage.setItem(REMEMBERED, this.dataset.me ?? "");
  }

  async #stop() {
    const id = await known;
    known = undefined;
    await this.#forget();
    if (id && !(await send(`${ADDRESS}/${id}`, { method: "DELETE", keepalive: true })).status)
      throw new Error("offline");
  }

  /** No message reaches this browser from now on, also none for somebody whose sign-in ran out here. */
  async #forget() {
    localStorage.removeItem(REMEMBERED);
    const worker = await navigator.serviceWorker.getRegistration(WORKER);
    await (await worker?.pushManager.getSubscription())?.unsubscribe();
  }

  /** Subscribe again: the browser may have a new address, and a sign-in or a new password removes the old one. */
  async #renew() {
    const worker = await navigator.serviceWorker.getRegistration(WORKER);
    const subscription = await worker?.pushManager.getSubscription();
    if (!worker || !subscription) return "";
    return this.#announce(await this.#subscribe(worker)).catch(() => "");
  }

  /**
   * The existing subscription, unless it was made with older keys of the server.
   * @param {ServiceWorkerRegistration} worker
   */
  async #subscribe(worker) {
    const key = bytesOf(this.dataset.key ?? "");
    const present = await worker.pushManager.getSubscription();
    if (present && sameBytes(present.options.applicationServerKey, key)) return present;
    await present?.unsubscribe();
    return worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  }

  /**
   * @param {PushSubscription} subscription
   * @returns {Promise<string>}
   */
  async #announce(subscription) {
    const answer = await send(ADDRESS, { body: JSON.stringify(subscription), keepalive: true }); // the person may leave
    if (!answer.ok) throw new Error(`refused with ${answer.status}`);
    return answer.body.id;
  }
}

/** @param {"off" | "busy" | "on" | "denied" | "install" | "never"} state */
function show(state) {
  document.documentElement.dataset.push = state;
}

/** @param {string} text  base64url */
function bytesOf(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}

/**
 * @param {ArrayBuffer | null} one
 * @param {Uint8Array} other
 */
function sameBytes(one, other) {
  const bytes = new Uint8Array(one ?? new ArrayBuffer(0));
  return bytes.length === other.length && bytes.every((byte, place) => byte === other[place]);
}

customElements.define("push-switch", PushSwitch);
