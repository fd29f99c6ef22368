// @ts-check
/**
 * With which devices somebody takes part in the call of a session, if at all: the device check leaves it, the call takes it
 * up, on this page and on the next.
 *
 * @typedef {"video"|"audio"|"photos"|"chat"} Mode
 * @typedef {{ mode: Mode, camera: string | null, microphone: string | null, maxHeight: number }} Choice
 */

/** @param {string} session */
const keyOf = (session) => `preflight:${session}`;

/** @param {string} session @returns {Choice} */
export function choiceOf(session) {
  const kept = JSON.parse(sessionStorage.getItem(keyOf(session)) ?? "{}");
  return { mode: "video", camera: null, microphone: null, maxHeight: 720, ...kept };
}

/**
 * @param {string} session
 * @param {Record<string, unknown>} choice
 */
export function keepChoice(session, choice) {
  sessionStorage.setItem(keyOf(session), JSON.stringify(choice));
}
