"""Search for sessions by person, id or its beginning, payment, vehicle, trouble code; and for questions without one."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet

from autodoctor.accounts.models import User
from autodoctor.conversations.models import Conversation, State
from autodoctor.core.folding import folded
from autodoctor.core.parsing import parse_uuid
from autodoctor.payments.models import Payment, StripeEvent
from autodoctor.receipts import documents
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries.own_sessions import Match, page_of
from autodoctor.trouble_codes.reading import codes_in

PER_PAGE = 20
MOST = 200  # looked at of each kind, the newest
SHORTEST, LONGEST = 2, 100  # characters
OF_AN_ID = re.compile(r"[0-9a-f]{4,32}")
OF_A_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{5,17}")


@dataclass(frozen=True)
class Found:
    people: "Page[User]"
    sessions: "Page[Session]"
    conversations: "Page[Conversation]"

    @property
    def is_empty(self) -> bool:
        return not any(page.paginator.count for page in self._pages)

    @property
    def may_be_cut(self) -> bool:
        """Return whether there may be more: not all of a kind were looked at, or not all people's."""
        return self.people.paginator.count > PER_PAGE or any(page.paginator.count >= MOST for page in self._pages)

    @property
    def _pages(self) -> "tuple[Page[User], Page[Session], Page[Conversation]]":
        return self.people, self.sessions, self.conversations


def session_of_id(query: str) -> UUID | None:
    """Return the session of a complete id: its own, one of its payment's, or the number of a document."""
    if (id_ := parse_uuid(query)) and Session.objects.filter(id=id_).exists():
        return id_
    return documents.session_of_number(query) or next(iter(_by_payment(query)), None)


def conversation_of_id(query: str) -> UUID | None:
    """Return the question of a complete id."""
    id_ = parse_uuid(query)
    return id_ if id_ and _confirmed().filter(id=id_).exists() else None


def find(query: str, pages: Mapping[str, str]) -> Found:
    """Search; `pages` gives the page of the `people`, of the `questions` and (`page`) of the sessions."""
    people = _people(query)
    return Found(
        people=Paginator(people, PER_PAGE).get_page(pages.get("people")),
        sessions=page_of(_sessions(query, people), PER_PAGE, pages.get("page")),
        conversations=Paginator(_conversations(query, people), PER_PAGE).get_page(pages.get("questions")),
    )


def _conversations(query: str, people: Iterable[User]) -> list[Conversation]:
    """Search questions without a session: by id or its beginning, by the asker's account, by a visitor's words."""
    ways = [Q(person__in=[user.id for user in people][:PER_PAGE]), _holds("search_words", folded(query))]
    if between := _ids_from(query):
        ways.append(Q(id__range=between))
    found = {one.id: one for way in ways for one in _confirmed().filter(way).order_by("-created_at")[:MOST]}
    return sorted(found.values(), key=lambda one: one.created_at, reverse=True)[:MOST]


def _confirmed() -> "QuerySet[Conversation]":
    return Conversation.objects.exclude(state=State.UNCONFIRMED).select_related("person")


def _people(query: str) -> list[User]:
    """Exact addresses, or their beginnings, come before parts of a name."""
    by_address = User.objects.filter(email__startswith=query.lower()).order_by("email")
    by_name = User.objects.filter(_holds("search_words", folded(query))).order_by("name", "email")
    found = {
        user.id: user for users in (by_address, by_name) for user in users.select_related("mechanic_profile")[:MOST]
    }
    return list(found.values())[:MOST]


def _sessions(query: str, people: Iterable[User]) -> list[Match]:
    """Return what was found in any way, the newest first."""
    ways = (
        _by_beginning(query),
        _by_vehicle(query),
        _by_trouble_code(query),
        _of_people([user.id for user in people][:PER_PAGE]),
    )
    found = {match for way in ways for match in way}
    return sorted(sorted(found, key=itemgetter(1)), key=itemgetter(0), reverse=True)


def _by_beginning(query: str) -> Iterator[Match]:
    if between := _ids_from(query):
        yield from _newest(Q(id__range=between))


def _ids_from(query: str) -> tuple[UUID, UUID] | None:
    """Return the range of ids with this beginning: plus zeros, to plus highest digits; None for no beginning of one."""
    digits = query.lower().replace("-", "")
    if not OF_AN_ID.fullmatch(digits):
        return None
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))


def _by_vehicle(query: str) -> Iterator[Match]:
    if OF_A_VIN.fullmatch(query.upper()):
        yield from _newest(Q(vin__startswith=query.upper()))
    yield from _newest(_holds("vehicle_search", f" {folded(query)}"))


def _by_trouble_code(query: str) -> Iterator[Match]:
    """A code without a failure type finds all of its failure types."""
    for code in codes_in(query):
        yield from _newest(_holds("trouble_code_search", f" {str(code).lower()}"))


def _of_people(people: list[UUID]) -> Iterator[Match]:
    if people:
        yield from _newest(Q(customer__in=people))
        yield from _newest(Q(mechanic__in=people))


def _by_payment(query: str) -> list[UUID]:
    """Search Stripe's ids (payment, Checkout, charge, refund, event) and ours, each by its index."""
    if id_ := parse_uuid(query):
        ways = [Q(id=id_), Q(refunds__id=id_)]
    elif event := StripeEvent.objects.filter(id=query).first():
        ways = [Q(id=event.payment_id)] if event.payment_id else [Q(intent_id=event.intent_id or query)]
    else:
        ways = [Q(**{name: query}) for name in ("intent_id", "checkout_id", "charge_id", "refunds__stripe_id")]
    found = (Payment.objects.filter(way).values_list("owner_id", flat=True).first() for way in ways if query)
    return [owner_id for owner_id in found if owner_id]


def _holds(field: str, words: str) -> Q:
    """Return the condition that a folded column holds these words; nothing holds marks alone."""
    return Q(**{f"{field}__contains": words}) if words.strip() else Q(pk__in=())


def _newest(which: Q) -> Iterable[Match]:
    return Session.objects.filter(which).order_by("-created_at").values_list("created_at", "id")[:MOST]
