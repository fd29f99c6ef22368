"""The markup and colors that axe has measured already, so that equal pages are not measured again.

The contrast of a text depends on its own color and on what is painted behind it. A page whose texts all have measured
colors on measured grounds has no new contrasts. What is known from earlier runs stands in `measured.txt`, see
`measured.py`. `EVERY_LOOK=1` measures every page.
"""

import os
from dataclasses import dataclass, field
from hashlib import blake2b

from playwright.sync_api import Page

REMEMBERS = not os.environ.get("EVERY_LOOK")
KEY_BYTES = 6
# A ground is the number of the ground below and the style of an element that paints or moves something; other elements
# leave the ground as it is. A text is the number of its ground and its own style.
# Each element with its parent, without counted and random attributes, in the order of the page.
SIGHT = """() => {
  const ways = [], numbers = new Map(), grounds = new Map(), texts = new Set(), tags = new Map();
  const number = (below, own) => {
    const key = `${below} ${own}`;
    if (!numbers.has(key)) numbers.set(key, ways.push([below, own]) - 1);
    return numbers.get(key);
  };
  const hasText = (each) => each.matches("input, select, textarea") ||
    [...each.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const nothing = "rgba(0, 0, 0, 0)|none|1|visible|static";
  const random = [/data:[^"]*/g, /(?=[\\w+=:-]*[0-9])[\\w+=:-]{20,}/g, /[0-9a-f]*[0-9][0-9a-f]*/g];
  for (const each of document.querySelectorAll("html, body, body *:not(svg *)")) {
    const below = grounds.get(each.parentElement) ?? -1;
    grounds.set(each, below);
    if (!each.checkVisibility()) continue;
    const style = getComputedStyle(each);
    const { backgroundColor, backgroundImage, opacity, visibility, position } = style;
    const own = [backgroundColor, backgroundImage, opacity, visibility, position].join("|");
    if (own !== nothing) grounds.set(each, number(below, own));
    const isLarge = parseFloat(style.fontSize) >= (style.fontWeight >= 700 ? 18.5 : 24);
    const isDisabled = Boolean(each.closest(":disabled, [aria-disabled=true]"));
    if (hasText(each))
      texts.add(number(grounds.get(each), [style.color, style.textShadow, isLarge, isDisabled].join("|")));
    if (each === document.documentElement || each === document.body) continue;
    const tag = random.reduce((tag, each) => tag.replace(each, "#"), each.cloneNode(false).outerHTML);
    tags.set(each, `${tag} ${Boolean(each.textContent.trim())}`);
  }
  const { lang } = document.documentElement, scale = document.querySelector("meta[name=viewport]")?.content;
  const head = `${lang} ${Boolean(document.title)} ${scale}`;
  return [ways, [...texts], [head, ...[...tags].map(([each, tag]) => (tags.get(each.parentElement) ?? "") + tag)]];
}"""


@dataclass
class Memory:
    """Keys of measured markup, of colors, and of whole pages, all without findings. `seen`: those of this run."""

    known: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Sight:
    tags: set[str]
    texts: set[str]
    whole: str  # of a page whose elements stand in the same order
    _memory: Memory

    @property
    def has_new_tags(self) -> bool:
        return not self.tags <= self._memory.known

    @property
    def has_new_colors(self) -> bool:
        return not self.texts <= self._memory.known

    def is_new_for(self, rules: list[str]) -> bool:
        """Return whether these rules, which regard the page as a whole, have not been checked on such a page."""
        return bool(rules) and self._page(rules) not in self._memory.known

    def is_good(self, rules: list[str]) -> None:
        """Need not be looked at again."""
        keys = self.tags | self.texts | ({self._page(rules)} if rules else set())
        self._memory.seen |= keys
        if REMEMBERS:
            self._memory.known |= keys

    def _page(self, rules: list[str]) -> str:
        return key_of(self.whole, *rules)


def key_of(*parts: str) -> str:
    """Return a short name of these words together, the same in every run."""
    return blake2b("\n".join(parts).encode(), digest_size=KEY_BYTES).hexdigest()


def sight_of(page: Page, memory: Memory) -> Sight:
    ways, texts, tags = page.evaluate(SIGHT)
    keys: list[str] = []
    for below, style in ways:
        keys.append(key_of(keys[below] if below >= 0 else "", style))
    return Sight({key_of(tag) for tag in tags}, {keys[text] for text in texts}, key_of(*tags), memory)
