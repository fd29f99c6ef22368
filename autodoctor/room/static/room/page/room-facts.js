// @ts-check
/**
 * @typedef {object} Facts  what the server says about the page of a session, for the scripts
 * @property {string} state
 * @property {string} stage
 * @property {string} role
 * @property {boolean} shares  this person may share files
 * @property {boolean} prepares  this person has to check their devices
 * @property {number} refresh  seconds between looks; 0 for none
 * @property {number} refreshAt  milliseconds since the epoch, or NaN
 * @property {string} title
 */

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
