"""The legal pages and their versions. A version is a template that never changes: what people agreed to stays readable.

A change of words is a new template, `legal/<slug>-<version>.html`, and a new version at the end of its page's list.
"""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from autodoctor.core import links


@dataclass(frozen=True)
class LegalPage:
    """`versions` are dates, the oldest first; the last one counts."""

    slug: str
    title: Promise
    versions: tuple[str, ...]

    @property
    def version(self) -> str:
        return self.versions[-1]

    @property
    def path(self) -> str:
        return reverse("legal", args=[self.slug])

    def address_of(self, version: str) -> str:
        """Return the whole address of one version."""
        return f"{links.absolute(self.path)}?version={version}"

    def template(self, version: str) -> str:
        return f"legal/{self.slug}-{version}.html"


TERMS = LegalPage("terms", _("Terms of use"), ("2026-11-28",))
PRIVACY = LegalPage("privacy", _("Privacy"), ("2026-11-28", "2026-11-29", "2026-11-30", "2026-12-01"))
CANCELLATION = LegalPage("cancellation", _("Canceling and refunds"), ("2026-11-28",))
IMPRINT = LegalPage("imprint", _("Imprint"), ("2026-11-28",))
PAGES = {page.slug: page for page in (TERMS, PRIVACY, CANCELLATION, IMPRINT)}
