// @ts-check
/**
 * Changes the page in place to what the server renders now: elements that remain keep their identity, with typed text,
 * choices, open dialogs, playing media and focus.
 */

/** Attributes that belong to the person: the server's values do not replace them. */
const THEIRS = new Set(["open", "aria-busy"]);
/** Elements that act: an element with another action is another element, and must not look pressed. */
const ACTS = "a, button, form, input, option, select, textarea";
/** Attributes of the present look, which do not define the action. */
const LOOKS = /^(aria-.*|checked|class|disabled|hidden|selected|tabindex)$/;
/** An open form, which also keeps the server's errors about it. */
const FILLED_IN = "details[open]:has(form, [form])";
/** Elements whose loss a person would notice. */
const IN_USE = `dialog[open], ${FILLED_IN}`;

/**
 * An element in use stays although the server no longer renders it.
 * @param {Element} present
 * @param {ParentNode} fresh
 */
export function morph(present, fresh) {
  const same = pairs([...present.children], [...fresh.children]);
  let at = present.firstChild;
  for (const node of fresh.childNodes) {
    const kept = same.get(node);
    if (kept) {
      dropUntil(kept, at);
      at = kept.nextSibling;
      update(kept, /** @type {Element} */ (node));
    } else {
      present.insertBefore(document.importNode(node, true), at);
    }
  }
  dropUntil(null, at);
}

/**
 * @param {Element} present
 * @param {Element} fresh
 */
function update(present, fresh) {
  if (present.isEqualNode(fresh) || present.matches(FILLED_IN)) return;
  if (isCustom(fresh) ? !looksAlike(present, fresh) : fresh.localName === "template") {
    present.replaceWith(document.importNode(fresh, true));
  } else if (!isCustom(fresh)) {
    updateAttributes(present, fresh);
    if (!present.hasAttribute("data-uploads")) morph(present, fresh); // a script fills that
  }
}

/**
 * @param {Element} present
 * @param {Element} fresh
 */
function updateAttributes(present, fresh) {
  for (const { name } of [...present.attributes]) {
    if (!THEIRS.has(name) && !fresh.hasAttribute(name)) present.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (!THEIRS.has(name) && present.getAttribute(name) !== value) present.setAttribute(name, value);
  }
}

/**
 * @param {Node | null} end
 * @param {ChildNode | null} from
 */
function dropUntil(end, from) {
  for (let node = from, next; node && node !== end; node = next) {
    next = node.nextSibling;
    if (!isInUse(node)) node.remove();
  }
}

/** @param {Node} node */
function isInUse(node) {
  return node instanceof Element && (node.matches(IN_USE) || node.querySelector(IN_USE) !== null);
}

/** @param {Element} element */
function isCustom(element) {
  return element.localName.includes("-");
}

/** Its inside is its script's, and so is its class. @param {Element} present @param {Element} fresh */
function looksAlike(present, fresh) {
  return [...fresh.attributes].every(({ name, value }) => name === "class" || present.getAttribute(name) === value);
}

/**
 * Matches equal elements: the longest common subsequence of both lists.
 * @param {Element[]} present
 * @param {Element[]} fresh
 * @returns {Map<Node, Element>}
 */
function pairs(present, fresh) {
  const [was, is] = [present.map(identity), fresh.map(identity)];
  const longest = Array.from({ length: was.length + 1 }, () => new Uint16Array(is.length + 1));
  for (let i = was.length - 1; i >= 0; i -= 1) {
    for (let j = is.length - 1; j >= 0; j -= 1) {
      const without = Math.max(longest[i + 1][j], longest[i][j + 1]);
      longest[i][j] = was[i] === is[j] ? longest[i + 1][j + 1] + 1 : without;
    }
  }
  const found = new Map();
  for (let i = 0, j = 0; i < was.length && j < is.length;) {
    if (was[i] === is[j]) found.set(fresh[j++], present[i++]);
    else if (longest[i + 1][j] >= longest[i][j + 1]) i += 1;
    else j += 1;
  }
  return found;
}

/** @param {Element} element */
function identity(element) {
  const named = element.localName === "li" && !nameOf(element) ? element.querySelector("[id], a[href]") : element;
  return `${element.localName} ${nameOf(named ?? element)}`;
}

/** @param {Element} element */
function nameOf(element) {
  if (!element.matches(ACTS))
    return ["id", "data-keep", "data-request"]
      .map((name) => element.getAttribute(name) ?? "")
      .join(" ")
      .trim();
  const isTyped = element.matches("input:not([type=radio], [type=checkbox])");
  const says = [...element.attributes].filter(({ name }) => !LOOKS.test(name) && !(isTyped && name === "value"));
  return says
    .map(({ name, value }) => `${name}=${value}`)
    .sort()
    .join(" ");
}
