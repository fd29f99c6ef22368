"""Read the page of a mail that came in: its words as plain text, the lines of a quotation marked as in a plain mail.

Answers may stand above a quotation, below it, and between its parts: a quotation ends where its element does.
Whatever the page is, it is read once from its beginning to its end: no tag holds a `<`.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

MARK = ">"  # of each quoted line
_TURN = re.compile(
    r"(?P<comment><!--)|(?P<comment_end>-->)"
    r"|<(?P<ends>/?)(?:(?P<quotation>blockquote)|(?P<hidden>style|script|title)"
    r"|div(?=[^<>]*(?:(?P<head>gmail_quote|gmail_attr|moz-cite-prefix)|(?P<rest>divRplyFwdMsg|appendonsend))))\b[^<>]*>",
    re.IGNORECASE,
)
_LINE_END = re.compile(r"<(?:br|/p|/div)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[a-z/!?][^<>]*>", re.IGNORECASE)


class _Kind(Enum):
    OWN = auto()
    QUOTED = auto()
    HIDDEN = auto()


@dataclass
class _Place:
    """Where in the page the reader is. `is_head`: in the line above a quotation, which belongs to it."""

    depth: int = 0
    is_head: bool = False
    is_rest: bool = False  # all that follows is quotation
    is_hidden: bool = False
    is_comment: bool = False

    @property
    def kind(self) -> _Kind:
        if self.is_comment or self.is_hidden:
            return _Kind.HIDDEN
        return _Kind.QUOTED if self.depth or self.is_head or self.is_rest else _Kind.OWN

    def pass_by(self, turn: re.Match[str]) -> None:
        if turn["comment"] or turn["comment_end"] or self.is_comment:
            self.is_comment = not turn["comment_end"]
        elif turn["hidden"]:
            self.is_hidden = not turn["ends"]
        elif turn["quotation"]:
            self.depth, self.is_head = max(0, self.depth + (-1 if turn["ends"] else 1)), False
        elif turn["rest"]:
            self.is_rest = True
        else:
            self.is_head = self.is_head or not self.depth


def text_of(markup: str) -> str:
    """Return the words of a page as lines, with a mark before each quoted one."""
    return "\n".join(_lines(piece, kind) for kind, piece in _pieces(markup) if kind != _Kind.HIDDEN)


def quoted_part(markup: str) -> str:
    """Return what of the page is quotation."""
    return "".join(piece for kind, piece in _pieces(markup) if kind == _Kind.QUOTED)


def _pieces(markup: str) -> Iterator[tuple[_Kind, str]]:
    """Yield the page in its order."""
    place, begin = _Place(), 0
    for turn in _TURN.finditer(markup):
        yield place.kind, markup[begin : turn.start()]
        place.pass_by(turn)
        begin = turn.end()
    yield place.kind, markup[begin:]


def _lines(piece: str, kind: _Kind) -> str:
    text = html.unescape(_TAG.sub("", _LINE_END.sub("\n", piece)))
    return text if kind == _Kind.OWN else "\n".join(f"{MARK} {line}" for line in text.split("\n"))
