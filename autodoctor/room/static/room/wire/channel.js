// @ts-check
/**
 * The live channel of one session: over a socket that comes back by itself it goes on where it was, and keeps what was
 * not delivered. It knows no DOM; `docs/protocol.md` describes the frames.
 *
 * Dispatches every frame under its type, and `status` and `outbox` when those change: listen with `on`.
 *
 * @typedef {import("room/wire/frames").Session} Session
 * @typedef {import("room/wire/frames").Welcome} Welcome
 * @typedef {import("room/wire/frames").LogEvent} LogEvent
 * @typedef {import("room/wire/frames").Pong} Pong
 * @typedef {import("room/wire/frames").PresenceFrame} PresenceFrame
 * @typedef {import("room/wire/frames").TypingFrame} TypingFrame
 * @typedef {import("room/wire/frames").PassedFrame} PassedFrame
 * @typedef {import("room/wire/frames").PassedOn} PassedOn
 * @typedef {import("room/wire/frames").Replaced} Replaced
 * @typedef {import("room/wire/frames").ErrorFrame} ErrorFrame
 * @typedef {import("room/wire/frames").Incoming} Incoming
 * @typedef {import("room/wire/reconnecting-socket").Status} Status
 *
 * @typedef {{ [Name in Incoming["type"]]: Extract<Incoming, { type: Name }> }} Heard
 * @typedef {Heard & { status: Status, joined: undefined, outbox: undefined }} Said  what listeners hear, by name; `joined`:
 *   this page takes part from now on
 */
import { ServerClock } from "lib/server-clock";
import { ReconnectingSocket } from "room/wire/reconnecting-socket";
import { Outbox } from "room/wire/outbox";

const TRY_AGAIN = new Set(["too_fast", "unavailable"]);

export class Channel extends EventTarget {
  /** @type {Welcome["you"] | null} */
  you = null;
  /** @type {Session | null} */
  session = null;
  /** @type {Welcome["presence"] | null} */
  presence = null;

  #socket;
  /** Of this open page: the socket it comes back with takes the place of one that died in silence. */
  #page = crypto.randomUUID();
  #joined;
  /** On its way since. Only one is: the server may refuse one and take the next. @type {{ id: string, at: number } | null} */
  #underWay = null;

  /**
   * @param {string} address  of the session's socket, without a query
   * @param {object} options
   * @param {number} options.after  the last event the page already shows
   * @param {Outbox} options.outbox
   * @param {boolean} [options.joined]  this person takes part already: join again on every connection
   * @param {ServerClock} [options.clock]
   * @param {Partial<typeof import("room/wire/reconnecting-socket").TIMING>} [options.timing]
   * @param {() => number} [options.random]
   */
  constructor(
    address,
    { after, outbox, joined = false, clock = new ServerClock(), timing = {}, random = Math.random },
  ) {
    super();
    this.after = after;
    this.outbox = outbox;
    this.clock = clock;
    this.#joined = joined;
    this.#socket = new ReconnectingSocket({
      address: (attempt) => `${address}?page=${this.#page}&attempt=${attempt}&after=${this.after}`,
      hear: (frame) => this.#receive(frame),
      changed: (status) => this.#tell("status", status),
      clock,
      timing,
      random,
    });
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

  get status() {
    return this.#socket.status;
  }

  open() {
    this.#socket.open();
  }

  close() {
    this.#socket.close();
  }

  retry() {
    this.#socket.retry();
  }

  check() {
    this.#socket.check();
  }

  /** "Join Session": take part from now on, also after every reconnect. */
  join() {
    this.#joined = true;
    this.#socket.send({ type: "join" });
    this.#tell("joined");
  }

  /** @param {string} text */
  say(text) {
    this.outbox.add(text);
    this.#tell("outbox");
    this.#deliver();
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
    this.#deliver();
  }

  /** Give up a message that was not delivered. @param {string} id */
  forget(id) {
    if (this.#underWay?.id === id) this.#underWay = null;
    this.outbox.remove(id);
    this.#tell("outbox");
    this.#deliver();
  }

  typing() {
    this.#socket.send({ type: "typing" });
  }

  /** For the other side's call; lost when there is no connection. @param {Record<string, unknown>} data */
  signal(data) {
    this.passOn({ type: "signal", data });
  }

  /** For the page of the other side that has the call; lost when there is no connection. @param {PassedOn} frame */
  passOn(frame) {
    this.#socket.send(frame);
  }

  /** Whether the other side's sound or picture arrives here; null: no call on this page. @param {boolean | null} receiving */
  media(receiving) {
    this.#socket.send({ type: "media", receiving });
  }

  /** @param {Incoming} frame */
  #receive(frame) {
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
    this.#socket.establish();
    if (this.#joined) this.#socket.send({ type: "join" });
    this.#underWay = null;
    this.#deliver();
    this.#tell("welcome", frame);
  }

  /** @param {LogEvent} frame */
  #event(frame) {
    if (this.outbox.get(frame.client_id)) this.#delivered(frame.client_id ?? "");
    if (frame.seq <= this.after) return;
    this.after = frame.seq;
    if (frame.data.session) this.session = frame.data.session;
    this.#tell("event", frame);
  }

  /** `seq` also covers the rows this role is not shown. @param {Pong} frame */
  #pong(frame) {
    this.clock.heard(frame.now);
    this.after = Math.max(this.after, frame.seq);
    this.#socket.hold();
    const overdue = Date.now() - 2 * this.#socket.timing.ping;
    if (this.#underWay && this.#underWay.at < overdue) this.#underWay = null;
    this.#deliver();
  }

  /** @param {PresenceFrame|TypingFrame|PassedFrame|Replaced|ErrorFrame} frame */
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
    this.#underWay = null;
    if (TRY_AGAIN.has(frame.code)) return; // the next heartbeat sends it again
    this.outbox.fail(entry, frame);
    this.#tell("outbox");
    this.#deliver();
  }

  /** @param {string} id */
  #delivered(id) {
    this.outbox.remove(id);
    this.#tell("outbox");
    if (this.#underWay?.id !== id) return;
    this.#underWay = null;
    this.#deliver();
  }

  /** Send the first message that waits. While there is no connection, `welcome` does it. */
  #deliver() {
    if (this.#underWay || this.status.state !== "open") return;
    const next = [...this.outbox].find(({ state }) => state === "sending");
    if (!next) return;
    this.#underWay = { id: next.client_id, at: Date.now() };
    this.#socket.send({ type: "message", client_id: next.client_id, text: next.text });
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
