"""Templates whose fixed parts each process renders once: `{% fixed %}` (`page_parts.py`) without having to say so.

What depends on nothing but the language (text, words, icons, addresses without arguments) stands for itself in a
template, one piece after the other. Such pieces become one as the template is loaded.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from django.template import Engine, Node, NodeList, Origin, Template, Variable
from django.template.base import FilterExpression, TextNode, TokenType
from django.template.defaulttags import CommentNode, LoadNode, URLNode
from django.template.library import SimpleNode
from django.template.loaders import base, cached
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.templatetags.static import StaticNode

from autodoctor.core.page_parts import ALWAYS_SAME, FixedNode

DJANGOS = ("django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader")


class _Joined(base.Loader):
    """Parses, and joins before anybody renders: another thread may ask for the same template."""

    def get_template(self, template_name: str, skip: list[Origin] | None = None) -> Template:
        template = super().get_template(template_name, skip)
        join_fixed(template.nodelist)
        return template


class Loader(cached.Loader, _Joined):
    """Django's, which keeps what is parsed: the templates of the site, then those of each app."""

    def __init__(self, engine: Engine, loaders: Sequence[Any] = DJANGOS) -> None:
        super().__init__(engine, loaders)


def join_fixed(nodes: NodeList) -> None:
    """Put one node in the place of several that are fixed, here and below."""
    for node in nodes:
        for below in _lists_of(node):
            join_fixed(below)
    runs = [(fixed, list(run)) for fixed, run in groupby(nodes, _is_fixed)]
    nodes[:] = [node for fixed, run in runs for node in ([_joined(run)] if fixed and len(run) > 1 else run)]


def _joined(run: list[Node]) -> Node:
    joined = FixedNode(NodeList(run), {})
    joined.token, joined.origin = run[0].token, run[0].origin  # where an error of it is shown
    return joined


def _lists_of(node: Node) -> Iterator[NodeList]:
    """Yield what is rendered within a node: its blocks, and those of each condition."""
    yield from (each for each in vars(node).values() if isinstance(each, NodeList))
    yield from (each for _condition, each in vars(node).get("conditions_nodelists", ()))


def _is_fixed(node: Node) -> bool:
    ask = ASKED.get(type(node))
    return ask is not None and ask(node)


def _says_itself(*given: FilterExpression) -> bool:
    """Return whether these are literals, not names, and go through no filter."""
    return not any(each.filters or (isinstance(each.var, Variable) and each.var.literal is None) for each in given)


def _has_no_values(node: BlockTranslateNode) -> bool:
    is_plain = not (node.extra_context or node.plural or node.message_context or node.asvar)
    return is_plain and all(token.token_type is TokenType.TEXT for token in node.singular)


# Which kinds of nodes can be fixed, and when one is.
ASKED: dict[type[Node], Callable[[Any], bool]] = {
    TextNode: lambda _node: True,
    CommentNode: lambda _node: True,
    LoadNode: lambda _node: True,
    FixedNode: lambda node: node.is_of_nothing,
    BlockTranslateNode: _has_no_values,
    TranslateNode: lambda node: _says_itself(node.filter_expression) and not (node.message_context or node.asvar),
    StaticNode: lambda node: _says_itself(node.path) and not node.varname,
    URLNode: lambda node: _says_itself(node.view_name) and not (node.args or node.kwargs or node.asvar),
    SimpleNode: lambda node: (
        node.func in ALWAYS_SAME and not node.target_var and _says_itself(*node.args, *node.kwargs.values())
    ),
}
