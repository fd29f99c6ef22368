// @ts-check
/** Formats files: their size, and the slots of the markup that describe a file. */
import { fill } from "lib/templates";

/** @typedef {Pick<import("lib/upload").SharedFile, "id"|"name"|"size"|"width"|"height">} Described */

const STEP = 1024;
const UNITS = ["byte", "kilobyte", "megabyte"];
const language = document.documentElement.lang;

/** "1.2 MB", as the server writes it too. @param {number} bytes */
export function sizeInWords(bytes) {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log(Math.max(1, bytes)) / Math.log(STEP)));
  const unit = UNITS[power];
  const amount = new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: power && 1 });
  return amount.format(bytes / STEP ** power);
}

/**
 * Fill the slots of `room/parts/shared_file.html` for a file that is shared while the page is open.
 * @param {HTMLElement} markup
 * @param {Described} file
 * @param {string} folder  the address under which the session's files are
 */
export function describe(markup, file, folder) {
  const address = `${folder}${file.id}/`;
  fill(markup, "name", file.name);
  fill(markup, "size", sizeInWords(file.size));
  for (const link of all(markup, "data-to")) link.setAttribute("href", address + link.dataset.to);
  for (const link of all(markup, "data-caption")) link.dataset.caption = file.name;
  for (const media of all(markup, "data-from")) {
    if (media instanceof HTMLImageElement) frame(media, file);
    else media.setAttribute("aria-label", file.name);
    media.setAttribute("src", address + media.dataset.from);
  }
}

/**
 * Reserve the picture's space, so that the layout does not jump.
 * @param {HTMLImageElement} image
 * @param {Described} file
 */
function frame(image, { name, width, height }) {
  image.alt = name;
  if (width && height) Object.assign(image, { width, height });
}

/**
 * @param {HTMLElement} markup
 * @param {string} attribute
 * @returns {NodeListOf<HTMLElement>}
 */
function all(markup, attribute) {
  return markup.querySelectorAll(`[${attribute}]`);
}
