"""The legal pages, for the footer."""

from django import template

from autodoctor.legal.pages import PAGES, LegalPage

register = template.Library()


@register.simple_tag
def all_legal_pages() -> list[LegalPage]:
    return list(PAGES.values())
