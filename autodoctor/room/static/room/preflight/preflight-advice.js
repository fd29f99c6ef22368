// @ts-check
/** What to do where a check has failed, in this browser and system: one of the page's `template`s. */
import { namesOf } from "lib/browser-name";

/** @typedef {import("room/preflight/preflight-fallbacks").Check} Check */

/** Mended in one place for both devices. */
const SETTINGS = new Set(["denied", "system", "insecure"]);

/**
 * @param {ParentNode} page
 * @param {Check} check
 * @param {string} reason
 */
export function adviceFor(page, check, reason) {
  if (check === "microphone" && SETTINGS.has(reason) && failsLikeThat(page, "camera", reason))
    return copy(page, "same");
  const selector = `template[data-advice~="${check}-${reason}"]`;
  const about = [.../** @type {NodeListOf<HTMLTemplateElement>} */ (page.querySelectorAll(selector))];
  const here = namesOf().map((name) => about.find(({ dataset }) => dataset.for?.split(" ").includes(name)));
  const template = here.find(Boolean) ?? about.find(({ dataset }) => !dataset.for);
  return template ? template.content.cloneNode(true) : copy(page, "any");
}

/**
 * It is said once, where both devices fail alike.
 * @param {ParentNode} page
 * @param {Check} check
 * @param {string} reason
 */
function failsLikeThat(page, check, reason) {
  return page.querySelector(`[data-check=${check}][data-state=failed][data-reason=${reason}]`) !== null;
}

/**
 * @param {ParentNode} page
 * @param {string} advice
 */
function copy(page, advice) {
  const template = /** @type {HTMLTemplateElement} */ (page.querySelector(`template[data-advice=${advice}]`));
  return template.content.cloneNode(true);
}
