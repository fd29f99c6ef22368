"""Recognizes a phone, at the addresses of its session and nowhere else: all others take it for a visitor."""

from collections.abc import Callable
from http import HTTPStatus
from typing import cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.functional import SimpleLazyObject

from autodoctor.accounts.models import User
from autodoctor.core import credentials
from autodoctor.core.parsing import parse_uuid
from autodoctor.handover import passes
from autodoctor.handover.models import Handover
from autodoctor.sessions.states import OPEN

READING = frozenset({"GET", "HEAD"})
# What a phone may do in its session: see it, talk, share what it films, and go. No money, no end, no papers.
MAY: dict[str, frozenset[str]] = {
    "sessions/<uuid:session_id>/": READING,
    "sessions/<uuid:session_id>/panel/": READING,
    "sessions/<uuid:session_id>/transcript/": READING,
    "sessions/<uuid:session_id>/files/<uuid:file_id>/": READING,
    "sessions/<uuid:session_id>/files/<uuid:file_id>/thumbnail/": READING,
    "api/sessions/<uuidstr:session_id>": READING,
    "api/sessions/<uuidstr:session_id>/events": READING,
    "api/sessions/<uuidstr:session_id>/ice-servers": READING,
    "api/sessions/<uuidstr:session_id>/messages": frozenset({"POST"}),
    "api/sessions/<uuidstr:session_id>/preflight": frozenset({"POST"}),
    "api/sessions/<uuidstr:session_id>/files": READING | {"POST"},
    "api/sessions/<uuidstr:session_id>/files/<uuidstr:file_id>": frozenset({"DELETE"}),
    "api/sessions/<uuidstr:session_id>/uploads": frozenset({"POST"}),
    "api/sessions/<uuidstr:session_id>/uploads/<uuidstr:upload_id>": READING | {"PATCH", "DELETE"},
    "api/sessions/<uuidstr:session_id>/stills/consent": frozenset({"POST"}),
    "api/sessions/<uuidstr:session_id>/stills/<uuidstr:still_id>/failure": frozenset({"POST"}),
    "api/sessions/<uuidstr:session_id>/voice": frozenset({"POST"}),
    "sessions/<uuid:session_id>/transcript/agreement/": frozenset({"POST"}),
    "api/sessions/<uuidstr:session_id>/handover": frozenset({"DELETE"}),
}
# The phone recorded them, and no other device has the last words; to have them deleted is possible until they are text.
ALSO_AFTER_THE_END = frozenset(
    {"api/sessions/<uuidstr:session_id>/voice", "sessions/<uuid:session_id>/transcript/agreement/"}
)


class PhonePasses:
    """Behind the recognition of people who are signed in, who go first, and as lazy."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = request.COOKIES.get(credentials.phone_cookie(), "")
        session_id = _session_of(request) if token else None
        if session_id:
            signed_in = cast(User, request.user)
            request.user = cast(User, SimpleLazyObject(lambda: _recognized(request, signed_in, token, session_id)))
        answer = self._get_response(request)
        if session_id and credentials.is_phone(request):
            patch_cache_control(answer, private=True, no_store=True)
        elif session_id and answer.status_code == HTTPStatus.FOUND and not request.user.is_authenticated:
            return redirect(f"{reverse('handover')}?over")  # it has no account to sign in with
        return answer


def handover_of(request: HttpRequest) -> Handover | None:
    """Return the handover of the phone that sent this; None for every browser with a sign-in of its own."""
    if not request.user.is_authenticated:
        return None
    found: Handover | None = vars(request).get("handover")
    return found


def _session_of(request: HttpRequest) -> UUID | None:
    """Return the session at whose address a phone may do this."""
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return None
    return parse_uuid(match.kwargs.get("session_id")) if request.method in MAY.get(match.route, ()) else None


def _recognized(request: HttpRequest, signed_in: User, token: str, session_id: UUID) -> User:
    is_signed_in: bool = signed_in.is_authenticated
    if is_signed_in:
        return signed_in
    found = passes.find(token, timezone.now())
    if found is None or found.session_id != session_id or not _is_in_time(found, request):
        return signed_in
    vars(request)["handover"] = found
    vars(request)["actor"].become(found.person_id)
    return found.person


def _is_in_time(handover: Handover, request: HttpRequest) -> bool:
    """After the end there is only something to read, and what was said."""
    if handover.session.state in OPEN or request.method in READING:
        return True
    return resolve(request.path_info).route in ALSO_AFTER_THE_END
