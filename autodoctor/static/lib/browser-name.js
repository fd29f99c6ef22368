// @ts-check
/** The name of this browser and system, only for the words that explain where its settings are. */

/** The first that matches; a browser says that it is others too. @type {[string, RegExp][]} */
const BROWSERS = [
  ["firefox", /Firefox|FxiOS/],
  ["edge", /Edg/],
  ["samsung", /SamsungBrowser/],
  ["chrome", /Chrome|Chromium|CriOS/],
  ["safari", /Safari/],
];
/** @type {[string, RegExp][]} */
const SYSTEMS = [
  ["ios", /iPhone|iPad|iPod/],
  ["android", /Android/],
  ["windows", /Windows/],
  ["mac", /Macintosh/],
  ["linux", /Linux|CrOS/],
];

/**
 * Names from the most to the least specific: "safari-ios", "ios", "safari".
 * @param {string} agent
 * @param {number} fingers  that the screen can feel: an iPad says that it is a Mac
 */
export function namesOf(agent = navigator.userAgent, fingers = navigator.maxTouchPoints) {
  const browser = first(BROWSERS, agent);
  const system = first(SYSTEMS, agent) === "mac" && fingers > 1 ? "ios" : first(SYSTEMS, agent);
  return [`${browser}-${system}`, system, browser];
}

/** @param {[string, RegExp][]} names @param {string} agent */
const first = (names, agent) => names.find(([, pattern]) => pattern.test(agent))?.[0] ?? "other";
