"""What is the same for everybody becomes one piece of a template as it is loaded."""

from collections.abc import Mapping

import pytest
from django.template import Context, Engine, Node, Template
from django.template.base import TextNode
from django.utils import translation

from autodoctor.core.page_parts import FixedNode

LOADERS = "django.template.loaders.locmem.Loader"
LIBRARIES = {"i18n": "django.templatetags.i18n", "static": "django.templatetags.static"}
BUILTINS = ["autodoctor.core.page_parts", "autodoctor.core.formatting"]


def load(name: str = "page", **templates: str) -> Template:
    loaders = [("autodoctor.core.template_loader.Loader", [(LOADERS, templates)])]
    return Engine(loaders=loaders, libraries=LIBRARIES, builtins=BUILTINS).get_template(name)


def kinds(template: Template) -> list[type[Node]]:
    return [type(node) for node in template.nodelist]


@pytest.mark.parametrize(
    "part",
    [
        '{% icon "car" %}',
        "{% load i18n %}",
        "{% comment %}why{% endcomment %}",
        '{% load i18n %}{% translate "Close" %}',
        "{% load i18n %}{% blocktranslate trimmed %} Close {% endblocktranslate %}",
        '{% url "dashboard" %}',
        "{% load static %}{% static 'mark.svg' %}",
        "{% fixed %}{% now 'Y' %}{% endfixed %}",
    ],
)
def test_what_is_the_same_for_everybody_is_one_piece(part: str) -> None:
    page = load(page=f"<p>{part}</p>")
    assert kinds(page) == [FixedNode]
    assert page.render(Context()) == Template(f"<p>{part}</p>").render(Context())


@pytest.mark.parametrize(
    "part",
    [
        "{{ name }}",
        "{% icon name %}",
        "{% load i18n %}{% translate name %}",
        "{% load i18n %}{% translate 'Close' as word %}",
        "{% load i18n %}{% translate 'close'|upper %}",
        "{% load i18n %}{% blocktranslate %}Hello {{ name }}{% endblocktranslate %}",
        "{% load i18n %}{% blocktranslate asvar word %}Close{% endblocktranslate %}",
        '{% url "legal" name %}',
        '{% url "dashboard" as way %}',
        "{% fixed name=name %}{{ name }}{% endfixed %}",
        "{% csrf_token %}",
        "{% now 'Y' %}",
    ],
)
def test_what_depends_on_a_value_or_sets_one_is_made_each_time(part: str) -> None:
    page = load(page=f"{part}<p>{{{{ name }}}}</p>{part}")
    for name in ("terms", "privacy"):
        values: Mapping[str, str] = {"name": name, "csrf_token": "secret"}
        source = f"{part}<p>{{{{ name }}}}</p>{part}"
        assert page.render(Context(values)) == Template(source).render(Context(values))


def test_one_piece_alone_stays_as_it_is() -> None:
    assert kinds(load(page="<p>")) == [TextNode]


def test_pieces_within_conditions_loops_and_blocks_are_joined_too() -> None:
    page = load(
        page="{% if a %}<i>{% icon 'car' %}</i>{% else %}<b>{% icon 'mail' %}</b>{% endif %}"
        "{% for each in all %}<p>{% icon 'car' %}</p>{% empty %}<p>{% icon 'mail' %}</p>{% endfor %}"
    )
    condition, loop = page.nodelist
    lists = [nodes for _condition, nodes in vars(condition)["conditions_nodelists"]]
    lists += [vars(loop)["nodelist_loop"], vars(loop)["nodelist_empty"]]
    assert [[type(node) for node in nodes] for nodes in lists] == [[FixedNode]] * 4
    assert page.render(Context({"a": True, "all": [1, 2]})).count("#car") == 3
    assert page.render(Context()).count("#mail") == 2


def test_blocks_of_a_page_fill_those_of_the_page_that_it_extends() -> None:
    page = load(
        base="<head>{% icon 'car' %}{% block title %}The{% icon 'mail' %}{% endblock %}</head>",
        middle="{% extends 'base' %}{% load i18n %}{% block title %}Middle {{ block.super }}{% endblock %}",
        page="{% extends 'middle' %}{% block title %}<b>{% icon 'car' %}</b>{{ block.super }}{% endblock %}",
    )
    made = page.render(Context())
    assert made.count("#car") == 2
    assert made.index("<b>") < made.index("Middle") < made.index("The<svg")


def test_a_template_is_joined_before_it_is_kept() -> None:
    """Another thread may render what is kept: its pieces may not change then."""
    page = load(page="{% icon 'car' %}{% include 'part' %}", part="<b>{% icon 'mail' %}</b>")
    [loader] = page.engine.template_loaders
    kept = vars(loader)["get_template_cache"]
    assert kept["page"] is page
    assert page.engine.get_template("page") is page
    page.render(Context())
    assert kinds(kept["part"]) == [FixedNode]


def test_words_are_those_of_the_language() -> None:
    page = load(page="{% load i18n %}<b>{% translate 'Yes' %}</b>")
    assert page.render(Context()) == "<b>Yes</b>"
    with translation.override("de"):
        assert page.render(Context()) == "<b>Ja</b>"
    assert page.render(Context()) == "<b>Yes</b>"
