// @ts-check
/**
 * One connection to one other side. Offers follow the "perfect negotiation" pattern; a data channel beside the media
 * carries notes, and closes when the other side has gone. Once closed, it says nothing any more.
 *
 * @typedef {"audio"|"video"} Kind
 * @typedef {{ description?: RTCSessionDescriptionInit, candidate?: RTCIceCandidateInit | null }} Agreement
 *
 * @typedef {object} Ways
 * @property {RTCIceServer[]} iceServers
 * @property {boolean} relayOnly  no direct way: both sides hide their addresses from each other
 *
 * @typedef {object} PeerLinkOptions
 * @property {boolean} polite  gives way when both offer at once
 * @property {Ways | null} ways  to begin with; null: not known yet
 * @property {() => Promise<Ways | null>} renew  asked before each look for a way; null: as before
 * @property {Record<Kind, MediaStreamTrack | null>} tracks  what is sent, looked at whenever a sender is made ready
 * @property {(word: Agreement) => void} say  to the other side, by the way of the signals
 *
 * @typedef {object} PeerLinkListener
 * @property {(state: RTCPeerConnectionState) => void} changed
 * @property {(track: MediaStreamTrack) => void} arrived
 * @property {() => void} opened  notes can be sent
 * @property {(note: Record<string, unknown>) => void} noted
 * @property {() => void} hungUp  the other side has closed it, without a word
 * @property {() => void} misfitted  what was said does not fit: it is agreed upon anew
 * @property {() => void} refused  by a relay, for its credentials
 */

const UNAUTHORIZED = 401; // as TURN says it: credentials that are wrong or have expired
const KINDS = /** @type {const} */ (["audio", "video"]);

export class PeerLink {
  #options;
  #listener;
  #connection;
  #notes;
  #isOpen = true;
  #ignoring = false;
  /** Offers are made, descriptions and candidates taken one after the other. @type {Promise<unknown>} */
  #inOrder = Promise.resolve();

  /**
   * @param {PeerLinkOptions} options
   * @param {PeerLinkListener} listener
   */
  constructor(options, listener) {
    this.#options = options;
    this.#listener = listener;
    const connection = new RTCPeerConnection(configurationOf(options.ways));
    this.#connection = connection;
    connection.onnegotiationneeded = () => this.#then(() => this.#offer());
    connection.onicecandidate = ({ candidate }) => options.say({ candidate: candidate?.toJSON() ?? null });
    connection.onicecandidateerror = ({ errorCode }) => errorCode === UNAUTHORIZED && listener.refused();
    connection.onconnectionstatechange = () => listener.changed(connection.connectionState);
    connection.ontrack = ({ track }) => listener.arrived(track);
    this.#notes = this.#openNotes();
    if (options.polite) return;
    for (const kind of KINDS) this.#prepare(connection.addTransceiver(kind, { direction: "sendrecv" }), kind);
  }

  get state() {
    return this.#connection.connectionState;
  }

  get isClosed() {
    return this.#connection.signalingState === "closed";
  }

  /** The other side has said what it sends. */
  get isAgreed() {
    return this.#connection.remoteDescription !== null;
  }

  /** @param {Kind} kind */
  sender(kind) {
    return this.#connection.getTransceivers()[KINDS.indexOf(kind)]?.sender;
  }

  stats() {
    return this.#connection.getStats().catch(() => null);
  }

  /** @param {RTCSessionDescriptionInit} description  of the other side */
  describe(description) {
    this.#then(() => this.#describe(description));
  }

  /** @param {RTCIceCandidateInit | null} candidate  of the other side */
  suggest(candidate) {
    this.#then(() => this.#suggest(candidate));
  }

  /** Look for a way anew, where something has been agreed upon. */
  restart() {
    if (!this.repeatOffer()) this.#connection.restartIce();
  }

  /** Say once more what the other side has not answered. Returns whether there was something. */
  repeatOffer() {
    if (this.#connection.signalingState !== "have-local-offer") return false;
    this.#options.say({ description: this.#connection.localDescription?.toJSON() });
    return true;
  }

  /** @param {Record<string, unknown>} note */
  note(note) {
    if (this.#notes.readyState === "open") this.#notes.send(JSON.stringify(note));
  }

  close() {
    this.#isOpen = false;
    const connection = this.#connection;
    connection.onnegotiationneeded = connection.onicecandidate = null;
    connection.onicecandidateerror = connection.onconnectionstatechange = connection.ontrack = null;
    connection.close();
  }

  #openNotes() {
    const notes = this.#connection.createDataChannel("notes", { negotiated: true, id: 0 });
    notes.onopen = () => this.#isOpen && this.#listener.opened();
    notes.onmessage = ({ data }) => this.#listener.noted(JSON.parse(data));
    notes.onclose = () => this.#isOpen && this.#listener.hungUp();
    return notes;
  }

  /**
   * @param {RTCRtpTransceiver} transceiver
   * @param {Kind} kind
   */
  #prepare(transceiver, kind) {
    transceiver.direction = "sendrecv";
    transceiver.sender.replaceTrack(this.#options.tracks[kind]).catch(() => undefined); // the connection is gone again
  }

  /** The first offer is always the impolite side's: it lays down what there is to send. */
  async #offer() {
    if (!this.#options.polite || this.isAgreed) await this.#describeOneself();
  }

  /** Looking for ways begins here, so with ways that open. */
  async #describeOneself() {
    const ways = await this.#options.renew();
    if (!this.#isOpen) return;
    if (ways) this.#connection.setConfiguration(configurationOf(ways));
    await this.#connection.setLocalDescription();
    if (this.#isOpen) this.#options.say({ description: this.#connection.localDescription?.toJSON() });
  }

  /** @param {RTCSessionDescriptionInit} description */
  async #describe(description) {
    const connection = this.#connection;
    const collides = description.type === "offer" && connection.signalingState !== "stable";
    this.#ignoring = !this.#options.polite && collides;
    if (this.#ignoring) return;
    await connection.setRemoteDescription(description);
    if (description.type !== "offer") return;
    for (const [place, transceiver] of connection.getTransceivers().entries()) {
      if (place < KINDS.length && transceiver.direction !== "sendrecv") this.#prepare(transceiver, KINDS[place]);
    }
    await this.#describeOneself();
  }

  /** @param {RTCIceCandidateInit | null} candidate */
  async #suggest(candidate) {
    try {
      await this.#connection.addIceCandidate(candidate ?? undefined);
    } catch (error) {
      if (!this.#ignoring) throw error;
    }
  }

  /** @param {() => Promise<void>} step */
  #then(step) {
    this.#inOrder = this.#inOrder
      .then(() => (this.#isOpen ? step() : undefined))
      .catch(() => this.#listener.misfitted());
  }
}

/** Before anything is known no address is given away. @param {Ways | null} ways @returns {RTCConfiguration} */
function configurationOf(ways) {
  const { iceServers, relayOnly } = ways ?? { iceServers: [], relayOnly: true };
  return { iceServers, iceTransportPolicy: relayOnly ? "relay" : "all", bundlePolicy: "max-bundle" };
}
