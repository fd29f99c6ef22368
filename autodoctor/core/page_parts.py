"""Parts of pages that are the same for everybody: icons, and `{% fixed %}`. Each process renders them once.

Both are tags in every template. What says by itself that it is always the same needs no tag (`template_loader.py`).
"""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from django import template
from django.template import Context, NodeList
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from autodoctor.core import kept_words

register = template.Library()
Tag = TypeVar("Tag", bound=Callable[..., object])
ALWAYS_SAME: set[Callable[..., object]] = set()
MOST_KEPT = 64  # renderings of one part; values are few, so that this is never reached


def always_same(tag: Tag) -> Tag:
    """Say of a simple tag that it writes the same for the same arguments, in a language, as long as a process lives."""
    ALWAYS_SAME.add(tag)
    return tag


@register.simple_tag
@always_same
@cache
def icon(name: str) -> SafeString:
    """Draw an icon of `static/icons.svg`. The line's end keeps it apart from the words that follow."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>\n', static("icons.svg"), name
    )


@register.simple_tag(takes_context=True)
def of_viewer(context: Context) -> str:
    """Say in a form whose page it stands on, so that its words come back to this person alone (`kept_words.py`)."""
    user = context.get("user")
    if user is None or not user.is_authenticated:
        return ""
    mark = kept_words.mark_of(user.pk)
    return format_html('<input type="hidden" name="{}" value="{}">', kept_words.MARK, mark)


@register.tag
def fixed(parser: Parser, token: Token) -> "FixedNode":
    """Keep what stands inside, for each language and for each combination of the few values that it names:
    `{% fixed role=page.role %}…{% endfixed %}`.

    Inside there is nothing but these values. So nothing of a person or of a request can be kept for another.
    """
    given = token_kwargs(token.split_contents()[1:], parser)
    content = parser.parse(["endfixed"])
    parser.delete_first_token()
    return FixedNode(content, given)


class FixedNode(template.Node):
    def __init__(self, nodelist: NodeList, given: dict[str, FilterExpression]) -> None:
        self.nodelist, self._given = nodelist, given
        self.kept: dict[tuple[Any, ...], SafeString] = {}

    @property
    def is_of_nothing(self) -> bool:
        return not self._given

    def render(self, context: Context) -> SafeString:
        values = {name: value.resolve(context) for name, value in self._given.items()}
        key = (get_language(), *values.values())
        if (found := self.kept.get(key)) is not None:
            return found
        if len(self.kept) >= MOST_KEPT:
            self.kept.clear()
        made = self.kept[key] = self.nodelist.render(context.new(values))
        return made
