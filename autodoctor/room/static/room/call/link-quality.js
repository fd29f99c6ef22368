// @ts-check
/**
 * The quality of the connection between two browsers, from a call's statistics, and the picture size that it allows.
 * Independent of DOM and call: `look` takes a report and the time.
 *
 * @typedef {object} Figures  what is read of one entry of `RTCPeerConnection.getStats`, whichever type it is of
 * @property {string} type
 * @property {string} [kind]
 * @property {number} [bytesReceived]
 * @property {number} [frameHeight]  pixels
 * @property {string} [qualityLimitationReason]
 * @property {number} [fractionLost]
 * @property {boolean} [nominated]
 * @property {string} [state]
 * @property {number} [currentRoundTripTime]  seconds
 * @property {number} [availableOutgoingBitrate]
 *
 * @typedef {object} Verdict
 * @property {0|1|2|3} bars  0: nothing arrives
 * @property {number} rung  of `LADDER`: what this side should send
 * @property {boolean} receiving  sound or picture of the other side has arrived since the last look
 * @property {{ rtt: number, loss: number, received: number, height: number }} facts  ms, share, kbit/s, pixels
 */

/** Picture sizes from the best to none; the last rung is sound only. `height` in pixels, `rate` in bit/s. */
export const LADDER = [
  { height: 720, rate: 2_000_000 },
  { height: 480, rate: 900_000 },
  { height: 360, rate: 450_000 },
  { height: 180, rate: 150_000 },
  { height: 0, rate: 0 },
];
export const SOUND_ONLY = LADDER.length - 1;
const DOWN_AFTER = 3; // bad looks in a row
const UP_AFTER = 8; // good ones
const BACK_AFTER_MS = 15_000; // from sound only: then the picture is tried again
const POOR = { loss: 0.1, rtt: 800 };
const FAIR = { loss: 0.03, rtt: 350 };
const HEADROOM = 0.6; // of a rung's rate must be there to stay on it

export class LinkQuality {
  #rung = 0;
  #top = 0;
  #bad = 0;
  #good = 0;
  #fellAt = -Infinity;
  #patience = BACK_AFTER_MS;
  /** @type {{ at: number, bytes: number } | null} */
  #before = null;

  /** @param {number} maxHeight  no more than this is ever sent */
  constructor(maxHeight = LADDER[0].height) {
    this.#top = Math.max(
      0,
      LADDER.findIndex(({ height }) => height <= maxHeight),
    );
    this.#rung = this.#top;
  }

  /** Reset after a new connection: counts of the old one no longer apply. */
  reset() {
    this.#before = null;
    this.#bad = this.#good = 0;
  }

  /**
   * @param {Map<string, Figures>} report  of `RTCPeerConnection.getStats`
   * @param {number} now  milliseconds
   * @returns {Verdict}
   */
  look(report, now) {
    const seen = read(report);
    const seconds = this.#before ? (now - this.#before.at) / 1000 : 0;
    const bytes = seen.bytes - (this.#before?.bytes ?? 0);
    this.#before = { at: now, bytes: seen.bytes };
    this.#climb(seen, now);
    return {
      bars: bytes > 0 ? bars(seen) : 0,
      rung: this.#rung,
      receiving: bytes > 0,
      facts: {
        rtt: seen.rtt,
        loss: seen.loss,
        received: seconds ? (bytes * 8) / seconds / 1000 : 0,
        height: seen.height,
      },
    };
  }

  /**
   * @param {ReturnType<typeof read>} seen
   * @param {number} now
   */
  #climb(seen, now) {
    if (this.#rung === SOUND_ONLY) return this.#tryAgain(seen, now);
    const isTight = seen.isLimited && seen.available < LADDER[this.#rung].rate * HEADROOM;
    const isBad = isTight || seen.loss > POOR.loss || seen.rtt > POOR.rtt;
    this.#bad = isBad ? this.#bad + 1 : 0;
    this.#good = isBad || seen.loss > FAIR.loss ? 0 : this.#good + 1;
    if (this.#bad >= DOWN_AFTER) this.#move(1, now);
    else if (this.#good >= UP_AFTER && this.#rung > this.#top) this.#move(-1, now);
  }

  /**
   * Without a picture the connection cannot be measured: try a picture after a while, after each failure later.
   * @param {ReturnType<typeof read>} seen
   * @param {number} now
   */
  #tryAgain(seen, now) {
    if (now - this.#fellAt < this.#patience || seen.loss > POOR.loss) return;
    this.#patience *= 2;
    this.#move(-1, now);
  }

  /**
   * @param {1|-1} step
   * @param {number} now
   */
  #move(step, now) {
    this.#rung = Math.max(this.#top, Math.min(SOUND_ONLY, this.#rung + step));
    this.#bad = this.#good = 0;
    if (this.#rung === SOUND_ONLY) this.#fellAt = now;
    else if (this.#rung < SOUND_ONLY - 1) this.#patience = BACK_AFTER_MS;
  }
}

/** @param {Map<string, Figures>} report */
function read(report) {
  const seen = { bytes: 0, rtt: 0, loss: 0, available: Infinity, isLimited: false, height: 0 };
  for (const each of report.values()) {
    if (each.type === "inbound-rtp") {
      seen.bytes += each.bytesReceived ?? 0;
      if (each.kind === "video") seen.height = each.frameHeight ?? 0;
    } else if (each.type === "outbound-rtp") {
      seen.isLimited ||= each.qualityLimitationReason === "bandwidth";
    } else if (each.type === "remote-inbound-rtp") {
      seen.loss = Math.max(seen.loss, each.fractionLost ?? 0);
    } else if (each.type === "candidate-pair" && each.nominated && each.state === "succeeded") {
      seen.rtt = (each.currentRoundTripTime ?? 0) * 1000;
      seen.available = each.availableOutgoingBitrate ?? Infinity;
    }
  }
  return seen;
}

/** @param {{ loss: number, rtt: number }} seen @returns {1|2|3} */
function bars({ loss, rtt }) {
  if (loss > POOR.loss || rtt > POOR.rtt) return 1;
  return loss > FAIR.loss || rtt > FAIR.rtt ? 2 : 3;
}
