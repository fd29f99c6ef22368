"""The scripts and style sheets of a page: `{% import_map %}` in its head, `{% script 'room/page/room.js' %}` for each
module, `{% stylesheet 'room/room.css' %}` for each style sheet.
"""

import json
from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from autodoctor.scripts import sources
from autodoctor.scripts.context import PageScripts

register = template.Library()
SCRIPT = '<script type="module" src="{}"></script>'
SHEET = '<link rel="stylesheet" href="{}">'
MAP = '<script type="importmap" nonce="{}">{}</script>'
PRELOAD = '<link rel="modulepreload" href="{}">'


@register.simple_tag(takes_context=True)
def script(context: dict[str, Any], name: str) -> SafeString:
    """Load a module by its static path; bundled with its imports, if there is a bundle."""
    page: PageScripts = context["page_scripts"]
    if page.bundle is None:
        return format_html(SCRIPT, static(name))
    own, *imported = page.bundle.addresses(name.removesuffix(".js"))
    preloads = format_html_join("", PRELOAD, ([address] for address in page.to_preload(imported)))
    return preloads + format_html(SCRIPT, own)


@register.simple_tag(takes_context=True)
def stylesheet(context: dict[str, Any], name: str) -> SafeString:
    """Link a style sheet by its static path; in one file with its imports, if there is a bundle."""
    page: PageScripts = context["page_scripts"]
    return format_html(SHEET, page.bundle.addresses(name)[0] if page.bundle else static(name))


@register.simple_tag(takes_context=True)
def import_map(context: dict[str, Any]) -> SafeString:
    """Render the import map, with the hashed names of collected files; nothing if there is a bundle."""
    page: PageScripts = context["page_scripts"]
    if page.bundle:
        return SafeString("")
    return format_html(MAP, context["CSP_NONCE"], _imports() if settings.SERVESTATIC_AUTOREFRESH else _imports_once())


def _imports() -> SafeString:
    """Return the content of the map. File names hold nothing that ends a script."""
    return SafeString(json.dumps({"imports": {name: static(f"{name}.js") for name in sorted(sources.modules())}}))


@cache
def _imports_once() -> SafeString:
    return _imports()
