"""Words of a refused form that the page shows again to which the answer redirects. They wait in the browser's session.

A browser without scripts has nothing else that keeps them: the page that they were typed into is gone.
"""

from typing import Any
from uuid import UUID

from django.http import HttpRequest


def keep(request: HttpRequest, form: str, about: UUID, **typed: Any) -> None:
    """Keep what was typed into this form about this thing, instead of what was kept of the form before."""
    request.session[_key(form)] = {"about": str(about), "typed": typed}


def take(request: HttpRequest | None, form: str, about: UUID) -> dict[str, Any] | None:
    """Return what was kept of this form about this thing, once; None for nothing."""
    kept = request.session.get(_key(form), {}) if request else {}
    if request is None or kept.get("about") != str(about):
        return None
    return dict(request.session.pop(_key(form))["typed"])


def _key(form: str) -> str:
    return f"refused_{form}"
