// @ts-check
/**
 * A call with oneself through the relay: what part of it arrives. Both ends are here, so all of it goes there and back.
 */

const SECONDS = 2.5;
const PACKET_BYTES = 1200;
const PACKETS_AT_ONCE = 6;
const BURST_EVERY_MS = 50; // 6 of 1200 bytes every 50 ms: 1.15 Mbit/s
const CONNECT_LIMIT_MS = 3_000;
const STRAGGLERS_MS = 400;

/**
 * @typedef {object} Passage
 * @property {number} loss_percent
 * @property {number} kbit  a second that arrived
 */

/**
 * @param {RTCIceServer[]} iceServers
 * @param {{ seconds?: number, policy?: RTCIceTransportPolicy }} [options]
 * @returns {Promise<Passage | null>}  null where the relay cannot be reached: a direct way may still be found
 */
export async function passThrough(iceServers, { seconds = SECONDS, policy = "relay" } = {}) {
  const ends = [1, 2].map(() => new RTCPeerConnection({ iceServers, iceTransportPolicy: policy }));
  try {
    const [out, into] = await connect(ends[0], ends[1]);
    return await send(out, into, seconds);
  } catch {
    return null;
  } finally {
    for (const end of ends) end.close();
  }
}

/** Whether there is one among these. @param {RTCIceServer[]} iceServers */
export const hasRelay = (iceServers) => iceServers.some(({ urls }) => [urls].flat().some((url) => /^turns?:/.test(url)));

/**
 * @param {RTCPeerConnection} caller
 * @param {RTCPeerConnection} callee
 * @returns {Promise<[RTCDataChannel, RTCDataChannel]>}
 */
async function connect(caller, callee) {
  caller.onicecandidate = ({ candidate }) => callee.addIceCandidate(candidate ?? undefined).catch(() => {});
  callee.onicecandidate = ({ candidate }) => caller.addIceCandidate(candidate ?? undefined).catch(() => {});
  const out = caller.createDataChannel("passage", { ordered: false, maxRetransmits: 0 });
  const arrived = new Promise((resolve) => (callee.ondatachannel = ({ channel }) => resolve(channel)));
  const opened = new Promise((resolve) => (out.onopen = resolve));
  await caller.setLocalDescription();
  await callee.setRemoteDescription(/** @type {RTCSessionDescription} */ (caller.localDescription));
  await callee.setLocalDescription();
  await caller.setRemoteDescription(/** @type {RTCSessionDescription} */ (callee.localDescription));
  const [into] = await inTime(Promise.all([arrived, opened]));
  return [out, into];
}

/** @template Result @param {Promise<Result>} promise @returns {Promise<Result>} */
function inTime(promise) {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("too late")), CONNECT_LIMIT_MS));
  return Promise.race([promise, /** @type {Promise<never>} */ (late)]);
}

/**
 * @param {RTCDataChannel} out
 * @param {RTCDataChannel} into
 * @param {number} seconds
 * @returns {Promise<Passage>}
 */
async function send(out, into, seconds) {
  const packet = new Uint8Array(PACKET_BYTES);
  let sent = 0;
  let received = 0;
  into.onmessage = () => (received += 1);
  const begun = performance.now();
  while (performance.now() - begun < seconds * 1000) {
    // What waits here was not lost on the way: it only has to be waited for.
    for (let each = 0; each < PACKETS_AT_ONCE && out.bufferedAmount < PACKET_BYTES * PACKETS_AT_ONCE; each += 1) {
      out.send(packet);
      sent += 1;
    }
    await pause(BURST_EVERY_MS);
  }
  const took = performance.now() - begun;
  await pause(STRAGGLERS_MS);
  return { loss_percent: 100 * (1 - received / Math.max(1, sent)), kbit: (received * PACKET_BYTES * 8) / took };
}

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
