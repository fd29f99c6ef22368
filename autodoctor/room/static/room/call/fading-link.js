// @ts-check
/**
 * The connection to the page that had the call of the other side before: it stays until what the next page sends arrives,
 * so that nothing is missed while a call moves from a laptop to a phone.
 *
 * @typedef {import("room/call/peer-link").PeerLink} PeerLink
 */

const AT_MOST_MS = 10_000;
const WITHOUT_PICTURE_MS = 1_500; // sound is there, and no picture follows: there may be no camera

export class FadingLink {
  /** @type {PeerLink | null} */
  #link = null;
  /** Of the next page, not shown yet. @type {MediaStreamTrack[]} */
  #tracks = [];
  #over;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #end;

  /** @param {(tracks: MediaStreamTrack[]) => void} over  from now on these are shown */
  constructor(over) {
    this.#over = over;
  }

  /** What arrives is still this one's; null: that of the present connection. */
  get link() {
    return this.#link;
  }

  /** Keep this connection for a while, if it is worth it. @param {PeerLink | null} link */
  begin(link) {
    this.finish();
    if (link?.state !== "connected") return link?.close();
    this.#link = link;
    this.#finishIn(AT_MOST_MS);
  }

  /** Whether this track of the next page waits until something comes by it. @param {MediaStreamTrack} track */
  holds(track) {
    if (!this.#link) return false;
    this.#tracks.push(track);
    track.addEventListener("unmute", () => this.#come(track), { once: true });
    return true;
  }

  /** The next page has the call. */
  finish() {
    if (!this.#link) return;
    clearTimeout(this.#end);
    const [link, tracks] = [this.#link, this.#tracks];
    this.#link = null;
    this.#tracks = [];
    this.#over(tracks);
    link.close();
  }

  /** Something arrives by it. @param {MediaStreamTrack} track */
  #come(track) {
    if (!this.#tracks.includes(track)) return;
    if (track.kind === "video") this.finish();
    else this.#finishIn(WITHOUT_PICTURE_MS);
  }

  /** @param {number} ms */
  #finishIn(ms) {
    clearTimeout(this.#end);
    this.#end = setTimeout(() => this.finish(), ms);
  }
}
