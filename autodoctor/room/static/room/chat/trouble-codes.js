// @ts-check
/** Trouble codes in a message become cards below its words. The server finds and explains them. */
import { send } from "lib/sending";
import { copyOf, templateOf } from "lib/templates";

/** @typedef {{ code: string, failure_type: string, title: string, urgency: string | null }} Explanation */

/** What may be a code: most messages hold nothing like it, and are not asked about. */
const LIKE_A_CODE = /[pcbu][0-3o][0-9a-fo]{3}/i;
const MOST_CHARACTERS = 500;

/**
 * @param {ParentNode} templates
 * @param {Element} bubble  gets the cards once the server has answered
 * @param {string} text
 */
export async function explainCodes(templates, bubble, text) {
  if (!LIKE_A_CODE.test(text.normalize("NFKC"))) return;
  const asked = new URLSearchParams({ text: [...text].slice(0, MOST_CHARACTERS).join("") });
  const { ok, body } = await send(`/api/codes?${asked}`, { method: "GET" });
  if (!ok || !body.length) return;
  const list = copyOf(templateOf(templates, "codes"));
  list.append(...body.map((/** @type {Explanation} */ each) => cardOf(templates, each)));
  bubble.querySelector("[data-slot=text]")?.after(list);
}

/**
 * @param {ParentNode} templates
 * @param {Explanation} explanation
 */
function cardOf(templates, { code, failure_type: type, title, urgency }) {
  return copyOf(templateOf(templates, "code", urgency ?? "unknown"), { code: type ? `${code}-${type}` : code, title });
}
