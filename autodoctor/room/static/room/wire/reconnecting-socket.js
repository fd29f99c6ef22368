// @ts-check
/**
 * A websocket that comes back by itself, and notices when the other end is silent. It sends and hears frames, and knows
 * of what they mean only that a `ping` is answered.
 *
 * @typedef {import("room/wire/frames").Incoming} Incoming
 * @typedef {import("room/wire/frames").Outgoing} Outgoing
 *
 * @typedef {object} Status
 * @property {"connecting"|"open"|"lost"|"stopped"} state
 * @property {number} since  milliseconds since the epoch, by this device's clock
 * @property {"signed_out"|"gone"|"replaced"} [why]  of a stop
 *
 * @typedef {object} SocketOptions
 * @property {(attempt: number) => string} address  asked for each connection, with how many there were
 * @property {(frame: Incoming) => void} hear
 * @property {(status: Status) => void} changed
 * @property {import("lib/server-clock").ServerClock} clock
 * @property {Partial<typeof TIMING>} timing
 * @property {() => number} random  0 to 1
 */

/** Close codes after which trying again by itself makes no sense. @type {Record<number, Status["why"]>} */
const STOPS = { 4401: "signed_out", 4404: "gone", 4409: "replaced" };
const MISSED_PONGS = 2;

/**
 * In milliseconds. A welcome is waited for longer each time: at a server to which thousands come back, whoever gives up
 * and knocks again is behind all others, and makes it busier.
 */
export const TIMING = {
  ping: 5_000,
  probe: 3_000,
  welcome: 10_000,
  lastWelcome: 30_000,
  firstRetry: 1_000,
  lastRetry: 15_000,
};

export class ReconnectingSocket {
  /** @type {Status} */
  status = { state: "connecting", since: Date.now() };

  #address;
  #hear;
  #changed;
  #clock;
  #random;
  /** @type {WebSocket | null} */
  #socket = null;
  #unanswered = 0;
  #attempts = 0;
  #opened = 0;
  #leaving = new AbortController();
  /** @type {Record<"retry"|"verdict"|"beat", ReturnType<typeof setTimeout> | undefined>} */
  #timers = { retry: undefined, verdict: undefined, beat: undefined };

  /** @param {SocketOptions} options */
  constructor({ address, hear, changed, clock, timing, random }) {
    this.#address = address;
    this.#hear = hear;
    this.#changed = changed;
    this.#clock = clock;
    this.timing = { ...TIMING, ...timing };
    this.#random = random;
  }

  open() {
    const { signal } = this.#leaving;
    for (const name of ["online", "offline", "pageshow"]) addEventListener(name, () => this.check(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.check(), { signal });
    this.retry();
  }

  close() {
    this.#leaving.abort();
    this.#hangUp();
  }

  /** Connect at once, whatever the back-off says. An attempt under way goes on: whoever taps often would never get in. */
  retry() {
    if (this.#socket && this.status.state !== "open") return this.#expectWord(this.timing.probe);
    this.#hangUp();
    const socket = new WebSocket(this.#address(++this.#opened));
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    socket.onclose = ({ code }) => this.#lose(code);
    this.#socket = socket;
    this.#clock.reset();
    this.#clock.asked();
    this.#expectWord(Math.min(this.timing.lastWelcome, this.timing.welcome * Math.max(1, this.#attempts)));
  }

  /** The network or the page may have come or gone: find out now instead of at the next heartbeat. */
  check() {
    if (this.status.state === "lost") this.retry();
    else if (this.status.state === "open") this.#ping(this.timing.probe);
  }

  /** The other end has let this page in. */
  establish() {
    this.#timers.beat = setInterval(() => this.#beat(), this.timing.ping);
    this.#become({ state: "open", since: Date.now() });
  }

  /** It has held for a while: after the next loss the first try is an early one again. */
  hold() {
    this.#attempts = 0;
  }

  /** Lost when there is no connection. @param {Outgoing} frame */
  send(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  /** @param {Incoming} frame */
  #receive(frame) {
    clearTimeout(this.#timers.verdict);
    this.#unanswered = 0;
    this.#hear(frame);
  }

  #beat() {
    if (this.#unanswered >= MISSED_PONGS) this.#lose();
    else this.#ping();
  }

  /** @param {number} [within]  an answer is expected by then */
  #ping(within) {
    this.#unanswered += 1;
    this.#clock.asked();
    this.send({ type: "ping" });
    if (within) this.#expectWord(within);
  }

  /** @param {number} within */
  #expectWord(within) {
    clearTimeout(this.#timers.verdict);
    this.#timers.verdict = setTimeout(() => this.#lose(), within);
  }

  /** The connection is gone: stop for good, or come back after a while, not all at the same moment. @param {number} [code] */
  #lose(code = 0) {
    this.#hangUp();
    const why = STOPS[code];
    if (why) return this.#become({ state: "stopped", since: Date.now(), why });
    const since = this.status.state === "lost" ? this.status.since : Date.now();
    this.#become({ state: "lost", since });
    const ceiling = Math.min(this.timing.lastRetry, this.timing.firstRetry * 2 ** this.#attempts);
    this.#attempts += 1;
    this.#timers.retry = setTimeout(() => this.retry(), ceiling * this.#random());
  }

  #hangUp() {
    clearTimeout(this.#timers.retry);
    clearTimeout(this.#timers.verdict);
    clearInterval(this.#timers.beat);
    this.#unanswered = 0;
    if (!this.#socket) return;
    this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = null;
  }

  /** @param {Status} status */
  #become(status) {
    this.status = status;
    this.#changed(status);
  }
}
