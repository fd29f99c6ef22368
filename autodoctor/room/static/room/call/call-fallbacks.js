// @ts-check
/** What a call may use and take: the servers that lead through networks, how much is sent, and the way without a call. */
import { choiceOf, keepChoice } from "room/call/devices";
import { LADDER, SOUND_ONLY } from "room/call/link-quality";
import { send } from "lib/sending";

const PATIENCE_MS = 5_000;
const ENGINE_BITS = 128_000; // a second, of sound as it is
const SPEECH_BITS = 40_000;

/**
 * @param {string} session
 * @returns {Promise<import("room/call/peer-link").Ways & { validFor: number } | null>}  for so many milliseconds; null: they cannot
 *   be had now
 */
export async function waysOf(session) {
  const answer = await fetch(`/api/sessions/${session}/ice-servers`, {
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).catch(() => null);
  if (!answer?.ok) return null;
  const { ice_servers, relay_only, valid_seconds } = await answer.json();
  return { iceServers: ice_servers, relayOnly: relay_only, validFor: valid_seconds * 1000 };
}

/**
 * Fetches servers now, and new ones after half of their lifetime, so that a longer call can still connect. Old servers
 * are kept if there are no new ones. Uses the time of day, which continues while a device sleeps.
 * @param {string} session
 * @returns {(anew?: boolean) => Promise<import("room/call/peer-link").Ways | null>}
 */
export function freshWays(session) {
  /** @type {Awaited<ReturnType<typeof waysOf>>} */
  let ways = null;
  let since = 0;
  const ask = async () => {
    const asked = Date.now();
    const found = await waysOf(session).catch(() => null);
    if (found) [ways, since] = [found, asked];
    asking = null;
  };
  /** @type {Promise<void> | null} */
  let asking = ask();
  return async (anew = false) => {
    const age = Date.now() - since;
    if (asking || anew || !ways || age < 0 || age > ways.validFor / 2) await (asking ??= ask());
    return ways;
  };
}

/** A session without any way for sound and picture becomes a chat: the customer says so. @param {string} session */
export async function chooseChat(session) {
  const checks = { camera: "skipped", microphone: "skipped", speaker: "skipped", network: "failed" };
  const body = JSON.stringify({ mode: "chat", checks, network: {} });
  const answer = await send(`/api/sessions/${session}/preflight`, { body });
  if (!answer.ok) throw new Error(String(answer.status));
  const before = choiceOf(session);
  keepChoice(session, { ...before, mode: "chat", before: before.mode });
}

/** With sound and picture after all, as far as they were wanted before. @param {string} session */
export function chooseCall(session) {
  const { before = "video", ...choice } = /** @type {Record<string, unknown>} */ (choiceOf(session));
  keepChoice(session, { ...choice, mode: before });
}

/**
 * Send as much as the connection allows; a shared screen keeps its size, so that its text stays readable.
 * @param {import("room/call/call").Call | null} call
 * @param {import("room/call/local-media").LocalMedia | null} media
 * @param {number} rung  of `LADDER`
 */
export async function limit(call, media, rung) {
  const { height, rate } = LADDER[rung];
  const own = media?.track("video")?.getSettings().height ?? height;
  const scale = media?.isSharing || !height ? 1 : Math.max(1, own / height);
  const active = rate > 0 || Boolean(media?.isSharing);
  const maxBitrate = rate || LADDER[SOUND_ONLY - 1].rate;
  await configure(call?.sender("video"), { active, maxBitrate, scaleResolutionDownBy: scale });
  await configure(call?.sender("audio"), { maxBitrate: media?.isRaw ? ENGINE_BITS : SPEECH_BITS });
}

/**
 * @param {RTCRtpSender | undefined} sender
 * @param {RTCRtpEncodingParameters} wishes
 */
async function configure(sender, wishes) {
  const parameters = sender?.getParameters();
  if (!parameters?.encodings?.length) return; // not agreed upon yet
  Object.assign(parameters.encodings[0], wishes);
  await sender?.setParameters(parameters).catch(() => undefined); // agreed upon anew meanwhile: the next look does it
}
