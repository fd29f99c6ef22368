// @ts-check
/**
 * The ways into a session that the checks allow.
 *
 * @typedef {"camera"|"microphone"|"speaker"|"network"} Check
 * @typedef {"waiting"|"checking"|"passed"|"failed"|"skipped"} State
 * @typedef {"video"|"audio"|"photos"|"chat"} Mode
 * @typedef {"checking"|"hearing"|"failed"|"ready"} Phase
 */

/** @type {Check[]} */
export const CHECKS = ["camera", "microphone", "speaker", "network"];

/** How the whole check stands. @param {Record<Check, State>} states @returns {Phase} */
export function phaseOf(states) {
  if (CHECKS.some((check) => states[check] === "failed")) return "failed";
  const open = CHECKS.filter((check) => states[check] === "waiting" || states[check] === "checking");
  if (!open.length) return "ready";
  return open.every((check) => check === "speaker") ? "hearing" : "checking";
}

/**
 * The choices after a failed check, the best first. Only the customer may choose chat alone, because they paid for
 * more. If the network allows no call, audio is no choice either.
 * @param {Record<Check, State>} states
 * @param {{ mayChat: boolean, mayTalk?: boolean }} may
 * @returns {Mode[]}
 */
export function lesserWays(states, { mayChat, mayTalk = true }) {
  if (phaseOf(states) !== "failed") return [];
  const talks = mayTalk && states.microphone === "passed" && isHeard(states);
  /** @type {Mode[]} */
  const ways = [];
  if (talks && states.network === "passed") ways.push("audio");
  if (talks && states.network === "failed") ways.push("photos");
  if (mayChat) ways.push("chat");
  return ways;
}

/** They hear, or said that they go without. @param {Record<Check, State>} states */
export const isHeard = (states) => states.speaker === "passed" || states.speaker === "skipped";

/** As the server keeps it: what was not finished was not done. @param {Record<Check, State>} states */
export function outcomes(states) {
  const known = new Set(["passed", "failed"]);
  return Object.fromEntries(CHECKS.map((check) => [check, known.has(states[check]) ? states[check] : "skipped"]));
}
