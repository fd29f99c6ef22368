"""The address in our mails that opens a visitor's conversation, and which conversations a browser has opened.

The address names the conversation and proves that its visitor's mail was read. It leads on at once, so that it stands
in no address bar; the browser's session remembers what it has opened.
"""

import base64
import binascii
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from autodoctor.accounts.models import Role, User
from autodoctor.conversations.models import Conversation, State

SEAL_BYTES = 16
QUERY = "link"  # the name in the query
OPENED = "help"  # in the browser's session: ids of visitors' conversations
MOST_OPENED = 20


def token_of(conversation: Conversation) -> str:
    """Return what stands in the address of a visitor's conversation."""
    return base64.urlsafe_b64encode(conversation.id.bytes + _seal(conversation)).decode().rstrip("=")


def opening_path(conversation: Conversation) -> str:
    """Return the path that opens a visitor's conversation. The token is its query: no log keeps that."""
    return f"{reverse('help_open')}?{QUERY}={token_of(conversation)}"


def conversation_of(token: str) -> Conversation | None:
    """Return the visitor's conversation of a token; None for any that we did not make."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        id_ = UUID(bytes=raw[:-SEAL_BYTES])
    except (binascii.Error, ValueError):
        return None
    found = Conversation.objects.filter(pk=id_, person=None).first()
    # The letters are compared, not the bytes: the last letter has bits that stand for nothing.
    return found if found and constant_time_compare(token, token_of(found)) else None


def page(conversation: Conversation) -> str:
    """Return the whole address of the conversation for a mail: a visitor's opens it without signing in."""
    if conversation.is_visitors:
        return f"{settings.SITE_URL}{opening_path(conversation)}"
    return f"{settings.SITE_URL}{reverse('conversation', args=[conversation.id])}"


def remember(request: HttpRequest, conversation: Conversation) -> None:
    """Let this browser read the conversation from now on."""
    others = [one for one in request.session.get(OPENED, []) if one != str(conversation.id)]
    request.session[OPENED] = [*others, str(conversation.id)][-MOST_OPENED:]


def visible_to(request: HttpRequest) -> "QuerySet[Conversation]":
    """Return the conversations of this person, and those that this browser has opened; none for support."""
    if isinstance(request.user, User) and request.user.is_staff:
        return Conversation.objects.none()
    opened = Q(id__in=request.session.get(OPENED, []), person=None)
    own = Q(person=request.user) if isinstance(request.user, User) else Q(pk__in=())
    return Conversation.objects.filter(own | opened).select_related("person").order_by("-state_at")


def readable_by(request: HttpRequest) -> "QuerySet[Conversation]":
    """Return the conversations of this person or browser; of support all that have reached it."""
    if isinstance(request.user, User) and request.user.role == Role.SUPPORT:
        return Conversation.objects.exclude(state=State.UNCONFIRMED)
    return visible_to(request)


def _seal(conversation: Conversation) -> bytes:
    of = f"{conversation.id}:{conversation.email}"
    return salted_hmac("autodoctor.conversations.links", of, algorithm="sha256").digest()[:SEAL_BYTES]
