// @ts-check
/**
 * Measures the connection to the server, and through the relay where the session has one, and judges which kinds of
 * session it allows.
 *
 * @typedef {object} Figures  null where nothing was measured
 * @property {number | null} rtt_ms
 * @property {number | null} jitter_ms
 * @property {number | null} loss_percent
 * @property {number | null} up_kbit  a second
 * @property {number | null} relay_kbit  a second through the relay; 0: it must be used, and cannot be reached
 * @typedef {"green"|"amber"|"red"} Level
 * @typedef {""|"offline"|"far"|"unsteady"|"slow"|"blocked"} Weakness
 */
import { csrfToken } from "lib/sending";
import { waysOf } from "room/call/call-fallbacks";
import { NOTHING, hasRelay, passThrough } from "room/preflight/relay-test";

const UNSTEADY_MS = 50;
/** Per figure: the limit of a good value, the limit of a sufficient value, and the name of the problem beyond it. */
const LIMITS = /** @type {const} */ ([
  { name: "rtt_ms", good: 200, does: 400, lacks: "far" },
  { name: "jitter_ms", good: 30, does: UNSTEADY_MS, lacks: "unsteady" },
  { name: "loss_percent", good: 2, does: 5, lacks: "unsteady" },
  { name: "up_kbit", good: 1000, does: 350, lacks: "slow" },
  { name: "relay_kbit", good: 1000, does: 350, lacks: "slow" },
]);
const PINGS = 10;
const PING_EVERY_MS = 200;
const PING_LIMIT_MS = 2_000;
const ENOUGH_MS = 4_000; // then the pings so far have to do
const FIRST_BYTES = 64 * 1024;
const MORE_BYTES = 250 * 1024; // what the server takes at most, less what is around it
const QUICK_MS = 700; // what came so quickly says little: more is sent
const UPLOAD_LIMIT_MS = 4_000;
const TOO_MANY_REQUESTS = 429;
const HEALTH = "/api/health";
const SINK = "/api/check/upload";
/** The share of each step in the progress; the rest is the relay's. */
const SHARES = { pings: 0.3, upload: 0.15 };

/** @type {Figures} */
export const UNKNOWN = { rtt_ms: null, jitter_ms: null, loss_percent: null, up_kbit: null, relay_kbit: null };

/**
 * @param {object} options
 * @param {string} [options.session]  without one no relay is known
 * @param {(share: number) => void} options.progress  0 to 1
 * @param {AbortSignal} options.signal
 */
export async function testNetwork({ session, progress, signal }) {
  const relay = (/** @type {(share: number) => void} */ tell) => throughRelay(session, tell);
  const figures = await measure({ progress, relay, signal });
  const { level, weakness } = judge(figures);
  return { figures, level, weakness, maxHeight: /** @type {720 | 360} */ (level === "green" ? 720 : 360) };
}

/**
 * If the relay cannot be reached there may be another way: then nothing is said of it.
 * @param {string | undefined} session
 * @param {(share: number) => void} progress
 */
async function throughRelay(session, progress) {
  const ways = session ? await waysOf(session) : null;
  if (!ways || !hasRelay(ways.iceServers)) return null;
  const passage = await passThrough(ways.iceServers, { progress });
  return passage === NOTHING && !ways.relayOnly ? null : passage;
}

/**
 * @param {object} options
 * @param {(share: number) => void} options.progress
 * @param {(progress: (share: number) => void) => Promise<import("room/preflight/relay-test").Passage | null>} [options.relay]  null:
 *   there is none to measure
 * @param {AbortSignal} options.signal
 * @param {number} [options.pingEvery]  milliseconds
 * @returns {Promise<Figures>}
 */
export async function measure({ progress, relay, signal, pingEvery = PING_EVERY_MS }) {
  const times = await steadyPings(pingEvery, signal, (share) => progress(share * SHARES.pings));
  progress(SHARES.pings);
  const rtt_ms = times.length ? middle(times) : null;
  const up_kbit = rtt_ms === null ? null : await upload(rtt_ms);
  const so = SHARES.pings + SHARES.upload;
  progress(so);
  const passage = rtt_ms === null ? null : await relay?.((share) => progress(so + share * (1 - so)));
  progress(1);
  const jitter_ms = rtt_ms === null ? null : jitter(times);
  return { rtt_ms, jitter_ms, loss_percent: passage?.loss_percent ?? null, up_kbit, relay_kbit: passage?.kbit ?? null };
}

/** @param {Figures} figures @returns {{ level: Level, weakness: Weakness }} */
export function judge(figures) {
  if (figures.rtt_ms === null) return { level: "red", weakness: "offline" };
  if (figures.relay_kbit === 0) return { level: "red", weakness: "blocked" };
  const weak = LIMITS.find(({ name, good, does }) => !reaches(figures[name], does, good < does));
  if (weak) return { level: "red", weakness: weak.lacks };
  const isGood = LIMITS.every(({ name, good, does }) => reaches(figures[name], good, good < does));
  return { level: isGood ? "green" : "amber", weakness: "" };
}

/**
 * A missing figure counts as good.
 * @param {number | null} figure
 * @param {number} limit
 * @param {boolean} isUpper  less is better
 */
const reaches = (figure, limit, isUpper) => figure === null || (isUpper ? figure <= limit : figure >= limit);

/**
 * Like `ping`, but repeats an unsteady result once, because a short disturbance must not decide.
 * @param {number} every
 * @param {AbortSignal} signal
 * @param {(share: number) => void} progress
 */
async function steadyPings(every, signal, progress) {
  const first = await ping(every, signal, progress);
  if (jitter(first) <= UNSTEADY_MS) return first;
  const again = await ping(every, signal, () => {});
  return again.length && jitter(again) < jitter(first) ? again : first;
}

/**
 * Milliseconds of each answer, without the first, which opens the connection.
 * @param {number} every
 * @param {AbortSignal} signal
 * @param {(share: number) => void} progress
 */
async function ping(every, signal, progress) {
  const begun = performance.now();
  const times = [];
  for (let sent = 0; sent <= PINGS && performance.now() - begun < ENOUGH_MS && !signal.aborted; sent += 1) {
    const took = await timed(HEALTH, { cache: "no-store" }, PING_LIMIT_MS);
    if (typeof took === "number" && sent > 0) times.push(took);
    progress(sent / PINGS);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, every - (took ?? 0))));
  }
  return times;
}

/**
 * Kilobits per second; 0 if not even a small upload succeeded, null if the server takes no measurement now.
 * @param {number} rtt  milliseconds, which are no part of the sending
 */
async function upload(rtt) {
  const first = await sent(FIRST_BYTES);
  if (typeof first !== "number") return first === null ? 0 : null;
  const more = first - rtt < QUICK_MS ? await sent(MORE_BYTES) : null;
  return typeof more !== "number" ? rate(FIRST_BYTES, first - rtt) : rate(MORE_BYTES, more - rtt);
}

/** @param {number} bytes */
function sent(bytes) {
  const headers = { "X-CSRFToken": csrfToken(), "Content-Type": "application/octet-stream" };
  const body = new Blob([crypto.getRandomValues(new Uint8Array(FIRST_BYTES)), new Uint8Array(bytes - FIRST_BYTES)]);
  return timed(SINK, { method: "POST", headers, body }, UPLOAD_LIMIT_MS);
}

/**
 * Milliseconds until the answer, as the browser's network measured them: a page that is busy with a camera gets the
 * answer later. Null without an answer, or after a refusal; undefined if the server was asked too often.
 * @param {string} address
 * @param {RequestInit} request
 * @param {number} limit  milliseconds
 */
async function timed(address, request, limit) {
  performance.clearResourceTimings();
  const begun = performance.now();
  try {
    const answer = await fetch(address, { ...request, signal: AbortSignal.timeout(limit) });
    await answer.arrayBuffer();
    const took = performance.now() - begun;
    const [seen] = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByName(answer.url, "resource"));
    if (answer.status === TOO_MANY_REQUESTS) return undefined;
    return answer.ok ? (seen?.requestStart ? seen.responseStart - seen.requestStart : took) : null;
  } catch {
    return null;
  }
}

/** @param {number} bytes @param {number} ms */
const rate = (bytes, ms) => (bytes * 8) / Math.max(1, ms);

/** From one to the next; the middle one, because one hiccup of a busy phone is not the network's. @param {number[]} times */
function jitter(times) {
  const steps = times.slice(1).map((time, place) => Math.abs(time - times[place]));
  return steps.length ? middle(steps) : 0;
}

/** @param {number[]} values */
const middle = (values) => [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];
