// @ts-check
/** Turns web addresses in people's texts into links. `core/web_addresses.py` finds the same ones on the server. */

const ADDRESS = /(?<![\p{L}\p{N}_@./-])(?:https?:\/\/|www\.(?=[\p{L}\p{N}_]))[^\s<>"'`]+/giu;
const SCHEME = /^https?:\/\//i;
const ENDS_A_SENTENCE = ".,;:!?…。、，；：！？";
const [OPENING, CLOSING] = ["([{（【「『《«“", ")]}）】」』》»”"];

/** Somebody's words with their web addresses as links, everything else as text. @param {string} text */
export function linked(text) {
  const parts = new DocumentFragment();
  let done = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = trimmed(found);
    const scheme = address.match(SCHEME)?.[0];
    if (scheme?.length === address.length) continue;
    parts.append(text.slice(done, index), linkTo(scheme ? address : `https://${address}`, address));
    done = index + address.length;
  }
  parts.append(text.slice(done));
  return parts;
}

/**
 * @param {string} href
 * @param {string} textContent
 */
function linkTo(href, textContent) {
  const link = document.createElement("a");
  return Object.assign(link, { href, textContent, rel: "noopener noreferrer nofollow", target: "_blank" });
}

/** Without what closes the sentence or the brackets around it. @param {string} address */
function trimmed(address) {
  while (ENDS_A_SENTENCE.includes(address.slice(-1)) || closesABracketBefore(address)) address = address.slice(0, -1);
  return address;
}

/** A bracket belongs to an address that has opened it. @param {string} address */
function closesABracketBefore(address) {
  const closing = address.slice(-1);
  if (!CLOSING.includes(closing)) return false;
  const opening = OPENING[CLOSING.indexOf(closing)];
  return address.split(closing).length > address.split(opening).length;
}
