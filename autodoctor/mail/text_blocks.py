"""Split a mail's text into blocks for its HTML: paragraphs, a code, links.

A separate line that begins with four spaces is a code. A separate line that is one of our links, or a label, a colon
and such a link, is a link: the first is the mail's button. Other addresses stay text: whatever people write into a name
or a concern, no button leads away from this site.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.conf import settings

CODE = "    "
LEADS_ON = re.compile(r"(?:(?P<label>[^:]{1,60}): )?(?P<url>https?://\S+)")


@dataclass
class Block:
    """`kind` is paragraph, code, button or link."""

    kind: str
    lines: list[str] = field(default_factory=list)
    url: str = ""


def blocks(text: str) -> list[Block]:
    found: list[Block] = []
    for chunk in re.split(r"\n\s*?\n", text):
        for block in _blocks_of(chunk):
            if block.kind == "button" and any(other.kind == "button" for other in found):
                block.kind = "link"
            found.append(block)
    return found


def _blocks_of(chunk: str) -> Iterator[Block]:
    """Join consecutive lines into paragraphs."""
    paragraph = Block("paragraph")
    for line in filter(str.strip, chunk.splitlines()):
        special = _special(line)
        if special is None:
            paragraph.lines.append(line)
            continue
        if paragraph.lines:
            yield paragraph
            paragraph = Block("paragraph")
        yield special
    if paragraph.lines:
        yield paragraph


def _special(line: str) -> Block | None:
    if line.startswith(CODE):
        return Block("code", [line.strip()])
    found = LEADS_ON.fullmatch(line.strip())
    if found and f"{found['url']}/".startswith(f"{settings.SITE_URL}/"):
        return Block("button", [found["label"]] if found["label"] else [], found["url"])
    return None
