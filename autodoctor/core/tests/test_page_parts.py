"""Parts of pages that each process renders once."""

from django.template import Context, Template
from django.utils import translation

from autodoctor.core.page_parts import MOST_KEPT, FixedNode


def test_an_icon_is_a_reference_to_its_drawing() -> None:
    drawn = Template('{% icon "car" %}{% icon name %}').render(Context({"name": "mail"}))
    assert drawn.count("<svg") == 2
    assert "icons.svg#car" in drawn
    assert "icons.svg#mail" in drawn


def test_the_name_of_an_icon_is_escaped() -> None:
    assert "<b>" not in Template("{% icon name %}").render(Context({"name": "<b>"}))


def test_a_fixed_part_sees_the_values_that_it_names_and_nothing_else() -> None:
    part = Template("{% fixed role=role %}{{ role }}:{{ person }}{{ csrf_token }}{% endfixed %}")
    assert part.render(Context({"role": "customer", "person": "Casey", "csrf_token": "secret"})) == "customer:"


def test_a_fixed_part_is_rendered_once_for_each_of_its_values() -> None:
    part = Template("{% fixed role=role as_of=1 %}{{ role }} {% now 'u' %}{% endfixed %}")
    first = part.render(Context({"role": "customer"}))
    assert part.render(Context({"role": "customer"})) == first
    assert part.render(Context({"role": "mechanic"})) != first
    assert part.render(Context({"role": "customer"})) == first


def test_a_fixed_part_is_of_one_language() -> None:
    part = Template("{% load i18n %}{% fixed %}{% get_current_language as spoken %}{{ spoken }}{% endfixed %}")
    assert part.render(Context()) == "en"
    with translation.override("de"):
        assert part.render(Context()) == "de"


def test_a_fixed_part_keeps_a_limited_number_of_renderings() -> None:
    part = Template("{% fixed number=number %}<{{ number }}>{% endfixed %}")
    for number in range(2 * MOST_KEPT + 1):
        assert part.render(Context({"number": number})) == f"<{number}>"
    [node] = part.nodelist
    assert isinstance(node, FixedNode)
    assert len(node.kept) <= MOST_KEPT
