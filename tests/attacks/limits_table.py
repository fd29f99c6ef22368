"""The table of limits in `docs/security.md`, made from the code: every address, every frame, and what bounds each.

`python -m tests.attacks.limits_table` writes it.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django

DOCUMENT = Path(__file__).parents[2] / "docs" / "security.md"
BEGIN, END = "<!-- limits: made by tests/attacks/limits_table.py -->", "<!-- end of limits -->"
HEAD = "| way in | size | rate | count | who counts |\n|---|---|---|---|---|"
ID = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Row:
    way: str
    size: str
    rates: tuple[str, ...]
    count: str
    who: tuple[str, ...]

    def __str__(self) -> str:
        way = self.way.replace("|", "\\|")
        who = dict.fromkeys(self.who)
        return f"| `{way}` | {self.size} | {'; '.join(self.rates) or '–'} | {self.count} | {'; '.join(who) or '–'} |"


@dataclass(frozen=True)
class Bound:
    """A number of things, in words, and the test that goes one beyond."""

    words: str
    test: str


def bounds() -> dict[str, Bound]:
    """Return what is bounded by its number, by way in."""
    return _of_pages() | _of_a_session() | _of_files() | _of_help() | _after_a_session() | _of_a_person()


def _of_pages() -> dict[str, Bound]:
    from autodoctor.room.hub import revocation
    from autodoctor.room.socket import list_feed, session_socket

    return {
        "/ws/sessions/<session_id>": Bound(
            f"{session_socket.MOST_PAGES_OPEN} open of one person in a session, {revocation.MOST_OPEN} in all; "
            "a further one closes the oldest",
            "autodoctor/room/tests/test_socket.py::test_the_oldest_of_too_many_pages_of_a_session_is_closed",
        ),
        "/ws/feed": Bound(
            f"{list_feed.MOST_LISTS_OPEN} open of one person; a further one closes the oldest",
            "autodoctor/room/tests/test_feed.py::test_the_oldest_of_too_many_pages_of_one_person_is_closed",
        ),
        "POST /api/sessions/<session_id>/handover": Bound(
            "one code of one person in a session, for one phone; a further one replaces it",
            "autodoctor/handover/tests/test_handover.py::test_a_new_code_takes_the_place_of_the_one_before",
        ),
    }


def _of_a_session() -> dict[str, Bound]:
    from autodoctor.room.messages import writer
    from autodoctor.sessions.lifecycle import extensions, preflight, substitutes

    rows = Bound(
        f"{writer.MOST_ROWS:,} rows in a session",
        "autodoctor/room/tests/test_crowd.py::test_a_session_whose_log_is_full_takes_no_more_messages",
    )
    handovers = Bound(
        f"once of each mechanic in a session, with a note of {substitutes.LONGEST_NOTE} characters",
        "autodoctor/sessions/tests/test_substitutes.py::test_a_note_has_words_and_a_limit",
    )
    return {
        "frame message": rows,
        "POST /api/sessions/<session_id>/messages": rows,
        "POST /api/sessions/<session_id>/preflight": Bound(
            f"{preflight.MAX_REPORTS} of one person in a session",
            "autodoctor/sessions/tests/test_preflight.py::test_the_number_of_preflight_reports_is_limited",
        ),
        "POST /api/sessions/<session_id>/allowance": Bound(
            f"{extensions.MOST_SAID} in a session",
            "autodoctor/sessions/tests/test_extensions.py::test_a_mechanic_who_keeps_changing_the_allowance_is_limited",
        ),
        "POST /api/sessions/<session_id>/extensions": Bound(
            f"{extensions.MAX_TRIES} canceled in a session",
            "autodoctor/sessions/tests/test_extensions.py::test_extensions_asked_for_and_canceled_are_limited",
        ),
        "POST /api/sessions/<session_id>/substitute": handovers,
        "/sessions/<session_id>/substitute/": handovers,
    }


def _of_files() -> dict[str, Bound]:
    from autodoctor.files import errors, partial_uploads, streaming_upload
    from autodoctor.sessions.lifecycle import attachments, stills
    from autodoctor.transcripts import consent, recording

    files = (
        f"{errors.MAX_FILES} in a session, {attachments.MAX_EVER} with removed ones; "
        f"{streaming_upload.AT_ONCE} at once of one person"
    )
    return {
        "POST /api/sessions/<session_id>/files": Bound(
            files, "autodoctor/sessions/tests/test_attachments.py::test_the_number_of_files_of_a_session_is_limited"
        ),
        "POST /api/sessions/<session_id>/uploads": Bound(
            f"{partial_uploads.MOST_OPEN} on their way of one person; {errors.MAX_FILES} in a session with those",
            "autodoctor/sessions/tests/test_resumable_uploads.py::test_uploads_on_their_way_of_a_person_are_limited",
        ),
        "PATCH /api/sessions/<session_id>/uploads/<upload_id>": Bound(
            f"pieces of {partial_uploads.PIECE_LEAST_BYTES // 1024} KB at least, but for the last",
            "autodoctor/sessions/tests/test_resumable_uploads.py::test_a_piece_that_does_not_fit_is_refused",
        ),
        "POST /api/sessions/<session_id>/voice": Bound(
            f"{recording.MOST_PIECES:,} and {recording.MOST_BYTES // 1024 // 1024} MB of one person in a session",
            "autodoctor/transcripts/tests/test_recording.py::test_a_person_can_fill_only_so_much",
        ),
        "/sessions/<session_id>/transcript/agreement/": Bound(
            f"agreed {consent.MOST_AGREED} times by one person in a session; stopped at any time",
            "autodoctor/transcripts/tests/test_consent.py::test_nobody_asks_for_it_without_end",
        ),
        "POST /api/sessions/<session_id>/stills": Bound(
            f"{stills.MOST_ASKED} in a session, one awaited at a time",
            "autodoctor/sessions/tests/test_stills.py::test_the_number_of_photos_of_a_session_is_limited",
        ),
        "POST /api/sessions/<session_id>/stills/consent": Bound(
            f"allowed {stills.MOST_ALLOWED} times in a session; refused at any time",
            "autodoctor/sessions/tests/test_stills.py::test_to_allow_is_limited_and_to_refuse_is_not",
        ),
    }


def _of_help() -> dict[str, Bound]:
    from autodoctor.conversations import asking, messages
    from autodoctor.core import request_limits
    from autodoctor.files import errors

    files_of_help = f"{request_limits.HELP_FILES} files of a message, {errors.MAX_FILES} of a thread"
    helps = Bound(
        f"{messages.MOST} of one person in a session, {files_of_help}",
        "autodoctor/sessions/tests/test_help_requests.py::test_the_number_of_questions_of_a_participant_is_limited",
    )
    asked = Bound(
        f"{asking.MOST_A_DAY} of one account in a day",
        "autodoctor/conversations/tests/test_conversations.py::test_questions_of_an_account_per_day_are_limited",
    )
    told = Bound(
        f"{messages.MOST} of the asker in a conversation, {files_of_help}",
        "autodoctor/conversations/tests/test_conversations.py::test_messages_in_a_conversation_are_limited",
    )
    return {
        "POST /api/sessions/<session_id>/help": helps,
        "/sessions/<session_id>/help/": helps,
        "POST /api/help": asked,
        "POST /api/help/<conversation_id>": told,
        "/help/<conversation_id>/": told,
    }


def _after_a_session() -> dict[str, Bound]:
    from autodoctor.sessions.lifecycle import follow_ups, rating
    from autodoctor.summaries import content

    answers = Bound(
        f"{follow_ups.MOST_ANSWERS} changed answers of a session",
        "autodoctor/sessions/tests/test_follow_ups.py::test_the_number_of_answers_of_a_session_is_limited",
    )
    return {
        "/sessions/<session_id>/rating/": Bound(
            f"{rating.MOST_GIVEN} changed ratings of a session",
            "autodoctor/sessions/tests/test_rating.py::test_a_rating_is_changed_only_so_often",
        ),
        "/sessions/<session_id>/follow-up/": answers,
        "/follow-up/": answers,
        "/sessions/<session_id>/question/": Bound(
            "one question and one answer of a session",
            "autodoctor/sessions/tests/test_questions.py::test_there_is_one_question_and_one_answer_of_a_session",
        ),
        "/sessions/<session_id>/summary/corrections/": Bound(
            f"{content.CORRECTIONS_MAX} of a summary",
            "autodoctor/summaries/tests/test_actions.py::test_the_number_of_corrections_of_a_summary_is_limited",
        ),
    }


def _of_a_person() -> dict[str, Bound]:
    from autodoctor.booking import vehicles
    from autodoctor.garage import sharing
    from autodoctor.push import subscriptions
    from autodoctor.skills.forms import MOST
    from autodoctor.skills.models import Kind

    return {
        "POST /api/push/subscriptions": Bound(
            f"{subscriptions.MOST} browsers of one person; a further one replaces the oldest",
            "autodoctor/push/tests/test_devices.py::test_an_eleventh_browser_of_a_person_replaces_the_oldest",
        ),
        "/garage/add/": Bound(
            f"{vehicles.MOST_VEHICLES} of one person",
            "autodoctor/garage/tests/test_cars.py::test_a_garage_has_room_for_so_many_cars",
        ),
        "/garage/<vehicle_id>/links/": Bound(
            f"{sharing.MOST_LINKS} of a car that work at once, {sharing.MOST_FILES} files on one",
            "autodoctor/garage/tests/test_sharing.py::test_so_many_links_of_a_car_work_at_once",
        ),
        "/mechanics/skills/": Bound(
            f"{MOST[Kind.MAKE]} makes and {MOST[Kind.SYSTEM]} systems of a mechanic",
            "autodoctor/skills/tests/test_pages.py::test_too_many_are_refused_and_none_is_lost",
        ),
    }


# What the sign-in library counts at its pages, in `ACCOUNT_RATE_LIMITS` and by default.
LIBRARY = {
    "/sign-in/": ("login", "login_failed"),
    "/sign-up/": ("signup",),
    "/account/reauthenticate/": ("reauthenticate",),
    "/account/email/": ("manage_email",),
    "/account/confirm-email/": ("confirm_email",),
    "/account/password/change/": ("change_password",),
    "/account/password/reset/": ("reset_password",),
    "/account/password/reset/confirm/": ("reset_password_from_key",),
    "/account/two-factor/authenticate/": ("login_failed",),
    "/account/two-factor/reauthenticate/": ("reauthenticate",),
    "/account/two-factor/webauthn/login/": ("login_failed",),
}
LIBRARY_COUNTS = {"ip": "the client's address", "user": "the person", "key": "the account"}


def inside() -> dict[str, tuple[str, ...]]:
    """Return the limits that an address counts only for a part of what it does, by their names."""
    return {
        "/sessions/<session_id>/": ("looks",),
        "/sessions/<session_id>/extension/": ("looks",),
        "/dashboard/earnings/account/done/": ("looks",),
        "/tell-me-when/": ("confirmations",),
        "/help/": ("confirmations", "help_files"),
        "/help/<conversation_id>/": ("help_files",),
        "/sessions/<session_id>/help/": ("help_files",),
    }


def rows() -> Iterator[Row]:
    yield from _pages()
    yield from _operations()
    yield from _sockets()


def _pages() -> Iterator[Row]:
    from tests.attacks.test_routes import ADDRESSES, operations

    of_the_api = {entry.split()[1] for entry in operations()}
    seen = set()
    for address, pattern in ADDRESSES:
        way = _of_a_table(address)
        if address not in of_the_api and way not in seen:
            seen.add(way)
            yield _page(way, pattern.callback)


def _of_a_table(address: str) -> str:
    """All tables of the admin have the same pages."""
    return re.sub(
        r"^/admin/(?!password_change/|r/)\w+/\w+/(add/|<object_id>/\w*/?|)$", r"/admin/<app>/<table>/\1", address
    )


def _page(way: str, view: Any) -> Row:
    from autodoctor.rates.limits import EVERY_LIMIT
    from autodoctor.rates.web import limit_of

    read, sent = limit_of(view, "GET"), limit_of(view, "POST")
    words = [f"read: {_pace(read)}"] if read else []
    words += [f"sent: {_pace(sent)}"] if sent else ["a secret opens it"]
    who = [limit.who.value for limit in (read, sent) if limit]
    for limit in (EVERY_LIMIT[name] for name in inside().get(way, ())):
        words.append(f"{limit.name}: {_pace(limit)}")
        who.append(limit.who.value)
    for amount, seconds, per in _of_the_library(way):
        words.append(f"sent: {amount} in {_seconds(seconds)}")
        who.append(LIBRARY_COUNTS[per])
    return Row(way, _size(way), tuple(words), _count(way), tuple(who))


def _of_the_library(way: str) -> Iterator[tuple[int, float, str]]:
    from allauth.core.internal.ratelimit import get_rates

    for action in LIBRARY.get(way, ()):
        for rate in get_rates(app="allauth.account", action=action):
            yield rate.amount, rate.duration, rate.per


def _operations() -> Iterator[Row]:
    from autodoctor.api import api

    for prefix, router in api._routers:  # the framework has no public list of them
        for path, view in router.path_operations.items():
            for operation in view.operations:
                for method in operation.methods:
                    way = f"{method} /api{prefix}" + re.sub(r"\{\w+:(\w+)\}", r"<\1>", path)
                    yield _operation(way, method, operation)


def _operation(way: str, method: str, operation: Any) -> Row:
    from autodoctor.rates.limits import CHANGES
    from autodoctor.rates.web import SAFE

    declared = [throttle.limit for throttle in operation.throttle_objects]  # none: that of the whole API
    limit = declared[0] if declared else None if method in SAFE else CHANGES
    paces, who = ((_pace(limit),), (limit.who.value,)) if limit else ((), ())
    return Row(way, _size(way.split()[1]), paces, _count(way), who)


def _sockets() -> Iterator[Row]:
    from autodoctor.rates.limits import SOCKETS
    from autodoctor.room.wire import drawing, protocol

    for way in ("/ws/sessions/<session_id>", "/ws/feed"):
        who = SOCKETS.who.value, "the person, in each process"
        yield Row(way, "–", (f"opened: {_pace(SOCKETS)}",), _count(way), who)
    sizes = {
        "message": f"{protocol.MAX_TEXT:,} characters",
        "signal": f"{_bytes(protocol.MAX_SIGNAL)}, {protocol.MAX_DEPTH} levels",
        **dict.fromkeys(("camera", "wish", "still"), _bytes(protocol.MAX_CAMERA)),
        "drawing": f"{_bytes(drawing.MAX_DRAWING)}, {drawing.MOST_POINTS} points",
    }
    for frame, limit in protocol.LIMITS.items():
        name = "anything else" if frame is protocol.Invalid else frame.__name__.lower()
        way = f"frame {name}"
        size = sizes.get(name, _bytes(protocol.MAX_FRAME))
        yield Row(way, size, (_pace(limit),), _count(way), (limit.who.value,))


def _size(address: str) -> str:
    from django.urls import reverse

    from autodoctor.core.request_limits import LIMITS, USUAL
    from autodoctor.payments import webhook_inbox

    if address == reverse("stripe-webhook"):
        return _bytes(webhook_inbox.MAX_BODY_BYTES)
    path = re.sub(r"<\w+>", ID, address)
    found = next((limit for pattern, limit in LIMITS.items() if pattern.fullmatch(path)), USUAL)
    return _bytes(found.octets)


def _count(way: str) -> str:
    return bounds()[way].words if way in bounds() else "–"


def _pace(limit: Any) -> str:
    return f"{limit.at_once} at once, 1 more in {_seconds(limit.every)}"


def _seconds(seconds: float) -> str:
    return f"{seconds / 3600:g} h" if seconds >= 3600 else f"{seconds:g} s"


def _bytes(octets: int) -> str:
    return f"{octets // 1024:,} KB" if octets < 1 << 20 or octets % (1 << 20) else f"{octets >> 20} MB"


def table() -> str:
    return "\n".join([BEGIN, HEAD, *map(str, rows()), END])


def written() -> str:
    """Return the table as the document has it."""
    text = DOCUMENT.read_text()
    return text[text.index(BEGIN) : text.index(END) + len(END)]


if __name__ == "__main__":
    os.environ |= {"DJANGO_SETTINGS_MODULE": "autodoctor.settings", "DEBUG": "1"}
    django.setup()
    DOCUMENT.write_text(DOCUMENT.read_text().replace(written(), table()))
