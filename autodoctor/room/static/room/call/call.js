// @ts-check
/**
 * A call between two browsers, peer to peer, that mends itself. It knows no DOM and no channel: what it wants to tell
 * the other side leaves by `signal`, what came from there is handed to `receive`. Something else (a media server) can
 * take its place behind the same methods and events.
 *
 * Each side has an id, and a new one whenever it starts over: then it says `hello`, and the other side makes a new
 * connection too. Every word names both ids, and each pair of them has one connection: nothing that was meant for an
 * older one can reach it. Offers follow the "perfect negotiation" pattern; a data channel beside the media says at once
 * when the other side has gone, and carries notes (camera off, listening) that must not depend on the signaling.
 *
 * Dispatches `state` (connecting, connected, lost: it was connected and mends itself; failed: it keeps trying, but no
 * way has been found for long), `track`, and `note` with what the other side told.
 *
 * @typedef {"connecting"|"connected"|"lost"|"failed"|"closed"} CallState
 * @typedef {object} Word  what two calls say to each other
 * @property {string} from
 * @property {string | null} to  null: to whoever is there
 * @property {boolean} [hello]
 * @property {boolean} [bye]
 * @property {RTCSessionDescriptionInit} [description]
 * @property {RTCIceCandidateInit | null} [candidate]
 * @typedef {object} Ways
 * @property {RTCIceServer[]} iceServers
 * @property {boolean} relayOnly  no direct way: both sides hide their addresses from each other
 * @typedef {object} CallOptions
 * @property {(data: Record<string, unknown>) => void} signal
 * @property {(anew: boolean) => Promise<Ways | null>} [ways]  asked before each look for a way, since credentials expire;
 *   `anew`: those of before were refused; null: they cannot be had now
 * @property {boolean} polite  gives way when both offer at once; of two sides exactly one is
 * @property {Partial<typeof TIMING>} [timing]
 */

/** In milliseconds. */
const TIMING = { firstRestart: 2_000, lastRestart: 4_000, hello: 4_000, failed: 20_000, ways: 1_000 };
const RESTARTS = 2; // then a new peer connection
const UNAUTHORISED = 401; // as TURN says it: credentials that are wrong or have expired
const KINDS = /** @type {const} */ (["audio", "video"]);

export class Call extends EventTarget {
  /** @type {CallState} */
  state = "connecting";

  #signal;
  #askWays;
  /** The last that were had. @type {Ways | null} */
  #ways = null;
  #refused = false;
  #polite;
  #timing;
  /** @type {RTCPeerConnection | null} */
  #connection = null;
  /** @type {RTCDataChannel | null} */
  #notes = null;
  #me = crypto.randomUUID();
  /** @type {string | null} */
  #peer = null;
  /** @type {Record<"audio"|"video", MediaStreamTrack | null>} */
  #tracks = { audio: null, video: null };
  /** Earlier ones: what is still on its way from them comes too late. @type {Set<string>} */
  #gone = new Set();
  /** What the other side should know of this one, also after a new connection. @type {Record<string, unknown>} */
  #told = {};
  #ignoring = false;
  #restarts = 0;
  #notConnectedSince = Date.now();
  #started = false;
  /** Offers are made, descriptions and candidates taken one after the other. @type {Promise<unknown>} */
  #inOrder = Promise.resolve();
  /** @type {Record<"restart"|"hello"|"failed", ReturnType<typeof setTimeout> | undefined>} */
  #timers = { restart: undefined, hello: undefined, failed: undefined };

  /** @param {CallOptions} options */
  constructor({ signal, ways = async () => ({ iceServers: [], relayOnly: false }), polite, timing = {} }) {
    super();
    this.#signal = signal;
    this.#askWays = ways;
    this.#polite = polite;
    this.#timing = { ...TIMING, ...timing };
  }

  /** Look for the other side. Tracks may be missing, and come later. @param {MediaStreamTrack[]} tracks */
  start(tracks) {
    for (const track of tracks) this.#tracks[/** @type {"audio"|"video"} */ (track.kind)] = track;
    this.#started = true;
    this.#count();
    this.hello();
  }

  /** Say that this side is here: at the start, and when the way of the signals was interrupted. */
  hello() {
    if (!this.#started) return;
    clearTimeout(this.#timers.hello);
    this.#say({ hello: true }, null);
    if (!this.#peer) this.#timers.hello = setTimeout(() => this.#peer || this.hello(), this.#timing.hello);
  }

  /** What the other side's `signal` gave away. @param {Record<string, unknown>} data */
  receive(data) {
    const word = /** @type {Word} */ (/** @type {unknown} */ (data));
    if (
      !this.#started ||
      typeof word.from !== "string" ||
      this.#gone.has(word.from) ||
      (word.to && word.to !== this.#me)
    )
      return;
    if (word.bye) return this.#left(word.from);
    if (word.from !== this.#peer) this.#meet(word.from);
    if (word.hello) this.#greeted(word);
    if (word.description) this.#then(() => this.#describe(/** @type {RTCSessionDescriptionInit} */ (word.description)));
    if (word.candidate !== undefined) this.#then(() => this.#suggest(word.candidate));
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
    return this.#connection?.getTransceivers()[KINDS.indexOf(kind)]?.sender;
  }

  /** For the other side, now and on every later connection: merged with what was told before. @param {Record<string, unknown>} note */
  tell(note) {
    Object.assign(this.#told, note);
    this.#sendNote(note);
  }

  /** Once, if there is a connection. @param {Record<string, unknown>} note */
  ask(note) {
    this.#sendNote(note);
  }

  /** Look for a way anew: the network may have changed. */
  restart() {
    if (!this.#started || this.state === "closed") return;
    if (!this.#connection || this.#connection.signalingState === "closed") this.hello();
    else this.#restartIce();
  }

  close() {
    if (this.#started) this.#say({ bye: true }, null);
    this.#started = false;
    this.#drop();
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#become("closed");
  }

  /** @returns {Promise<Map<string, import("room/call/link-quality").Figures>>} */
  async stats() {
    const report = await this.#connection?.getStats().catch(() => null);
    return new Map(report ?? []);
  }

  // The other side

  /** @param {Word} word */
  #greeted(word) {
    if (!word.to) this.#say({ hello: true });
    const connection = this.#connection;
    if (!connection) return;
    // The way of the signals was interrupted: what was lost on it is said again.
    if (connection.signalingState === "have-local-offer")
      this.#say({ description: connection.localDescription?.toJSON() });
    else if (!word.to && this.state !== "connected" && connection.remoteDescription) this.#restartIce();
  }

  /** Somebody new: with whom this side was connected is gone. @param {string} peer */
  #meet(peer) {
    if (this.#peer) this.#replace(this.#peer);
    clearTimeout(this.#timers.hello);
    this.#peer = peer;
    this.#open();
  }

  /** @param {string} peer */
  #left(peer) {
    if (peer !== this.#peer) return;
    this.#replace(peer);
    this.#lose();
  }

  /** This side keeps its id: two that changed theirs for each other's sake would never meet. @param {string} peer */
  #replace(peer) {
    this.#gone.add(peer);
    this.#forget();
  }

  #forget() {
    this.#drop();
    this.#peer = null;
    this.#restarts = 0;
  }

  #startOver() {
    this.#forget();
    this.#me = crypto.randomUUID();
    this.hello();
    this.#planRestart();
  }

  // The connection

  #open() {
    const connection = new RTCPeerConnection(this.#configuration);
    this.#connection = connection;
    this.#ignoring = false;
    this.#inOrder = Promise.resolve();
    connection.onnegotiationneeded = () => this.#then(() => this.#offer(connection));
    connection.onicecandidate = ({ candidate }) => this.#say({ candidate: candidate?.toJSON() ?? null });
    connection.onicecandidateerror = ({ errorCode }) => (this.#refused ||= errorCode === UNAUTHORISED);
    connection.onconnectionstatechange = () => this.#follow(connection);
    connection.ontrack = ({ track }) => this.dispatchEvent(new CustomEvent("track", { detail: track }));
    this.#openNotes(connection);
    if (!this.#polite)
      for (const kind of KINDS) this.#prepare(connection.addTransceiver(kind, { direction: "sendrecv" }), kind);
    this.#planRestart();
  }

  /**
   * @param {RTCRtpTransceiver} transceiver
   * @param {"audio"|"video"} kind
   */
  #prepare(transceiver, kind) {
    transceiver.direction = "sendrecv";
    transceiver.sender.replaceTrack(this.#tracks[kind]).catch(() => undefined); // the connection is gone again
  }

  /** The first offer is always the impolite side's: it lays down what there is to send. @param {RTCPeerConnection} connection */
  async #offer(connection) {
    if (!this.#polite || connection.remoteDescription) await this.#describeOneself(connection);
  }

  /** Looking for ways begins here, so with ways that open. @param {RTCPeerConnection} connection */
  async #describeOneself(connection) {
    await this.#refresh(connection);
    if (connection !== this.#connection) return;
    await connection.setLocalDescription();
    if (connection === this.#connection) this.#say({ description: connection.localDescription?.toJSON() });
  }

  /** What is there has to do when the answer takes long. @param {RTCPeerConnection} connection */
  async #refresh(connection) {
    const late = new Promise((resolve) => setTimeout(resolve, this.#timing.ways, null));
    const ways = /** @type {Ways | null} */ (
      await Promise.race([this.#askWays(this.#refused).catch(() => null), late])
    );
    if (!ways) return;
    this.#ways = ways;
    this.#refused = false;
    if (connection === this.#connection) connection.setConfiguration(this.#configuration);
  }

  /** Before anything is known no address is given away. @returns {RTCConfiguration} */
  get #configuration() {
    const { iceServers, relayOnly } = this.#ways ?? { iceServers: [], relayOnly: true };
    return { iceServers, iceTransportPolicy: relayOnly ? "relay" : "all", bundlePolicy: "max-bundle" };
  }

  /** @param {RTCSessionDescriptionInit} description */
  async #describe(description) {
    const connection = this.#connection;
    if (!connection) return;
    const collides = description.type === "offer" && connection.signalingState !== "stable";
    this.#ignoring = !this.#polite && collides;
    if (this.#ignoring) return;
    await connection.setRemoteDescription(description);
    if (description.type !== "offer") return;
    for (const [place, transceiver] of connection.getTransceivers().entries()) {
      if (place < KINDS.length && transceiver.direction !== "sendrecv") this.#prepare(transceiver, KINDS[place]);
    }
    await this.#describeOneself(connection);
  }

  /** @param {RTCIceCandidateInit | null | undefined} candidate */
  async #suggest(candidate) {
    try {
      await this.#connection?.addIceCandidate(candidate ?? undefined);
    } catch (error) {
      if (!this.#ignoring) throw error;
    }
  }

  /** @param {() => Promise<void>} step */
  #then(step) {
    const connection = this.#connection;
    this.#inOrder = this.#inOrder
      .then(() => (connection === this.#connection ? step() : undefined))
      .catch(() => this.#planRestart()); // what does not fit is agreed upon anew
  }

  // Notes

  /** @param {RTCPeerConnection} connection */
  #openNotes(connection) {
    const notes = connection.createDataChannel("notes", { negotiated: true, id: 0 });
    notes.onopen = () => this.#sendNote(this.#told);
    notes.onmessage = ({ data }) => this.dispatchEvent(new CustomEvent("note", { detail: JSON.parse(data) }));
    notes.onclose = () => this.#connection === connection && this.#hungUp();
    this.#notes = notes;
  }

  /** The other side's connection is closed, without a word: it starts over, or its page is gone. */
  #hungUp() {
    this.#lose();
    this.#startOver();
  }

  /** @param {Record<string, unknown>} note */
  #sendNote(note) {
    if (this.#notes?.readyState === "open") this.#notes.send(JSON.stringify(note));
  }

  // How it goes

  /** @param {RTCPeerConnection} connection */
  #follow({ connectionState }) {
    if (connectionState === "connected") this.#connected();
    else if (connectionState === "disconnected") this.#lose();
    else if (connectionState === "failed") this.#mend();
  }

  #connected() {
    clearTimeout(this.#timers.restart);
    clearTimeout(this.#timers.failed);
    this.#restarts = 0;
    this.#become("connected");
  }

  #lose() {
    if (this.state === "connected") {
      this.#notConnectedSince = Date.now();
      this.#count();
      this.#become("lost");
    }
    this.#planRestart();
  }

  /** How long it is not connected before it counts as failed. */
  #count() {
    clearTimeout(this.#timers.failed);
    this.#timers.failed = setTimeout(() => this.#become("failed"), this.#timing.failed);
  }

  /** The polite side waits a little longer, so that the two rarely offer at once. */
  #planRestart() {
    clearTimeout(this.#timers.restart);
    const wait = Math.min(this.#timing.lastRestart, this.#timing.firstRestart * 2 ** this.#restarts);
    this.#timers.restart = setTimeout(() => this.#mend(), wait + (this.#polite ? wait / 3 : 0));
  }

  #mend() {
    if (!this.#started || this.#connection?.connectionState === "connected") return;
    if (this.#restarts >= RESTARTS || !this.#connection) return this.#startOver();
    this.#restarts += 1;
    const isYoung = Date.now() - this.#notConnectedSince < this.#timing.lastRestart;
    if (!isYoung || this.#connection.connectionState !== "connecting") this.#restartIce();
    this.#planRestart();
  }

  #restartIce() {
    const connection = this.#connection;
    if (!connection?.remoteDescription) this.hello();
    else if (connection.signalingState === "have-local-offer")
      this.#say({ description: connection.localDescription?.toJSON() });
    else connection.restartIce();
  }

  #drop() {
    const connection = this.#connection;
    this.#connection = this.#notes = null;
    clearTimeout(this.#timers.restart);
    if (!connection) return;
    connection.onnegotiationneeded = connection.onicecandidate = null;
    connection.onicecandidateerror = connection.onconnectionstatechange = connection.ontrack = null;
    connection.close();
  }

  /**
   * @param {Omit<Word, "from"|"to">} word
   * @param {string | null} [to]
   */
  #say(word, to = this.#peer) {
    this.#signal({ from: this.#me, to, ...word });
  }

  /** @param {CallState} state */
  #become(state) {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }
}
