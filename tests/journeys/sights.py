"""The markup and colors that axe has measured already, so that equal pages are not measured again.

The contrast of a text depends on the colors of its element and of the elements around it. A page whose elements all
have measured colors has no new contrasts. `EVERY_LOOK=1` measures every page.
"""

import os
from dataclasses import dataclass, field

from playwright.sync_api import Page

REMEMBERS = not os.environ.get("EVERY_LOOK")
# Colors: each distinct way down from the root, as the number of the way to the parent and the element's own style.
# Each distinct element with its parent, without counted and random attributes.
SIGHT = """() => {
  const ways = [], numbers = new Map(), numberOf = new Map(), tags = new Map();
  for (const each of document.querySelectorAll("html, body, body *:not(svg *)")) {
    if (!each.checkVisibility()) continue;
    const style = getComputedStyle(each);
    const isLarge = parseFloat(style.fontSize) >= (style.fontWeight >= 700 ? 18.5 : 24);
    const own = [style.color, style.backgroundColor, style.backgroundImage, style.opacity, style.visibility,
      style.position, style.textShadow, isLarge].join("|");
    const parent = numberOf.get(each.parentElement) ?? -1;
    const key = `${parent} ${own}`;
    if (!numbers.has(key)) numbers.set(key, ways.push([parent, own]) - 1);
    numberOf.set(each, numbers.get(key));
    if (each === document.documentElement || each === document.body) continue;
    const tag = each.cloneNode(false).outerHTML.replace(/[0-9a-f]*[0-9][0-9a-f]*/g, "#");
    tags.set(each, `${tag} ${Boolean(each.textContent.trim())}`);
  }
  return [ways, [...new Set([...tags].map(([each, tag]) => (tags.get(each.parentElement) ?? "") + tag))]];
}"""


@dataclass
class Memory:
    """The measured markup and colors of all pages without findings."""

    tags: set[str] = field(default_factory=set)
    ways: set[int] = field(default_factory=set)
    _numbers: dict[tuple[int, str], int] = field(default_factory=dict)

    def number(self, parent: int, style: str) -> int:
        """Return the number of a path from the root to an element, the same on every page."""
        return self._numbers.setdefault((parent, style), len(self._numbers))


@dataclass(frozen=True)
class Sight:
    tags: set[str]
    ways: set[int]
    _memory: Memory

    @property
    def has_new_tags(self) -> bool:
        return not self.tags <= self._memory.tags

    @property
    def has_new_colors(self) -> bool:
        return not self.ways <= self._memory.ways

    def is_good(self) -> None:
        """Need not be looked at again."""
        if REMEMBERS:
            self._memory.tags |= self.tags
            self._memory.ways |= self.ways


def sight_of(page: Page, memory: Memory) -> Sight:
    ways, tags = page.evaluate(SIGHT)
    numbers: list[int] = []
    for parent, style in ways:
        numbers.append(memory.number(numbers[parent] if parent >= 0 else -1, style))
    return Sight(set(tags), set(numbers), memory)
