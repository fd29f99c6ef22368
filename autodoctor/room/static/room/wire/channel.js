// @ts-check
/**
 * The live channel of one session: a websocket that comes back by itself, goes on where it was, and keeps what was not
 * delivered. It knows no DOM; `docs/protocol.md` describes the frames.
 *
 * Dispatches every frame under its type, and `status` and `outbox` when those change: listen with `on`.
 *
 * @typedef {import("room/wire/frames").Session} Session
 * @typedef {import("room/wire/frames").Welcome} Welcome
 * @typedef {import("room/wire/frames").LogEvent} LogEvent
 * @typedef {import("room/wire/frames").Pong} Pong
 * @typedef {import("room/wire/frames").PresenceFrame} PresenceFrame
 * @typedef {import("room/wire/frames").TypingFrame} TypingFrame
 * @typedef {import("room/wire/frames").SignalFrame} SignalFrame
 * @typedef {import("room/wire/frames").Replaced} Replaced
 * @typedef {import("room/wire/frames").ErrorFrame} ErrorFrame
 * @typedef {import("room/wire/frames").Incoming} Incoming
 * @typedef {import("room/wire/frames").Outgoing} Outgoing
 *
 * @typedef {object} Status
 * @property {"connecting"|"open"|"lost"|"stopped"} state
 * @property {number} since  milliseconds since the epoch, by this device's clock
 * @property {"signed_out"|"gone"|"replaced"} [why]  of a stop
 *
 * @typedef {object} Said  what listeners hear, by name
 * @property {Welcome} welcome
 * @property {LogEvent} event
 * @property {PresenceFrame} presence
 * @property {TypingFrame} typing
 * @property {SignalFrame} signal
 * @property {Replaced} replaced
 * @property {ErrorFrame} error
 * @property {Status} status
 * @property {undefined} joined  this page takes part from now on
 * @property {undefined} outbox
 */
import { ServerClock } from "lib/server-clock";
import { Outbox } from "room/wire/outbox";

/** Close codes after which trying again by itself makes no sense. @type {Record<number, Status["why"]>} */
const STOPS = { 4401: "signed_out", 4404: "gone", 4409: "replaced" };
const TRY_AGAIN = new Set(["too_fast", "unavailable"]);
const MISSED_PONGS = 2;

/** In milliseconds. */
const TIMING = { ping: 5_000, probe: 3_000, welcome: 10_000, firstRetry: 1_000, lastRetry: 15_000 };

export class Channel extends EventTarget {
  /** @type {Status} */
  status = { state: "connecting", since: Date.now() };
  /** @type {Welcome["you"] | null} */
  you = null;
  /** @type {Session | null} */
  session = null;
  /** @type {Welcome["presence"] | null} */
  presence = null;

  #address;
  /** Of this open page: the socket it comes back with takes the place of one that died in silence. */
  #page = crypto.randomUUID();
  #timing;
  #random;
  #joined;
  /** @type {WebSocket | null} */
  #socket = null;
  #unanswered = 0;
  #attempts = 0;
  #leaving = new AbortController();
  /** When a message was last handed to the socket. @type {Map<string, number>} */
  #sentAt = new Map();
  /** @type {Record<"retry"|"verdict"|"beat", ReturnType<typeof setTimeout> | undefined>} */
  #timers = { retry: undefined, verdict: undefined, beat: undefined };

  /**
   * @param {string} address  of the session's socket, without a query
   * @param {object} options
   * @param {number} options.after  the last event the page already shows
   * @param {Outbox} options.outbox
   * @param {boolean} [options.joined]  this person takes part already: join again on every connection
   * @param {ServerClock} [options.clock]
   * @param {Partial<typeof TIMING>} [options.timing]
   * @param {() => number} [options.random]
   */
  constructor(
    address,
    { after, outbox, joined = false, clock = new ServerClock(), timing = {}, random = Math.random },
  ) {
    super();
    this.#address = address;
    this.after = after;
    this.outbox = outbox;
    this.clock = clock;
    this.#joined = joined;
    this.#timing = { ...TIMING, ...timing };
    this.#random = random;
  }

  /**
   * @template {keyof Said} Name
   * @param {Name} name
   * @param {(detail: Said[Name]) => void} listener
   */
  on(name, listener) {
    this.addEventListener(name, (event) => listener(/** @type {CustomEvent} */ (event).detail));
  }

  get joined() {
    return this.#joined;
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
    if (this.#socket && this.status.state !== "open") return this.#expectWord(this.#timing.probe);
    this.#hangUp();
    const socket = new WebSocket(`${this.#address}?page=${this.#page}&after=${this.after}`);
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    socket.onclose = ({ code }) => this.#lose(code);
    this.#socket = socket;
    this.clock.reset();
    this.clock.asked();
    this.#expectWord(this.#timing.welcome);
  }

  /** The network or the page may have come or gone: find out now instead of at the next heartbeat. */
  check() {
    if (this.status.state === "lost") this.retry();
    else if (this.status.state === "open") this.#ping(this.#timing.probe);
  }

  /** "Join Session": take part from now on, also after every reconnect. */
  join() {
    this.#joined = true;
    this.#send({ type: "join" });
    this.#tell("joined");
  }

  /** @param {string} text */
  say(text) {
    const entry = this.outbox.add(text);
    this.#tell("outbox");
    this.#deliver(entry);
  }

  /** Send a failed message again. An id that stands for another text is given up for a new one. @param {string} id */
  sayAgain(id) {
    const entry = this.outbox.get(id);
    if (!entry) return;
    if (entry.code === "client_id_reused") {
      this.forget(id);
      this.say(entry.text);
      return;
    }
    this.outbox.revive(entry);
    this.#tell("outbox");
    this.#deliver(entry);
  }

  /** Give up a message that was not delivered. @param {string} id */
  forget(id) {
    this.outbox.remove(id);
    this.#tell("outbox");
  }

  typing() {
    this.#send({ type: "typing" });
  }

  /** For the other side's call; lost when there is no connection. @param {Record<string, unknown>} data */
  signal(data) {
    this.#send({ type: "signal", data });
  }

  /** Whether the other side's sound or picture arrives here; null: no call on this page. @param {boolean | null} receiving */
  media(receiving) {
    this.#send({ type: "media", receiving });
  }

  /** @param {Incoming} frame */
  #receive(frame) {
    clearTimeout(this.#timers.verdict);
    this.#unanswered = 0;
    if (frame.type === "welcome") this.#welcome(frame);
    else if (frame.type === "event") this.#event(frame);
    else if (frame.type === "pong") this.#pong(frame);
    else this.#note(frame);
  }

  /** @param {Welcome} frame */
  #welcome(frame) {
    this.clock.heard(frame.now);
    this.you = frame.you;
    this.session = frame.session;
    this.presence = frame.presence;
    this.#become({ state: "open", since: Date.now() });
    if (this.#joined) this.#send({ type: "join" });
    for (const entry of this.outbox) if (entry.state === "sending") this.#deliver(entry);
    this.#timers.beat = setInterval(() => this.#beat(), this.#timing.ping);
    this.#tell("welcome", frame);
  }

  /** @param {LogEvent} frame */
  #event(frame) {
    if (frame.client_id) {
      this.outbox.remove(frame.client_id);
      this.#sentAt.delete(frame.client_id);
    }
    if (frame.seq <= this.after) return this.#tell("outbox");
    this.after = frame.seq;
    if (frame.data.session) this.session = frame.data.session;
    this.#tell("event", frame);
  }

  /** `seq` also covers the rows this role is not shown. @param {Pong} frame */
  #pong(frame) {
    this.clock.heard(frame.now);
    this.after = Math.max(this.after, frame.seq);
    this.#attempts = 0;
    const overdue = Date.now() - 2 * this.#timing.ping;
    for (const entry of this.outbox) {
      if (entry.state === "sending" && (this.#sentAt.get(entry.client_id) ?? 0) < overdue) this.#deliver(entry);
    }
  }

  /** @param {PresenceFrame|TypingFrame|SignalFrame|Replaced|ErrorFrame} frame */
  #note(frame) {
    if (frame.type === "presence") this.presence = { customer: frame.customer, mechanic: frame.mechanic };
    if (frame.type === "error") this.#refused(frame);
    if (frame.type === "replaced") this.#joined = false; // only on purpose is the call taken back
    this.#tell(frame.type, frame);
  }

  /** @param {ErrorFrame} frame */
  #refused(frame) {
    const entry = this.outbox.get(frame.client_id);
    if (!entry) return;
    if (TRY_AGAIN.has(frame.code)) {
      this.#sentAt.delete(entry.client_id); // the next heartbeat sends it again
      return;
    }
    this.outbox.fail(entry, frame);
    this.#tell("outbox");
  }

  #beat() {
    if (this.#unanswered >= MISSED_PONGS) this.#lose();
    else this.#ping();
  }

  /** @param {number} [within]  an answer is expected by then */
  #ping(within) {
    this.#unanswered += 1;
    this.clock.asked();
    this.#send({ type: "ping" });
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
    const ceiling = Math.min(this.#timing.lastRetry, this.#timing.firstRetry * 2 ** this.#attempts);
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

  /** @param {import("room/wire/outbox").Unsent} entry */
  #deliver({ client_id, text }) {
    if (this.status.state !== "open") return; // `welcome` does it
    this.#sentAt.set(client_id, Date.now());
    this.#send({ type: "message", client_id, text });
  }

  /** @param {Outgoing} frame */
  #send(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  /** @param {Status} status */
  #become(status) {
    this.status = status;
    this.#tell("status", status);
  }

  /**
   * @template {keyof Said} Name
   * @param {Name} name
   * @param {Said[Name]} [detail]
   */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
