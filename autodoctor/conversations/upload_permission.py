"""Decide whose files a form to support may bring, before a byte of its body is read."""

from importlib import import_module
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from autodoctor.accounts.models import Role, User
from autodoctor.conversations import links
from autodoctor.conversations.models import State
from autodoctor.core import acting, credentials
from autodoctor.core.parsing import parse_uuid


@acting.system
def member(shown: str, path: str) -> UUID | None:
    """Return the person with an account who asks."""
    person = _opened(shown).user
    return person.pk if isinstance(person, User) and person.role != Role.SUPPORT else None


@acting.system
def writer(shown: str, path: str) -> UUID | None:
    """Return whom the files count for: a person with an account, or a visitor's conversation that they may write to.

    None for a visitor whose address is not confirmed: nobody stores files here who cannot be asked about them.
    """
    conversation_id = parse_uuid(path.split("/")[2])
    if conversation_id is None:
        return None
    own = links.visible_to(_opened(shown)).exclude(state=State.UNCONFIRMED)
    found = own.filter(pk=conversation_id).first()
    return (found.person_id or found.pk) if found else None


def _opened(shown: str) -> HttpRequest:
    """Return a request of the browser with this session, as Django's middleware would."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(credentials.session_key(shown))
    request.user = get_user(request)
    return request
