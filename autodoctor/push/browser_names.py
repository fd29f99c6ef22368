"""A browser's name, for the list of a person's devices."""

import re

from django.utils.translation import gettext as _

# The first match counts: a browser's user agent names other browsers, too.
BROWSERS = (
    ("Firefox", re.compile("Firefox|FxiOS")),
    ("Edge", re.compile("Edg")),
    ("Samsung Internet", re.compile("SamsungBrowser")),
    ("Chrome", re.compile("Chrome|Chromium|CriOS")),
    ("Safari", re.compile("Safari")),
)
SYSTEMS = (
    ("iPhone", re.compile("iPhone|iPod")),
    ("iPad", re.compile("iPad")),
    ("Android", re.compile("Android")),
    ("Windows", re.compile("Windows")),
    ("Mac", re.compile("Macintosh")),
    ("Linux", re.compile("Linux|CrOS")),
)


def in_words(agent: str) -> str:
    browser = next((name for name, pattern in BROWSERS if pattern.search(agent)), _("A browser"))
    system = next((name for name, pattern in SYSTEMS if pattern.search(agent)), "")
    return _("%(browser)s on %(system)s") % {"browser": browser, "system": system} if system else browser
