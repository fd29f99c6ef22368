// @ts-check
/** The frame into which a card is typed: formats it, says how complete it is, and pays with it. */
(() => {
  const form = /** @type {HTMLFormElement} */ (document.querySelector("form"));
  const problem = /** @type {HTMLElement} */ (document.querySelector("[role=alert]"));
  const [number, expiry, cvc] = ["number", "expiry", "cvc"].map((name) => {
    return /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  });
  /** @type {{ key: string, clientSecret: string }} */
  let given;
  /** @type {MessagePort} */
  let page;

  addEventListener("message", ({ data, source, ports }) => {
    if (source !== parent || data.act !== "begin" || page) return;
    given = data;
    page = ports[0];
    page.onmessage = ({ data: order }) => obey(order);
    dress(data.appearance);
    new ResizeObserver(() => page.postMessage({ what: "height", height: form.scrollHeight })).observe(form);
    begin();
  });

  /** @param {{ act: string, appearance?: any }} order */
  function obey({ act, appearance }) {
    if (act === "focus") number.focus();
    if (act === "dress") dress(appearance);
    if (act === "confirm") confirm();
    if (act === "answered") report();
  }

  /** Colors and shape as the page has them. @param {{ theme?: string, variables?: Record<string, string> }} [appearance] */
  function dress({ theme = "stripe", variables = {} } = {}) {
    const root = document.documentElement;
    root.style.colorScheme = theme === "night" ? "dark" : "light";
    for (const [name, value] of Object.entries(variables)) root.style.setProperty(`--${name}`, value);
  }

  async function begin() {
    const { error } = await ask("GET", "");
    page.postMessage(error ? { what: "loaderror", error } : { what: "ready" });
  }

  form.addEventListener("input", ({ target }) => {
    if (target === number) number.value = digitsOf(number, 19).replace(/(\d{4})(?=\d)/g, "$1 ");
    if (target === expiry) expiry.value = digitsOf(expiry, 4).replace(/^(\d\d)(?=\d)/, "$1 / ");
    if (target === cvc) cvc.value = digitsOf(cvc, 4);
    problem.textContent = "";
    const empty = !(number.value || expiry.value || cvc.value);
    page?.postMessage({ what: "change", complete: !fault(), empty, value: { type: "card" } });
  });
  form.addEventListener("submit", (event) => event.preventDefault());

  /** @param {HTMLInputElement} field @param {number} most */
  function digitsOf(field, most) {
    return field.value.replace(/\D/g, "").slice(0, most);
  }

  /** What is missing or wrong, in Stripe's words. */
  function fault() {
    if (!isChecked(digitsOf(number, 19))) return "Your card number is incomplete or invalid.";
    const [month, year] = expiry.value.split(" / ").map(Number);
    if (!(month >= 1 && month <= 12) || !year) return "Your card's expiration date is incomplete.";
    if (new Date(2000 + year, month) < new Date()) return "Your card's expiration date is in the past.";
    return cvc.value.length < 3 ? "Your card's security code is incomplete." : "";
  }

  /** The check digit is right. @param {string} digits */
  function isChecked(digits) {
    const sum = [...digits].reverse().reduce((total, digit, place) => {
      const counted = Number(digit) * (place % 2 ? 2 : 1);
      return total + (counted > 9 ? counted - 9 : counted);
    }, 0);
    return digits.length >= 14 && sum % 10 === 0;
  }

  async function confirm() {
    const message = fault();
    problem.textContent = message;
    if (message) return tell({ error: { type: "validation_error", code: "incomplete", message } });
    const [month, year] = expiry.value.split(" / ");
    const card = { number: number.value, exp_month: month, exp_year: year, cvc: cvc.value };
    const fields = Object.entries(card).map(([name, value]) => [`payment_method_data[card][${name}]`, value]);
    settle(
      await ask("POST", "/confirm", [["payment_method_data[type]", "card"], ["use_stripe_sdk", "true"], ...fields]),
    );
  }

  /** @param {{ error?: object, intent?: any }} answer */
  function settle({ error, intent }) {
    const address = intent?.next_action?.use_stripe_sdk?.stripe_js;
    if (intent?.status === "requires_action" && address) page.postMessage({ what: "bank", address });
    else tell(error ? { error } : { paymentIntent: intent });
  }

  /** The bank has asked: how it stands now. */
  async function report() {
    const { error, intent } = await ask("GET", "");
    const failed = intent?.status === "requires_payment_method" ? intent.last_payment_error : error;
    tell(failed ? { error: failed } : { paymentIntent: intent });
  }

  /** @param {object} result */
  function tell(result) {
    page.postMessage({ what: "result", result });
  }

  /** @param {"GET" | "POST"} method @param {string} verb @param {string[][]} [fields] */
  async function ask(method, verb, fields = []) {
    const form = new URLSearchParams([["client_secret", given.clientSecret], ...fields]);
    const id = given.clientSecret.split("_secret_")[0];
    const address = `../v1/payment_intents/${id}${verb}${method === "GET" ? `?${form}` : ""}`;
    const headers = { Authorization: `Bearer ${given.key}` };
    const answer = await fetch(address, { method, headers, body: method === "GET" ? null : form }).catch(() => null);
    const body = await answer?.json().catch(() => null);
    if (answer?.ok) return { intent: body };
    return {
      error: body?.error ?? { type: "api_connection_error", message: "We could not reach the payment service." },
    };
  }
})();
