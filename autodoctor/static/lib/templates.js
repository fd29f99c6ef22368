// @ts-check
/** Words and markup for scripts: the `template`s of the page, and the slots (`data-slot`) in them. */

/**
 * @param {ParentNode} root
 * @param {string} attribute  without its "data-"
 * @param {string} [value]  any, without one
 * @returns {HTMLTemplateElement | null}
 */
export function templateOf(root, attribute, value) {
  return root.querySelector(`template[data-${attribute}${value ? `="${CSS.escape(value)}"` : ""}]`);
}

/**
 * What the page has to say.
 * @param {ParentNode} root
 * @param {string} name
 * @param {string} [attribute]  without its "data-"
 */
export function wordsOf(root, name, attribute = "words") {
  return templateOf(root, attribute, name)?.content.textContent?.trim() ?? "";
}

/**
 * A copy of what is in a template.
 * @param {HTMLTemplateElement | null | undefined} template
 * @param {Record<string, string>} [slots]  what stands in them
 */
export function filled(template, slots = {}) {
  const copy = /** @type {DocumentFragment} */ (template?.content.cloneNode(true) ?? new DocumentFragment());
  for (const [name, text] of Object.entries(slots)) fill(copy, name, text);
  return copy;
}

/**
 * A copy of the one element in a template.
 * @param {HTMLTemplateElement | null | undefined} template
 * @param {Record<string, string>} [slots]
 */
export function copyOf(template, slots) {
  return /** @type {HTMLElement} */ (filled(template, slots).firstElementChild);
}

/**
 * @param {ParentNode} root
 * @param {string} name
 * @param {string} text
 */
export function fill(root, name, text) {
  for (const slot of root.querySelectorAll(`[data-slot="${name}"]`)) slot.textContent = text;
}
