"""Sound and picture of a call, as far as the session is concerned: whether they arrive, and what follows if not."""

from datetime import datetime
from uuid import UUID

from autodoctor.accounts.models import User
from autodoctor.sessions.lifecycle import fair_clock
from autodoctor.sessions.lifecycle.transitions import changing
from autodoctor.sessions.models import Session
from autodoctor.sessions.record import event_log
from autodoctor.sessions.record.participants import Seat, Situation
from autodoctor.sessions.rules import triggers
from autodoctor.sessions.states import CLAIMED, RUNNING, Kind


def report(*, session_id: UUID, by: User, receiving: bool | None, now: datetime) -> Session:
    """Whether the other side's media arrive at this person; None: nobody can say any more, as their page has no call.

    Nothing happens where there is no call, or no news.

    Raises `Session.DoesNotExist` for a stranger.
    """
    with changing(session_id, now) as it:
        seat = it.seat(event_log.actor(by, it.session).role)
        is_party = seat.part is not None and seat.part.user_id == by.id
        if is_party and it.session.kind != Kind.CHAT and it.session.state in CLAIMED:
            _note(it, seat, receiving, now)
        return it.session


def _note(it: Situation, seat: Seat, receiving: bool | None, now: datetime) -> None:
    part = seat.part
    if part is None or part.receiving is receiving:
        return
    heard_before = {each.role for each in (it.customer, it.mechanic) if each.is_heard}
    part.receiving, part.receiving_at = receiving, now
    part.save(update_fields=["receiving", "receiving_at"])
    it.listen()
    for each in (it.customer, it.mechanic):
        if each.role in heard_before and not each.is_heard:
            _last_heard(each, now)
    regain(it, now)


def _last_heard(seat: Seat, now: datetime) -> None:
    """Of somebody whose page is closed, being heard was the sign of life."""
    if seat.part and not seat.joined_page:
        seat.part.last_seen_at = now
        seat.part.save(update_fields=["last_seen_at"])


def cease(it: Situation, now: datetime) -> None:
    """There is no call any more: nobody is heard, and nothing is lost."""
    for seat in (it.customer, it.mechanic):
        _note(it, seat, None, now)


def lose(it: Situation, at: datetime) -> None:
    """Both are in, but nothing arrives: the clock has stood still since it ceased to."""
    since = triggers.media_lost_since(it)
    if since is not None:
        fair_clock.lose_media(it.session, since)
        it.session.clock_seq = event_log.append(it.session, "session.paused", at=at, data={"why": fair_clock.MEDIA}).seq


def regain(it: Situation, at: datetime) -> None:
    """Sound and picture are back: the clock goes on."""
    session = it.session
    if session.state in RUNNING and session.pause_cause == fair_clock.MEDIA and triggers.media_lost_since(it) is None:
        fair_clock.resume(session, at)
        session.clock_seq = event_log.append(session, "session.resumed", at=at, data={"why": fair_clock.MEDIA}).seq
