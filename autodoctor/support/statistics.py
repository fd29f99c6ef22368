"""Statistics of sessions and questions from log and ledger, by mechanic and by day of the request."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from statistics import median
from uuid import UUID

from django.db.models import Count, QuerySet, Sum
from django.db.models.fields.json import KT
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.conversations.models import Conversation, Entry, Kind
from autodoctor.conversations.models import State as ConversationState
from autodoctor.core.folding import folded
from autodoctor.payments.models import Refund
from autodoctor.sessions.event_data import EventData, ReleaseData
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.states import RUNNING, EndReason, EventKind, FollowUp

MECHANIC_DID_NOT_COME = frozenset({"mechanic_absent", "mechanic_not_in", "not_started"})
_SAID = frozenset({EventKind.HELP_ASKED, EventKind.HELP_ANSWERED})
_COUNTED_KINDS = (EventKind.SESSION_ACCEPTED, EventKind.SESSION_RELEASED, EventKind.PARTICIPANT_LEFT, *_SAID)
LONGEST_INITIALS = 3  # letters of a make that is written in capitals
_running = frozenset(state.value for state in RUNNING)


@dataclass(frozen=True)
class Period:
    """Days from the first to the last, both included, in the viewer's time zone."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=day) for day in range((self.last - self.first).days + 1)]

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """Return the first moment in the period, and the first after it."""
        return _midnight(self.first), _midnight(self.last + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


Said = tuple[bool, datetime]  # whether it is a question, and when


@dataclass
class Tally:
    """The figures of some sessions. Times in seconds, money in cents."""

    sessions: int = 0
    waits: list[float] = field(default_factory=list)  # seconds from each request to its first acceptance
    mechanic_no_shows: int = 0
    customer_no_shows: int = 0
    drops: int = 0  # lost connections while the session ran
    lost_seconds: float = 0.0  # seconds of paused clock
    refunds: int = 0
    refunded_cents: Counter[str] = field(default_factory=Counter)  # by currency
    stars: list[int] = field(default_factory=list)
    questions: int = 0  # to support, in sessions and without one, each with what was added before the answer
    trouble_codes: Counter[str] = field(default_factory=Counter)  # sessions by code, without its failure type
    solved: int = 0  # customers say a week later that the repair held
    unsolved: int = 0  # or that the problem is back
    answer_waits: list[float] = field(default_factory=list)  # seconds from each question to its answer

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(**{name: mine + getattr(other, name) for name, mine in vars(self).items()})

    @property
    def wait(self) -> float | None:
        return median(self.waits) if self.waits else None

    @property
    def answer_wait(self) -> float | None:
        return median(self.answer_waits) if self.answer_waits else None

    def ask(self, asked: list[Said]) -> None:
        """Count the questions of a thread. `asked`: its messages in order."""
        since: datetime | None = None
        for is_question, at in asked:
            if is_question and since is None:
                self.questions += 1
                since = at
            elif not is_question and since:
                self.answer_waits.append((at - since).total_seconds())
                since = None

    @property
    def solved_rate(self) -> float | None:
        """Return which part of the repairs held; None without answers."""
        answers = self.solved + self.unsolved
        return self.solved / answers if answers else None

    @property
    def lost_minutes(self) -> float:
        return self.lost_seconds / 60

    @property
    def rating(self) -> float | None:
        return sum(self.stars) / len(self.stars) if self.stars else None


@dataclass
class Outcomes:
    """The answers a week after the sessions, by what they were about. "Not repaired yet" is none."""

    solved: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)

    def count(self, about: str, *, solved: bool) -> None:
        self.solved[about] += solved
        self.answers[about] += 1

    def rate(self, about: str) -> float | None:
        answers = self.answers[about]
        return self.solved[about] / answers if answers else None


def total(tallies: Iterable[Tally]) -> Tally:
    return sum(tallies, Tally())


class Numbers:
    """The tallies of a period, per mechanic and day, from seven queries. None stands for "no mechanic".

    A session counts with its questions on the day of its request, a question without one on its own day.
    """

    def __init__(self, period: Period) -> None:
        self.period = period
        self.tallies: defaultdict[tuple[UUID | None, date], Tally] = defaultdict(Tally)
        requested = Session.objects.filter(requested_at__gte=period.bounds[0], requested_at__lt=period.bounds[1])
        self._sessions = {session.id: session for session in requested.only(*_COLUMNS)}
        for session in self._sessions.values():
            self._count(session)
        self.by_code, self.by_make = Outcomes(), Outcomes()
        self._read_follow_ups(requested)
        self._read_log(requested)
        self._read_ledger(requested)
        self._read_conversations()
        people = User.objects.filter(id__in={mechanic_id for mechanic_id, _day in self.tallies if mechanic_id})
        self.names: dict[UUID, str] = dict(people.values_list("id", "name"))

    @property
    def mechanics(self) -> list[UUID | None]:
        """Return the mechanics, the busiest first; requests without a mechanic come last."""
        busy = {one: self.of(one).sessions for one in {mechanic_id for mechanic_id, _day in self.tallies}}
        return sorted(busy, key=lambda one: (one is None, -busy[one], self.names.get(one, "") if one else ""))

    def of(self, mechanic_id: UUID | None) -> Tally:
        return total(tally for (one, _day), tally in self.tallies.items() if one == mechanic_id)

    def on(self, day: date) -> Tally:
        return total(tally for (_one, one_day), tally in self.tallies.items() if one_day == day)

    def days_of(self, mechanic_id: UUID | None) -> list[Tally]:
        return [self.tallies.get((mechanic_id, day), Tally()) for day in self.period.days]

    def _at(self, mechanic_id: UUID | None, session: Session) -> Tally:
        requested_at = session.requested_at or session.created_at
        return self.tallies[mechanic_id, timezone.localdate(requested_at)]

    def _count(self, session: Session) -> None:
        tally = self._at(session.mechanic_id, session)
        tally.sessions += 1
        tally.lost_seconds += session.mechanic_lost_seconds + session.lenient_seconds_used
        tally.customer_no_shows += session.end_reason == EndReason.CUSTOMER_NO_SHOW
        tally.trouble_codes.update({code.partition("-")[0] for code in session.named_codes})
        if session.stars:
            tally.stars.append(session.stars)

    def _read_log(self, requested: "QuerySet[Session]") -> None:
        events = SessionEvent.objects.filter(session__in=requested.values("id"), kind__in=_COUNTED_KINDS)
        accepted: set[UUID] = set()
        threads: defaultdict[tuple[UUID, str], list[Said]] = defaultdict(list)
        rows = events.order_by("session_id", "seq").values_list(
            "session_id", "kind", "at", "actor_id", "data", "audience"
        )
        for session_id, kind, at, actor_id, data, audience in rows.iterator():
            session = self._sessions.get(session_id)
            if session is None:  # requested just now
                continue
            if kind == EventKind.SESSION_ACCEPTED and session_id not in accepted:
                accepted.add(session_id)
                self._at(_accepted_by(data), session).waits.append((at - (session.requested_at or at)).total_seconds())
            elif kind in _SAID:
                threads[session_id, audience].append((kind == EventKind.HELP_ASKED, at))
            elif kind == EventKind.SESSION_RELEASED and not actor_id and (missed_by := _did_not_come(data)):
                self._at(missed_by, session).mechanic_no_shows += 1
            elif kind == EventKind.PARTICIPANT_LEFT:
                self._at(session.mechanic_id, session).drops += data["session"]["state"] in _running

        for (session_id, _audience), said in threads.items():
            session = self._sessions[session_id]
            self._at(session.mechanic_id, session).ask(said)

    def _read_follow_ups(self, requested: "QuerySet[Session]") -> None:
        """Count the answers, of few sessions: by mechanic and day, by make, and by trouble code."""
        answered = requested.filter(follow_up__in=(FollowUp.YES, FollowUp.NO)).order_by()
        for session_id, answer, make in answered.values_list("id", "follow_up", KT("vehicle__make")):
            if (session := self._sessions.get(session_id)) is None:
                continue
            tally, solved = self._at(session.mechanic_id, session), answer == FollowUp.YES
            tally.solved += solved
            tally.unsolved += not solved
            if make:
                self.by_make.count(spelling(make), solved=solved)
            for code in {code.partition("-")[0] for code in session.named_codes}:
                self.by_code.count(code, solved=solved)

    def _read_conversations(self) -> None:
        """Count the questions without a session that support saw, by the day of the first message."""
        first, after = self.period.bounds
        asked = Conversation.objects.filter(created_at__gte=first, created_at__lt=after).exclude(
            state=ConversationState.UNCONFIRMED
        )
        days = {id_: timezone.localdate(at) for id_, at in asked.values_list("id", "created_at")}
        said: defaultdict[UUID, list[Said]] = defaultdict(list)
        entries = Entry.objects.filter(conversation__in=asked.values("id"), kind__in=(Kind.ASKED, Kind.ANSWERED))
        rows = entries.order_by("conversation_id", "seq").values_list("conversation_id", "kind", "at")
        for conversation_id, kind, at in rows.iterator():
            said[conversation_id].append((kind == Kind.ASKED, at))
        for conversation_id, messages in said.items():
            if day := days.get(conversation_id):
                self.tallies[None, day].ask(messages)

    def _read_ledger(self, requested: "QuerySet[Session]") -> None:
        refunds = Refund.objects.filter(payment__owner_id__in=requested.values("id"))
        given = (
            refunds.exclude(state=Refund.State.FAILED).order_by().values_list("payment__owner_id", "payment__currency")
        )
        for session_id, currency, count, cents in given.annotate(Count("id"), Sum("amount_cents")):
            if session := self._sessions.get(session_id):
                tally = self._at(session.mechanic_id, session)
                tally.refunds += count
                tally.refunded_cents[currency] += cents


def spelling(make: str) -> str:
    """Return one spelling of a make that people type as they like: "VOLVO " is "Volvo", "bmw" is "BMW"."""
    name = folded(make)
    return name.upper() if len(name) <= LONGEST_INITIALS else name.title()


def _accepted_by(data: EventData) -> UUID | None:
    """Return who had it then; support may have given it to them."""
    mechanic = data["session"]["mechanic"]
    return UUID(mechanic["id"]) if mechanic else None


def _did_not_come(data: ReleaseData) -> UUID | None:
    return UUID(data["released"]) if data["reason"] in MECHANIC_DID_NOT_COME else None


_COLUMNS = (
    *("id", "mechanic_id", "requested_at", "created_at", "end_reason", "stars"),
    *("trouble_codes", "trouble_codes_said"),
    *("mechanic_lost_seconds", "customer_lost_seconds", "media_lost_seconds"),
)
