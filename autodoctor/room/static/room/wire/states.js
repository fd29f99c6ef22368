// @ts-check
/**
 * Which states of a session mean what, as the server says it on the page (`data-states` of <session-room>).
 *
 * @typedef {"over"|"running"|"calling"|"begun"|"talking"} StateSet
 */

/**
 * @param {string | undefined} state
 * @param {StateSet} set
 */
export function isIn(state, set) {
  const room = /** @type {HTMLElement | null} */ (document.querySelector("[data-states]"));
  /** @type {Partial<Record<StateSet, string[]>>} */
  const sets = JSON.parse(room?.dataset.states ?? "{}");
  return state !== undefined && Boolean(sets[set]?.includes(state));
}
