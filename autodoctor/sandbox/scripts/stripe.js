// @ts-check
/**
 * A double of Stripe.js, as much of it as the product uses. The card is typed into a frame of the sandbox, which alone
 * knows it and speaks to the sandbox's API; a bank that asks first does so in a window over the page.
 */
(() => {
  const home = new URL(".", /** @type {HTMLScriptElement} */ (document.currentScript).src);
  const OVER_EVERYTHING = "2147483647"; // as Stripe's own, which stands beneath what is in the top layer

  class PaymentElement {
    /** @type {Map<string, ((event: object) => void)[]>} */
    #handlers = new Map();
    #frame = document.createElement("iframe");
    #channel = new MessageChannel();
    #options;
    /** @type {((result: object) => void) | null} */
    #done = null;

    /** @param {object} options  key, client secret, appearance */
    constructor(options) {
      this.#options = options;
      this.#channel.port1.onmessage = ({ data }) => this.#hear(data);
      this.#frame.title = "Secure payment input frame";
      Object.assign(this.#frame.style, { display: "block", width: "100%", height: "12rem", border: "0" });
      this.#frame.addEventListener("load", () => this.#begin(), { once: true });
    }

    /** @param {string | HTMLElement} place */
    mount(place) {
      const at = typeof place === "string" ? document.querySelector(place) : place;
      this.#frame.src = new URL("elements/card", home).href;
      at?.replaceChildren(this.#frame);
    }

    destroy() {
      this.#channel.port1.close();
      this.#frame.remove();
    }

    /** @param {string} name @param {(event: object) => void} handler */
    on(name, handler) {
      this.#handlers.set(name, [...(this.#handlers.get(name) ?? []), handler]);
      return this;
    }

    focus() {
      this.#tell({ act: "focus" });
    }

    /** @param {object} appearance */
    dress(appearance) {
      this.#options = { ...this.#options, appearance };
      this.#tell({ act: "dress", appearance });
    }

    /** @returns {Promise<object>} */
    confirm() {
      return new Promise((resolve) => {
        this.#done = resolve;
        this.#tell({ act: "confirm" });
      });
    }

    /** The secret goes by message, in no address. */
    #begin() {
      this.#frame.contentWindow?.postMessage({ act: "begin", ...this.#options }, home.origin, [this.#channel.port2]);
    }

    /** @param {object} order */
    #tell(order) {
      this.#channel.port1.postMessage(order);
    }

    /** @param {{ what: string, [more: string]: any }} news */
    #hear({ what, ...more }) {
      if (what === "height") this.#frame.style.height = `${more.height}px`;
      else if (what === "bank") askBank(more.address, () => this.#tell({ act: "answered" }));
      else if (what === "result") this.#done?.(more.result);
      else for (const handler of this.#handlers.get(what) ?? []) handler({ elementType: "payment", ...more });
    }
  }

  /** @param {string} address @param {() => void} answered */
  function askBank(address, answered) {
    const cover = document.createElement("div");
    const frame = document.createElement("iframe");
    frame.title = "3D Secure";
    frame.src = address;
    const all = { position: "fixed", inset: "0", zIndex: OVER_EVERYTHING, background: "rgb(0 0 0 / 50%)" };
    Object.assign(cover.style, all, { display: "grid", placeItems: "center" });
    const size = { width: "min(100%, 25rem)", height: "min(100%, 30rem)", border: "0", background: "white" };
    Object.assign(frame.style, size);
    cover.append(frame);
    document.body.append(cover);
    const hear = (/** @type {MessageEvent} */ { source, data }) => {
      if (source !== frame.contentWindow || data !== "answered") return;
      removeEventListener("message", hear);
      cover.remove();
      answered();
    };
    addEventListener("message", hear);
  }

  class Elements {
    /** @type {PaymentElement | null} */
    element = null;
    #options;

    /** @param {object} options */
    constructor(options) {
      this.#options = options;
    }

    /** @param {"payment"} _kind */
    create(_kind) {
      this.element = new PaymentElement(this.#options);
      return this.element;
    }

    /** @param {{ appearance: object }} change */
    async update({ appearance }) {
      this.element?.dress(appearance);
    }
  }

  const Stripe = (/** @type {string} */ key) => ({
    elements: (/** @type {object} */ options) => new Elements({ key, ...options }),
    confirmPayment: (/** @type {{ elements: Elements }} */ { elements }) => elements.element?.confirm(),
  });
  Object.assign(globalThis, { Stripe });
})();
