// @ts-check
/**
 * What the server says on the page of a session for its scripts: which states mean what (`data-states` of <session-room>),
 * and how the session stands for this person (`data-facts`).
 *
 * @typedef {"over"|"running"|"calling"|"begun"|"talking"} StateSet
 *
 * @typedef {object} Facts
 * @property {string} state
 * @property {string} stage
 * @property {string} role
 * @property {boolean} shares  this person may share files
 * @property {boolean} prepares  this person has to check their devices
 * @property {number} refresh  seconds between looks; 0 for none
 * @property {number} refreshAt  milliseconds since the epoch, or NaN
 * @property {string} title
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

/** What the page says now. @param {HTMLElement} room @returns {Facts} */
export function factsOf(room) {
  const { dataset } = /** @type {HTMLElement} */ (room.querySelector("[data-facts]"));
  return {
    state: dataset.state ?? "",
    stage: dataset.stage ?? "",
    role: dataset.role ?? "",
    shares: "shares" in dataset,
    prepares: "prepares" in dataset,
    refresh: Number(dataset.refresh ?? 0),
    refreshAt: dataset.refreshAt ? Date.parse(dataset.refreshAt) : NaN,
    title: (dataset.title ?? "").trim(),
  };
}
