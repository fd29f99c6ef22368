"""A session step by step, with the time passed in: actions of people, and due jobs between them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from autodoctor.accounts.models import User
from autodoctor.job_registry import open_private_requests
from autodoctor.payments.models import Payment
from autodoctor.scheduler.handlers import Handler, Retry
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from autodoctor.sessions.event_data import MessageData, SummaryData
from autodoctor.sessions.jobs.handlers import JOBS
from autodoctor.sessions.lifecycle import endings, extensions, media, questions, releases, transitions
from autodoctor.sessions.lifecycle.summaries import submit_summary
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Connection, Process, Session, SessionEvent
from autodoctor.sessions.record import event_log
from autodoctor.sessions.rules.rule import Tell
from autodoctor.sessions.rules.table import DEADLINES
from autodoctor.sessions.states import EventKind

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CHAT = transitions.PlanTerms(slug="chat", name="Quick Chat", kind="chat", seconds=30 * 60, price_cents=999)


def hold_back(job: Job, now: datetime) -> None:
    """Keep jobs of mail and money in the queue, for tests to read."""
    raise Retry(timedelta(days=3650))


HANDLERS: dict[str, Handler] = (
    {kind: JOBS[kind] for kind in [*DEADLINES, "alert.untaken", "answer.overdue", "request.offer"]}
    | {
        "mechanic.left": Handler(open_private_requests),
    }
    | {
        kind: Handler(hold_back)
        for kind in ("mail.send", "push.send", "payment.capture", "payment.release", "payment.close", "payment.collect")
    }
)

# The count of missed requests concerns neither participant.
TOLD = {rule.kind for rule in DEADLINES.values() if isinstance(rule.does, Tell)} - {"request.missed"}


class Story:
    """`story.now` moves only by `wait`; every deadline on the way fires at its own moment."""

    def __init__(
        self, customer: User, mechanic: User, terms: transitions.PlanTerms = CHAT, *, keep_card: bool = False
    ) -> None:
        self.customer, self.mechanic, self.now = customer, mechanic, NOON
        self.process = Process.objects.create(
            host="test", pid=1, renewed_at=NOON, expires_at=NOON + timedelta(days=365)
        )
        self.id = transitions.create_draft(
            customer=customer,
            terms=terms,
            vehicle={"make": "Volvo"},
            concern="It rattles",
            keep_card=keep_card,
            now=NOON,
        ).id

    @property
    def session(self) -> Session:
        return Session.objects.get(pk=self.id)

    @property
    def payment(self) -> Payment:
        return Payment.objects.get(owner_id=self.id, purpose="booking")

    def wait(self, *, minutes: float = 0, seconds: float = 0) -> "Story":
        until = self.now + timedelta(minutes=minutes, seconds=seconds)
        while (due := self._next_due()) is not None and due <= until:
            self.now = max(self.now, due)
            run_due(self.now)
        self.now = until
        return self

    def outage(self, *, minutes: float) -> "Story":
        """Time passes and nothing runs; then everything overdue does."""
        self.now += timedelta(minutes=minutes)
        run_due(self.now)
        return self

    def _next_due(self) -> datetime | None:
        mine = Job.objects.filter(key=str(self.id), kind__in=DEADLINES, parked_at=None).order_by("due_at")
        return mine.values_list("due_at", flat=True).first()

    def asks_for(self, mechanic: User, *, only: bool = False, minutes: float | None = None) -> "Story":
        """Ask for this mechanic in the intake, until so many minutes from now."""
        until = None if minutes is None else self.now + timedelta(minutes=minutes)
        Session.objects.filter(pk=self.id).update(asked_for=mechanic, asked_only=only, asked_until=until)
        return self

    def releases(self, by: User, reason: str = "other") -> "Story":
        releases.release_request(session_id=self.id, by=by, reason=reason, now=self.now)
        return self

    def pay(self) -> "Story":
        Payment.objects.filter(owner_id=self.id).update(state=Payment.State.AUTHORIZED, authorized_at=self.now)
        transitions.admit_request(session_id=self.id, now=self.now)
        return self

    def accept(self, mechanic: User | None = None) -> "Story":
        transitions.accept_request(session_id=self.id, mechanic=mechanic or self.mechanic, now=self.now)
        return self

    def join(self, *people: User) -> "Story":
        """Let these people join, each from a page that stays open."""
        for person in people or (self.customer, self.mechanic):
            transitions.join_session(session_id=self.id, user=person, now=self.now)
            role = "customer" if person == self.customer else "mechanic"
            Connection.objects.create(
                process=self.process, session_id=self.id, user=person, role=role, joined=True, opened_at=self.now
            )
        return self

    def start(self) -> "Story":
        transitions.start_session(session_id=self.id, by=self.mechanic, now=self.now)
        return self

    def ask(self, minutes: int = 15, cents: int = 1499, *, by: User | None = None) -> Payment:
        """Request an extension, without a payment."""
        terms = extensions.ExtensionTerms(
            name=f"+{minutes} minutes",
            seconds=minutes * 60,
            price_cents=cents,
            currency="usd",
            on_top_of=self.session.granted_seconds,
        )
        payment, _new = extensions.request_extension(
            session_id=self.id,
            by=by or self.customer,
            terms=terms,
            way=extensions.WayToPay("http://localhost/"),
            now=self.now,
        )
        return payment

    def hold(self, payment: Payment) -> "Story":
        """Mark a payment as authorized, without its consequences."""
        Payment.objects.filter(id=payment.id).update(state=Payment.State.AUTHORIZED, authorized_at=self.now)
        return self

    def extend(self, payment: Payment) -> "Story":
        extensions.apply_extension(session_id=self.id, payment_id=payment.id, now=self.now)
        return self

    def cancel_extension(self, payment: Payment) -> "Story":
        extensions.cancel_extension(session_id=self.id, by=self.customer, payment_id=payment.id, now=self.now)
        return self

    def allow(self, minutes: int | None, by: User | None = None) -> "Story":
        seconds = None if minutes is None else minutes * 60
        extensions.set_allowance(session_id=self.id, by=by or self.mechanic, seconds=seconds, now=self.now)
        return self

    def live(self) -> "Story":
        return self.pay().accept().join().connect().start()

    def leave(self, person: User) -> "Story":
        """Close every page of these people."""
        Connection.objects.filter(session_id=self.id, user=person).delete()
        transitions.record_page_closed(session_id=self.id, user_id=person.id, at=self.now, now=self.now)
        return self

    def hears(self, person: User, receiving: bool | None = True) -> "Story":
        """Report from a person's page whether the other side's media arrive."""
        media.report_media(session_id=self.id, by=person, receiving=receiving, now=self.now)
        return self

    def connect(self) -> "Story":
        """Sound and picture go both ways."""
        return self.hears(self.customer).hears(self.mechanic)

    def crash(self) -> "Story":
        """The server process dies; its pages were last alive now."""
        self.process.renewed_at = self.process.expires_at = self.now
        self.process.save()
        self.process = Process.objects.create(
            host="test", pid=2, renewed_at=self.now, expires_at=self.now + timedelta(days=365)
        )
        return self

    def say(self, by: User, *texts: str, audience: str = "both") -> "Story":
        """Write into the chat."""
        to = event_log.Audience(audience)
        with session_transaction(self.id, self.now) as state:
            who = event_log.actor(by, state.session)
            for text in texts:
                data = MessageData(text=text)
                event_log.append_event(
                    state.session, EventKind.MESSAGE_POSTED, at=self.now, by=who, data=data, audience=to
                )
        return self

    def end(self, by: User) -> "Story":
        endings.end_session(session_id=self.id, by=by, now=self.now)
        return self

    def summarize(self) -> "Story":
        """Submit the summary."""
        data = SummaryData(safe="yes", parts=1, photos=0)
        submit_summary(session_id=self.id, by=self.mechanic, now=self.now, data=data)
        return self

    def asks(self, text: str, client_id: UUID | None = None) -> "Story":
        """Ask the free question after the session."""
        questions.ask_question(
            session_id=self.id, by=self.customer, text=text, client_id=client_id or uuid4(), now=self.now
        )
        return self

    def answers(self, text: str, client_id: UUID | None = None) -> "Story":
        questions.answer_question(
            session_id=self.id, by=self.mechanic, text=text, client_id=client_id or uuid4(), now=self.now
        )
        return self

    def cancels(self) -> "Story":
        endings.cancel_session(session_id=self.id, by=self.customer, now=self.now)
        return self

    def events(self, *kinds: str) -> list[SessionEvent]:
        return list(SessionEvent.objects.filter(session_id=self.id, kind__in=kinds).order_by("seq"))

    def rules(self) -> list[str]:
        """The nudges, alerts and warnings so far, in order."""
        told = SessionEvent.objects.filter(session_id=self.id, rule__in=TOLD).order_by("seq")
        return [str(rule) for rule in told.values_list("rule", flat=True)]

    def mails(self) -> list[str]:
        posted = Job.objects.filter(kind="mail.send", key__startswith=str(self.id)).order_by("id")
        return [job.payload["template"].removeprefix("sessions/mail/") for job in posted]

    def minutes_since_noon(self, moment: datetime | None) -> float:
        assert moment is not None
        return (moment - NOON).total_seconds() / 60

    def facts(self) -> dict[str, Any]:
        session = self.session
        return {"state": session.state, "reason": session.end_reason, "due": self.payment.due_cents}
