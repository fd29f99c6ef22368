// @ts-check
/**
 * A call between two browsers, peer to peer, that mends itself. It knows no DOM and no channel: what it wants to tell
 * the other side leaves by `signal`, what came from there is handed to `receive`.
 *
 * Who calls whom is settled by `CallSignaling`; each pair has one connection (`PeerLink`). Notes (camera off, listening) go
 * beside the media: they must not depend on the signaling.
 *
 * Dispatches `state` (connecting, connected, lost: it was connected and mends itself; failed: it keeps trying, but no
 * way has been found for long), `track`, and `note` with what the other side told.
 *
 * @typedef {"connecting"|"connected"|"lost"|"failed"|"closed"} CallState
 * @typedef {import("room/call/call-signaling").Word} Word
 *
 * @typedef {object} CallOptions
 * @property {(data: Record<string, unknown>) => void} signal
 * @property {import("room/call/way-source").AskWays} [ways]
 * @property {boolean} polite  gives way when both offer at once; of two sides exactly one is
 * @property {Partial<typeof TIMING>} [timing]
 */
import { CallSignaling } from "room/call/call-signaling";
import { FadingLink } from "room/call/fading-link";
import { PeerLink } from "room/call/peer-link";
import { RestartTimer } from "room/call/restart-timer";
import { WaySource } from "room/call/way-source";

/** In milliseconds. */
const TIMING = { firstRestart: 2_000, lastRestart: 4_000, hello: 4_000, failed: 20_000, ways: 1_000 };

export class Call extends EventTarget {
  /** @type {CallState} */
  state = "connecting";

  #signaling;
  #restarts;
  #source;
  #polite;
  #timing;
  /** @type {PeerLink | null} */
  #link = null;
  #fading = new FadingLink((tracks) => this.#show(tracks));
  /** @type {Record<"audio"|"video", MediaStreamTrack | null>} */
  #tracks = { audio: null, video: null };
  /** What the other side should know of this one, also after a new connection. @type {Record<string, unknown>} */
  #told = {};
  #started = false;

  /** @param {CallOptions} options */
  constructor({ signal, ways = async () => ({ iceServers: [], relayOnly: false }), polite, timing = {} }) {
    super();
    this.#polite = polite;
    this.#timing = { ...TIMING, ...timing };
    this.#source = new WaySource(ways, this.#timing.ways);
    this.#signaling = new CallSignaling(signal, this.#timing.hello, {
      met: () => this.#open(),
      left: () => this.#left(),
      heard: (word) => this.#heard(word),
    });
    this.#restarts = new RestartTimer(this.#timing, polite, {
      due: () => this.#mend(),
      failed: () => this.#become("failed"),
    });
  }

  /** Look for the other side. Tracks may be missing, and come later. @param {MediaStreamTrack[]} tracks */
  start(tracks) {
    for (const track of tracks) this.#tracks[/** @type {"audio"|"video"} */ (track.kind)] = track;
    this.#started = true;
    this.#restarts.lost();
    this.#signaling.open();
  }

  /** Say that this side is here: at the start, and when the way of the signals was interrupted. */
  hello() {
    this.#signaling.hello();
  }

  /** What the other side's `signal` gave away. @param {Record<string, unknown>} data */
  receive(data) {
    this.#signaling.receive(data);
  }

  /**
   * Send another track of a kind, or none.
   * @param {"audio"|"video"} kind
   * @param {MediaStreamTrack | null} track
   */
  async replaceTrack(kind, track) {
    this.#tracks[kind] = track;
    await this.sender(kind)?.replaceTrack(track);
  }

  /** @param {"audio"|"video"} kind */
  sender(kind) {
    return this.#link?.sender(kind);
  }

  /** For the other side, now and on every later connection: merged with what was told before. @param {Record<string, unknown>} note */
  tell(note) {
    Object.assign(this.#told, note);
    this.#link?.note(note);
  }

  /** Once, if there is a connection. @param {Record<string, unknown>} note */
  ask(note) {
    this.#link?.note(note);
  }

  /** Look for a way anew: the network may have changed. */
  restart() {
    if (!this.#started || this.state === "closed") return;
    if (!this.#link || this.#link.isClosed) this.hello();
    else this.#restartIce();
  }

  close() {
    this.#signaling.close();
    this.#started = false;
    this.#drop();
    this.#fading.finish();
    this.#restarts.stop();
    this.#become("closed");
  }

  /** Another page of this side takes the call: silent, and sending on until the other side hangs up. */
  leave() {
    this.#signaling.leave();
    this.#started = false;
    this.#restarts.stop();
    if (this.#link?.state !== "connected") this.close();
  }

  /** @returns {Promise<Map<string, import("room/call/link-quality").Figures>>} */
  async stats() {
    const report = await (this.#fading.link ?? this.#link)?.stats();
    return new Map(report ?? []);
  }

  // The other side

  /** @param {Word} word */
  #heard(word) {
    if (word.hello) this.#greeted(word);
    if (word.description) this.#link?.describe(word.description);
    if (word.candidate !== undefined) this.#link?.suggest(word.candidate);
  }

  /** @param {Word} word */
  #greeted(word) {
    if (!word.to) this.#signaling.say({ hello: true });
    const link = this.#link;
    // The way of the signals was interrupted: what was lost on it is said again.
    if (!link || link.repeatOffer()) return;
    if (!word.to && this.state !== "connected" && link.isAgreed) link.restart();
  }

  #left() {
    this.#drop();
    this.#lose();
  }

  #startOver() {
    this.#drop();
    this.#signaling.startOver();
    this.#restarts.plan();
  }

  // The connection

  /** A new one, with somebody new. */
  #open() {
    this.#restarts.reset();
    this.#fading.begin(this.#link);
    const say = (/** @type {import("room/call/peer-link").Agreement} */ word) => this.#signaling.say(word);
    const link = new PeerLink(
      { polite: this.#polite, tracks: this.#tracks, ways: this.#source.ways, say, renew: () => this.#source.renew() },
      {
        changed: (state) => link === this.#link && this.#follow(state),
        arrived: (track) => this.#fading.holds(track) || this.#show([track]),
        opened: () => link.note(this.#told),
        noted: (note) => this.dispatchEvent(new CustomEvent("note", { detail: note })),
        hungUp: () => (link === this.#link ? this.#hungUp() : this.#fading.finish()),
        misfitted: () => this.#restarts.plan(),
        refused: () => this.#source.refuse(),
      },
    );
    this.#link = link;
    this.#restarts.plan();
  }

  /** @param {MediaStreamTrack[]} tracks */
  #show(tracks) {
    for (const detail of tracks) this.dispatchEvent(new CustomEvent("track", { detail }));
    if (this.state === "connected" && this.#link?.state !== "connected") this.#lose();
  }

  #drop() {
    this.#restarts.reset();
    this.#link?.close();
    this.#link = null;
  }

  // How it goes

  /** @param {RTCPeerConnectionState} state */
  #follow(state) {
    if (state === "connected") this.#connected();
    else if (state === "disconnected") this.#lose();
    else if (state === "failed") this.#mend();
  }

  #connected() {
    this.#restarts.connected();
    this.#become("connected");
  }

  #lose() {
    if (this.state === "connected") {
      this.#restarts.lost();
      this.#become("lost");
    }
    this.#restarts.plan();
  }

  /** The other side's connection is closed, without a word: it starts over, or its page is gone. */
  #hungUp() {
    if (!this.#started) return this.close();
    this.#lose();
    this.#startOver();
  }

  #mend() {
    if (!this.#started || this.#link?.state === "connected") return;
    if (!this.#link || !this.#restarts.count()) return this.#startOver();
    if (!this.#restarts.isYoung || this.#link.state !== "connecting") this.#restartIce();
    this.#restarts.plan();
  }

  #restartIce() {
    if (this.#link?.isAgreed) this.#link.restart();
    else this.hello();
  }

  /** @param {CallState} state */
  #become(state) {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }
}
