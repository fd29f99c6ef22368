"""The markup and colors that axe has measured already, so that equal pages are not measured again.

The contrast of a text depends on its own color and on what is painted behind it. A page whose texts all have measured
colors on measured grounds has no new contrasts. `EVERY_LOOK=1` measures every page.
"""

import os
from dataclasses import dataclass, field

from playwright.sync_api import Page

REMEMBERS = not os.environ.get("EVERY_LOOK")
# A ground is the number of the ground below and the style of an element that paints or moves something; other elements
# leave the ground as it is. A text is the number of its ground and its own style.
# Each distinct element with its parent, without counted and random attributes.
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
    const tag = each.cloneNode(false).outerHTML.replace(/[0-9a-f]*[0-9][0-9a-f]*/g, "#");
    tags.set(each, `${tag} ${Boolean(each.textContent.trim())}`);
  }
  return [ways, [...texts], [...new Set([...tags].map(([each, tag]) => (tags.get(each.parentElement) ?? "") + tag))]];
}"""


@dataclass
class Memory:
    """The measured markup and colors of all pages without findings."""

    tags: set[str] = field(default_factory=set)
    texts: set[int] = field(default_factory=set)
    _numbers: dict[tuple[int, str], int] = field(default_factory=dict)

    def number(self, below: int, style: str) -> int:
        """Return the number of a ground or of a text, the same on every page."""
        return self._numbers.setdefault((below, style), len(self._numbers))


@dataclass(frozen=True)
class Sight:
    tags: set[str]
    texts: set[int]
    _memory: Memory

    @property
    def has_new_tags(self) -> bool:
        return not self.tags <= self._memory.tags

    @property
    def has_new_colors(self) -> bool:
        return not self.texts <= self._memory.texts

    def is_good(self) -> None:
        """Need not be looked at again."""
        if REMEMBERS:
            self._memory.tags |= self.tags
            self._memory.texts |= self.texts


def sight_of(page: Page, memory: Memory) -> Sight:
    ways, texts, tags = page.evaluate(SIGHT)
    numbers: list[int] = []
    for below, style in ways:
        numbers.append(memory.number(numbers[below] if below >= 0 else -1, style))
    return Sight(set(tags), {numbers[text] for text in texts}, memory)
