// @ts-check
/**
 * A call of this page with itself through the relay: the share that arrives, and the bitrate. Both ends are here, so
 * all data goes there and back.
 */

const SECONDS = 3;
const WARM_UP = 1 / 3; // of it: the sending begins slowly by itself, so how much arrives is counted after that
const PACKET_BYTES = 1200;
const KBIT = 1_300; // a second: enough to see whether a good picture gets through
const AT_ONCE_BYTES = PACKET_BYTES * 12;
const EVERY_MS = 20;
const CONNECT_LIMIT_MS = 6_000; // some ten times there and back before the first packet
const STRAGGLERS_MS = 400;

/**
 * @typedef {object} Passage
 * @property {number} loss_percent
 * @property {number} kbit  a second that arrived; 0 where nothing gets through
 */

/** @type {Passage} */
export const NOTHING = { loss_percent: 100, kbit: 0 };

/**
 * @param {RTCIceServer[]} iceServers
 * @param {{ seconds?: number, policy?: RTCIceTransportPolicy, progress?: (share: number) => void, limit?: number }} [options]
 *   `limit`: milliseconds until it must be connected
 * @returns {Promise<Passage>}
 */
export async function passThrough(
  iceServers,
  { seconds = SECONDS, policy = "relay", progress = () => {}, limit = CONNECT_LIMIT_MS } = {},
) {
  const ends = [1, 2].map(() => new RTCPeerConnection({ iceServers, iceTransportPolicy: policy }));
  try {
    const [out, into] = await connect(ends[0], ends[1], limit);
    return await send(out, into, seconds * 1000, progress);
  } catch {
    return NOTHING;
  } finally {
    for (const end of ends) end.close();
  }
}

/** Whether there is one among these. @param {RTCIceServer[]} iceServers */
export const hasRelay = (iceServers) =>
  iceServers.some(({ urls }) => [urls].flat().some((url) => /^turns?:/.test(url)));

/**
 * @param {RTCPeerConnection} caller
 * @param {RTCPeerConnection} callee
 * @param {number} limit
 * @returns {Promise<[RTCDataChannel, RTCDataChannel]>}
 */
async function connect(caller, callee, limit) {
  caller.onicecandidate = ({ candidate }) => callee.addIceCandidate(candidate ?? undefined).catch(() => {});
  callee.onicecandidate = ({ candidate }) => caller.addIceCandidate(candidate ?? undefined).catch(() => {});
  const out = caller.createDataChannel("passage", { ordered: false, maxRetransmits: 0 });
  const arrived = new Promise((resolve) => (callee.ondatachannel = ({ channel }) => resolve(channel)));
  const opened = new Promise((resolve) => (out.onopen = resolve));
  await caller.setLocalDescription();
  await callee.setRemoteDescription(/** @type {RTCSessionDescription} */ (caller.localDescription));
  await callee.setLocalDescription();
  await caller.setRemoteDescription(/** @type {RTCSessionDescription} */ (callee.localDescription));
  const [into] = await inTime(Promise.all([arrived, opened]), limit);
  return [out, into];
}

/** @template Result @param {Promise<Result>} promise @param {number} limit @returns {Promise<Result>} */
function inTime(promise, limit) {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("too late")), limit));
  return Promise.race([promise, /** @type {Promise<never>} */ (late)]);
}

/**
 * Send at an even pace, by the time that has passed, because timers are late.
 * @param {RTCDataChannel} out
 * @param {RTCDataChannel} into
 * @param {number} lasts  milliseconds
 * @param {(share: number) => void} progress
 * @returns {Promise<Passage>}
 */
async function send(out, into, lasts, progress) {
  const packet = new Uint8Array(PACKET_BYTES);
  const begun = performance.now();
  const warm = lasts * WARM_UP;
  let [sent, received, counted, owed, before] = [0, 0, 0, 0, 0];
  into.onmessage = () => {
    received += 1;
    const at = performance.now() - begun;
    if (at > warm && at <= lasts) counted += 1;
  };
  for (let passed = 0; passed < lasts; passed = performance.now() - begun) {
    owed = Math.min(AT_ONCE_BYTES, owed + ((passed - before) * KBIT) / 8);
    before = passed;
    // Buffered data is not lost: wait for it.
    for (; owed >= PACKET_BYTES && out.bufferedAmount < AT_ONCE_BYTES; owed -= PACKET_BYTES, sent += 1)
      out.send(packet);
    progress(passed / lasts);
    await pause(EVERY_MS);
  }
  await pause(STRAGGLERS_MS);
  return {
    loss_percent: 100 * (1 - received / Math.max(1, sent)),
    kbit: (counted * PACKET_BYTES * 8) / (lasts - warm),
  };
}

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
