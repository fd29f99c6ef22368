"""The lines of the board, the most urgent first: sessions, and questions without one."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from uuid import UUID

from autodoctor.accounts.models import User
from autodoctor.conversations.models import Conversation
from autodoctor.sessions.lifecycle import alert_work
from autodoctor.sessions.models import Alert, Connection, Session
from autodoctor.sessions.record import participants
from autodoctor.sessions.record.alerts import answer_late_at
from autodoctor.sessions.record.participants import ParticipantState, SessionState
from autodoctor.sessions.rules.triggers import duration
from autodoctor.sessions.states import OPEN, State
from autodoctor.support import question_lines
from autodoctor.support.levels import Level
from autodoctor.support.question_lines import QuestionLine

MOST = 150  # lines per page; lines in trouble are always shown


@dataclass(frozen=True)
class Person:
    """A participant, and the time since which they have been `in`, `preparing` or `away`."""

    role: str
    user: User
    status: str
    since: datetime | None


@dataclass(frozen=True)
class Sign:
    """A problem of a session; `what` names its words in `support/parts/sign.html`."""

    what: str
    since: datetime | None
    level: Level


@dataclass(frozen=True)
class Notice:
    """An alert for display; `over` if its cause is gone, `overdue` if it is a question whose answer is late."""

    alert: Alert
    over: bool
    overdue: bool

    @property
    def level(self) -> Level:
        """Return the urgency: a late answer is urgent whoever has it."""
        if self.overdue:
            return Level.ALARM
        if self.over:
            return Level.CALM
        return Level.HANDLED if self.alert.taken_by_id else Level.ALARM


@dataclass(frozen=True)
class Line:
    session: Session
    people: list[Person]
    signs: list[Sign]
    notices: list[Notice]

    @property
    def level(self) -> Level:
        """Return the urgency. A problem counts as handled if a support person has an alert of the session."""
        signs = max((sign.level for sign in self.signs), default=Level.CALM)
        notices = max((notice.level for notice in self.notices), default=Level.CALM)
        in_hands = notices == Level.HANDLED and signs == Level.TROUBLE
        return Level.HANDLED if in_hands else max(signs, notices)

    @property
    def overdue(self) -> bool:
        """Return whether an answer to somebody in the session is late."""
        return any(notice.overdue for notice in self.notices)

    @property
    def vehicle(self) -> str:
        return self.session.vehicle_words

    @property
    def since(self) -> datetime:
        return self.session.state_at


@dataclass(frozen=True)
class Board:
    """Open sessions, questions without one, unpaid bookings, and open alerts of sessions that are over.

    A session that is over stands among the open ones while an answer is late.
    """

    lines: list[Line]
    questions: list[QuestionLine]
    answered: list[Conversation]
    drafts: list[Session]
    closed: list[tuple[Session, list[Notice]]]
    more: dict[str, int]  # how many are not shown, by list; of `lines` only calm ones
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def entries(self) -> list[Line | QuestionLine]:
        """Return sessions and questions, the most urgent first; among these, answers that are overdue."""
        return sorted(chain[Line | QuestionLine](self.lines, self.questions), key=_urgency)


def _urgency(line: Line | QuestionLine) -> tuple[int, bool, datetime]:
    return -line.level, not line.overdue, line.since


def board(now: datetime) -> Board:
    """Return the board, in a fixed number of queries."""
    sessions = Session.objects.select_related("customer", "mechanic")
    open_ones = list(sessions.filter(state__in=OPEN).order_by("state_at", "id"))
    drafts = [session for session in open_ones if session.state == State.DRAFT]
    alerts = _open_alerts()
    late = {id_ for id_, found in alerts.items() if any(_is_late(alert, now) for alert in found)}
    over = list(sessions.filter(id__in=alerts.keys() - {session.id for session in open_ones}))
    running = [session for session in open_ones if session.state != State.DRAFT]
    running += [session for session in over if session.id in late]
    lines = sorted(_lines(running, alerts, now), key=_urgency)
    questions = question_lines.open_questions(now)
    levels = [line.level for line in chain[Line | QuestionLine](lines, questions)]
    shown = max(MOST, sum(line.level > Level.CALM for line in lines))
    closed = _left_over([session for session in over if session.id not in late], alerts, now)
    answered = question_lines.count_answered()
    lengths = {"drafts": len(drafts), "closed": len(closed), "answered": answered}
    return Board(
        lines=lines[:shown],
        questions=questions,
        answered=question_lines.answered_questions(MOST),
        drafts=drafts[-MOST:],
        closed=closed[:MOST],
        more={"lines": len(lines[shown:])} | {name: max(0, length - MOST) for name, length in lengths.items()},
        counts={level.word: levels.count(level) for level in Level},
    )


def notices_of(state: SessionState, now: datetime) -> list[Notice]:
    """Return the open alerts of one session, open or not."""
    alerts = Alert.objects.filter(session=state.session, done_at=None).select_related("taken_by")
    return [_notice(alert, state, now) for alert in alerts]


def _lines(sessions: list[Session], alerts: dict[UUID, list[Alert]], now: datetime) -> list[Line]:
    situations = participants.load_states(sessions, now)
    opened = _pages_opened(situations)
    return [_line(situations[session.id], alerts.get(session.id, []), opened, now) for session in sessions]


def _line(state: SessionState, alerts: list[Alert], opened: dict[tuple[UUID, str], datetime], now: datetime) -> Line:
    people = [_person(state, state.customer, state.session.customer, opened)]
    if state.session.mechanic:
        people.append(_person(state, state.mechanic, state.session.mechanic, opened))
    notices = [_notice(alert, state, now) for alert in alerts]
    # An alert replaces the earlier hint to watch the session.
    least = Level.HANDLED if any(not notice.over for notice in notices) else Level.CALM
    return Line(state.session, people, [sign for sign in _signs(state, people, now) if sign.level >= least], notices)


def _notice(alert: Alert, state: SessionState, now: datetime) -> Notice:
    return Notice(alert, over=alert_work.is_over(alert, state), overdue=_is_late(alert, now))


def _is_late(alert: Alert, now: datetime) -> bool:
    late_at = answer_late_at(alert)
    return late_at is not None and late_at <= now


def _person(
    state: SessionState, seat: ParticipantState, user: User, opened: dict[tuple[UUID, str], datetime]
) -> Person:
    here_since = opened.get((state.session.id, seat.role)) or (seat.part.joined_at if seat.part else None)
    away = seat.status == "away" or (seat.is_in and not seat.page_open and not seat.is_heard)
    return Person(seat.role, user, "away" if away else seat.status, seat.left_at if away else here_since)


def _signs(state: SessionState, people: list[Person], now: datetime) -> Iterable[Sign]:
    """Return the problems, the most important first."""
    session = state.session
    if session.state == State.HANDING_OVER:
        yield Sign("searching", session.search_at, Level.TROUBLE)
    elif session.state == State.RECONNECTING or session.paused_at:
        cause = session.pause_cause or "reconnecting"
        yield Sign(f"paused:{cause}", session.paused_at or session.state_at, Level.TROUBLE)
    elif session.state == State.LIVE:
        yield from (Sign(f"gone:{one.role}", one.since, Level.TROUBLE) for one in people if one.status == "away")
    if session.state == State.ACCEPTED:
        yield from (
            Sign(f"not_here:{one.role}", session.state_at, Level.WATCH) for one in people if one.status == "away"
        )
    if session.state == State.WAITING and now - session.state_at >= duration("start_sound"):
        yield Sign("not_started", session.state_at, Level.WATCH)
    if session.state == State.REQUESTED and (what := _wait_in_queue(session, now)):
        yield Sign(what, session.state_at, Level.WATCH)
    if session.hold_until and session.hold_until > now:
        yield Sign("held", session.ends_at, Level.WATCH)


def _wait_in_queue(session: Session, now: datetime) -> str:
    """Return what support should know of a request that waits; empty while it is new."""
    if session.is_private:
        return "private"
    if session.released_at is not None:
        return "given_back"
    return "unaccepted" if now - session.state_at >= duration("unnoticed") / 2 else ""


def _open_alerts() -> dict[UUID, list[Alert]]:
    found: dict[UUID, list[Alert]] = {}
    for alert in Alert.objects.filter(done_at=None).select_related("taken_by").order_by("raised_at", "id"):
        found.setdefault(alert.session_id, []).append(alert)
    return found


def _left_over(
    sessions: list[Session], alerts: dict[UUID, list[Alert]], now: datetime
) -> list[tuple[Session, list[Notice]]]:
    """Return open alerts of ended sessions, the oldest first, without alerts whose cause is gone."""
    situations = participants.load_states(sessions, now)
    found = []
    for session in sessions:
        notices = [_notice(alert, situations[session.id], now) for alert in alerts[session.id]]
        if pressing := [notice for notice in notices if not notice.over or notice.alert.taken_by_id]:
            found.append((session, pressing))
    return sorted(found, key=lambda one: one[1][0].alert.raised_at)


def _pages_opened(situations: dict[UUID, SessionState]) -> dict[tuple[UUID, str], datetime]:
    """Return since when each participant has had a page open, by session and role."""
    found: dict[tuple[UUID, str], datetime] = {}
    pages = Connection.objects.filter(session_id__in=list(situations)).order_by("-opened_at")
    for session_id, role, opened_at in pages.values_list("session_id", "role", "opened_at"):
        found[session_id, role] = opened_at  # the first of several comes last
    return found
