// @ts-check
/** Turns web addresses in people's texts into links. `templatetags/room.py` does the same on the server. */

const ADDRESS = /https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]}]/g;

/** Somebody's words with their web addresses as links, everything else as text. @param {string} text */
export function linked(text) {
  const parts = new DocumentFragment();
  let done = 0;
  for (const { 0: address, index } of text.matchAll(ADDRESS)) {
    const link = Object.assign(document.createElement("a"), {
      href: address,
      textContent: address,
      rel: "noopener noreferrer nofollow",
      target: "_blank",
    });
    parts.append(text.slice(done, index), link);
    done = index + address.length;
  }
  parts.append(text.slice(done));
  return parts;
}
