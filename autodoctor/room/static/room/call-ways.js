// @ts-check
/** What a call may use and take: the servers that lead through networks, how much is sent, and the way without a call. */
import { LADDER, SOUND_ONLY } from "room/link-quality";
import { csrfToken } from "room/upload";

const ENGINE_BITS = 128_000; // a second, of sound as it is
const SPEECH_BITS = 40_000;

/**
 * None when they cannot be asked for: then only a direct way is tried.
 * @param {string} session
 * @returns {Promise<{ iceServers: RTCIceServer[], relayOnly: boolean }>}
 */
export async function waysOf(session) {
  const answer = await fetch(`/api/sessions/${session}/ice-servers`).catch(() => null);
  const found = answer?.ok ? await answer.json() : {};
  return { iceServers: found.ice_servers ?? [], relayOnly: Boolean(found.relay_only) };
}

/** A session without any way for sound and picture becomes a chat: the customer says so. @param {string} session */
export async function chooseChat(session) {
  const checks = { camera: "skipped", microphone: "skipped", speaker: "skipped", network: "failed" };
  const answer = await fetch(`/api/sessions/${session}/preflight`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
    body: JSON.stringify({ mode: "chat", checks, network: {}, passed: false }),
  });
  if (!answer.ok) throw new Error(String(answer.status));
  sessionStorage.setItem(`preflight:${session}`, JSON.stringify({ mode: "chat" }));
}

/**
 * Send as much as the way bears; a screen keeps its size, since its words must be read.
 * @param {import("room/call").Call | null} call
 * @param {import("room/local-media").LocalMedia | null} media
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
