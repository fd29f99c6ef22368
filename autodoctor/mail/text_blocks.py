"""The text of a mail taken apart for its HTML: paragraphs, a code to copy, a way on.

A line of its own that begins with four spaces is a code. A line of its own that is one of our links, or a few words, a
colon and such a link, leads on: the first is the mail's button. Other addresses stay text: whatever people have written
into a name or a concern, no button leads away from here.
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
    """Lines that follow each other make one paragraph, until one is something else."""
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
