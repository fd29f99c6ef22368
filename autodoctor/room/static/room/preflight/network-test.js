// @ts-check
/** Tests the way to the server, and through the relay where the session has one. */
import { waysOf } from "room/call/call-fallbacks";
import { judge, measure } from "room/preflight/link-test";
import { NOTHING, hasRelay, passThrough } from "room/preflight/relay-test";
import { csrfToken } from "lib/upload";

/** @type {import("room/preflight/link-test").Figures} */
export const UNKNOWN = { rtt_ms: null, jitter_ms: null, loss_percent: null, up_kbit: null, relay_kbit: null };

/**
 * @param {object} options
 * @param {string} [options.session]  without one no relay is known
 * @param {(share: number) => void} options.progress  0 to 1
 * @param {AbortSignal} options.signal
 */
export async function testNetwork({ session, progress, signal }) {
  const relay = (/** @type {(share: number) => void} */ tell) => throughRelay(session, tell);
  const figures = await measure({ token: csrfToken(), progress, relay, signal });
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
