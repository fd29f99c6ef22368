"""`bin/dev --scenario busy`: demo sessions, made with the product's own actions at times in the past.

Money goes through the payment sandbox, whose clock follows. Running it again keeps existing sessions and makes those
anew that should be running but have ended.
"""

import io
import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import requests
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw

from autodoctor.accounts.models import User
from autodoctor.booking.actions import Intake, book, checkout_url
from autodoctor.booking.management.commands.seed import PASSWORD, PEOPLE, create
from autodoctor.booking.models import Booking, Plan, Vehicle
from autodoctor.conversations import answering, asking
from autodoctor.conversations.messages import Answer
from autodoctor.conversations.models import Conversation
from autodoctor.dev_scenes import CREW, HISTORY, PRESENT, QUESTIONS, RECENT, VISITOR, Asked, GoesOn, Lines, Scene
from autodoctor.legal.pages import CANCELLATION, TERMS
from autodoctor.payments import checkout, payouts
from autodoctor.payments.models import Payment
from autodoctor.room.hub import lease
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.queue import schedule
from autodoctor.sessions.event_data import MessageData
from autodoctor.sessions.lifecycle import attachments, endings, media, questions, rating, substitutes, transitions
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Connection, Process, Session
from autodoctor.sessions.queries.private_requests import Ask
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import TERMINAL, EventKind, Kind, State
from autodoctor.summaries import actions as summaries
from autodoctor.summaries.content import Content
from autodoctor.transcripts import consent, engines, recording
from autodoctor.transcripts import jobs as transcripts
from autodoctor.transcripts.models import Voice
from autodoctor.transcripts.transcribing import Spoken

PAGES_STAY_OPEN = timedelta(days=1)
SECONDS = 10.0  # the limit for an answer of the sandbox
PHOTO_SIZE = (960, 720)
NO_SOUND = b"OggS"  # of a recording whose text is known already


def play_busy(now: datetime) -> int:
    """A queue, running sessions, a transcript, a disputed charge, a history, questions. Returns how many are new.

    The sandbox has to answer at `STRIPE_API_BASE`.
    """
    _control("webhooks", paused=True)  # the server that comes after hears of everything
    try:
        people = _people()
        pages = _open_process(now)
        acts = [_Act(scene, people, pages, now) for scene in (*HISTORY, *RECENT, *PRESENT)]
        played = sum(act.play() for act in acts)
        for asked in QUESTIONS:
            _ask(asked, people, now)
        _set_clock(now)
        _pay_out(people["mechanic"], now)
        run_due(now)
    finally:
        _control("clock", advance_seconds=time.time() - _control("clock", advance_seconds=0)["now"])
        _control("webhooks", paused=False)
    return played


class _Act:
    """Plays a scene from its booking on; `now` is the scene's own time."""

    def __init__(self, scene: Scene, people: dict[str, User], pages: Process, end: datetime) -> None:
        self.scene, self.people, self.pages, self.end = scene, people, pages, end
        self.now = end - timedelta(minutes=scene.minutes_ago)
        self.customer, self.mechanic = people[scene.customer], people.get(scene.mechanic)
        self.asked = people.get(scene.only_for)
        self.session: Session
        self.spoken: transcripts.Said = []

    def play(self) -> bool:
        """Play the scene; return False if it exists already."""
        intake = replace(_intake(self.scene), ask=Ask(self.asked, only=True) if self.asked else None)
        if self.scene.lasted_minutes and Booking.objects.filter(key=intake.key, session__state__in=TERMINAL).exists():
            return False
        self.session = book(customer=self.customer, intake=intake, another=True, now=self.now)
        if self.session.state != State.DRAFT:
            return False
        self._pay()
        if self.mechanic:
            self._begin(self.mechanic)
        if self.mechanic and self.scene.goes_on:
            self._hand_over(self.mechanic, self.scene.goes_on)
        if self.mechanic and self.scene.lasted_minutes:
            self._conclude(self.mechanic)
        if self.mechanic and self.scene.summary:
            self._sum_up(self.mechanic, self.scene.summary)
        return True

    def _pay(self) -> None:
        _set_clock(self.now)
        _press(checkout_url(session=self.session, site=f"{settings.SITE_URL}/", now=self.now), "pay")
        checkout.refresh(payment=self._payment(), now=self.now)
        self._pass(seconds=20)
        photo = SimpleUploadedFile(f"{self.scene.photo}.jpg", _photo(self.scene.photo), "image/jpeg")
        attachments.share_file(session_id=self.session.id, by=self.customer, upload=photo, now=self.now)

    def _begin(self, mechanic: User) -> None:
        _write_pending_summaries(mechanic, self.now)
        self._pass(seconds=70)
        transitions.accept_request(session_id=self.session.id, mechanic=mechanic, now=self.now)
        self._pass(seconds=40)
        for person in (self.customer, mechanic):
            self._come(person)
        transitions.start_session(session_id=self.session.id, by=mechanic, now=self.now)
        self._talk(mechanic, self.scene.lines)
        if self.scene.spoken and engines.is_there():
            self._speak(mechanic, self.scene.spoken)

    def _talk(self, mechanic: User, lines: Lines) -> None:
        for role, text in lines:
            self._pass(seconds=35)
            self._say(mechanic if role == "mechanic" else self.customer, text)

    def _speak(self, mechanic: User, lines: Lines) -> None:
        """Agree to a transcript, and talk."""
        voices = {}
        for person in (self.customer, mechanic):
            consent.agree(session_id=self.session.id, by=person, now=self.now)
            voices[person] = Voice.objects.get(session=self.session, user=person)
        for number, (role, text) in enumerate(lines):
            self._pass(seconds=20)
            person = mechanic if role == "mechanic" else self.customer
            said = recording.Said(uuid5(self.session.id, role), number, self.now, 15)
            recording.take_piece(session_id=self.session.id, by=person, said=said, sound=NO_SOUND, now=self.now)
            self.spoken.append((voices[person], Spoken(self.now, text)))

    def _hand_over(self, mechanic: User, goes_on: GoesOn) -> None:
        self._pass(seconds=60)
        substitutes.ask_for_substitute(session_id=self.session.id, by=mechanic, note=goes_on.note, now=self.now)
        self._leave(mechanic)
        self._pass(seconds=50)
        substitute = self.people[goes_on.mechanic]
        transitions.accept_request(session_id=self.session.id, mechanic=substitute, now=self.now)
        self._pass(seconds=30)
        self._come(substitute)
        self._talk(substitute, goes_on.lines)

    def _come(self, person: User) -> None:
        """Let a person join with a page that stays open; in a call, the page receives media."""
        transitions.join_session(session_id=self.session.id, user=person, now=self.now)
        role = "customer" if person == self.customer else "mechanic"
        Connection.objects.create(
            process=self.pages, session=self.session, user=person, role=role, joined=True, opened_at=self.now
        )
        if self.session.kind != Kind.CHAT:
            media.report_media(session_id=self.session.id, by=person, receiving=True, now=self.now)

    def _leave(self, person: User) -> None:
        """Close the person's pages."""
        ids = list(Connection.objects.filter(session=self.session, user=person).values_list("pk", flat=True))
        lease.close_pages(ids, session_id=self.session.id, user_id=person.id, at=self.now, now=self.now)

    def _say(self, person: User, text: str) -> None:
        with session_transaction(self.session.id, self.now) as state:
            who = event_log.actor(person, state.session)
            client_id = uuid5(self.session.id, text)
            event_log.append_event(
                state.session,
                EventKind.MESSAGE_POSTED,
                at=self.now,
                by=who,
                data=MessageData(text=text),
                client_id=client_id,
            )

    def _conclude(self, mechanic: User) -> None:
        self._pass(seconds=60 * self.scene.lasted_minutes)
        endings.end_session(session_id=self.session.id, by=self.customer, now=self.now)
        transcripts.tell(self.session.id, self.spoken, self.now)
        transcripts.delete_sound(self.session.id)
        for person in (self.customer, mechanic):
            self._leave(person)
        self._pass(seconds=120)

    def _sum_up(self, mechanic: User, summary: Content) -> None:
        rating.rate_session(
            session_id=self.session.id, by=self.customer, stars=self.scene.stars, line=self.scene.praise, now=self.now
        )
        self._pass(seconds=600)
        summaries.submit(session_id=self.session.id, by=mechanic, content=summary, now=self.now)
        self._pass(seconds=600)
        if self.scene.question:
            self._ask(self.scene.question)
        if self.scene.is_disputed:
            self._dispute()

    def _ask(self, question: str) -> None:
        at, client_id = self.now + timedelta(hours=20), uuid5(self.session.id, question)
        questions.ask_question(session_id=self.session.id, by=self.customer, text=question, client_id=client_id, now=at)

    def _dispute(self) -> None:
        payment = self._payment()
        _control("disputes", charge=payment.charge_id, amount=payment.captured_cents)
        checkout.refresh(payment=payment, now=self.now)
        self._pass(seconds=60)

    def _pass(self, *, seconds: float) -> None:
        """Move the scene's time forward, at most to the present, and run the due jobs and webhooks."""
        self.now = min(self.end, self.now + timedelta(seconds=seconds))
        _set_clock(self.now)
        run_due(self.now)

    def _payment(self) -> Payment:
        return Payment.objects.get(owner_id=self.session.id, purpose=Payment.Purpose.BOOKING)


def _ask(scene: Asked, people: dict[str, User], end: datetime) -> None:
    """Ask support outside a session; a question that is there already stays as it is."""
    token = uuid5(NAMESPACE_URL, scene.text)
    if Conversation.objects.filter(client_id=token).exists():
        return
    now = end - timedelta(minutes=scene.minutes_ago)
    question = asking.Question(topic=scene.topic, text=scene.text, client_id=token)
    if scene.asker:
        found = asking.ask(question, by=people[scene.asker], now=now)
    else:
        begun = asking.ask_as_visitor(question, name=VISITOR.name, email=VISITOR.email, now=now)
        found = asking.confirm(conversation_id=begun.id, now=now)
    if scene.answer:
        said = Answer(text=scene.answer)
        answering.answer(conversation_id=found.id, by=people["support"], answer=said, now=now + timedelta(minutes=9))


def _people() -> dict[str, User]:
    """The demo people and the crew of the scenes, by the first part of their address."""
    everybody = {person.email: person for person in (*PEOPLE, *CREW)}
    there = set(User.objects.filter(email__in=everybody).values_list("email", flat=True))
    password_hash = make_password(PASSWORD)
    for email in everybody.keys() - there:
        create(everybody[email], password_hash)
    return {user.email.split("@")[0]: user for user in User.objects.filter(email__in=everybody)}


def _open_process(now: datetime) -> Process:
    """Register a process of another host that holds the scenes' open pages; its lease lapses by itself."""
    until = now + PAGES_STAY_OPEN
    process = Process.objects.create(host="scenario", pid=1, renewed_at=now, expires_at=until)
    schedule(lease.RoomJob.LAPSE, str(process.id), until)
    return process


def _intake(scene: Scene) -> Intake:
    year, make, model, mileage = scene.car
    return Intake(
        plan=Plan.objects.get(slug=scene.plan),
        vehicle=Vehicle(year=year, make=make, model=model, mileage=mileage),
        concern=scene.concern,
        keep_card=False,
        token=uuid5(NAMESPACE_URL, scene.concern),
        trouble_codes=scene.trouble_codes,
        terms=TERMS.version,
        cancellation=CANCELLATION.version,
    )


def _write_pending_summaries(mechanic: User, now: datetime) -> None:
    """Sessions of an earlier run have ended since; who owes a summary for long gets no request."""
    note = Content(findings="As in the chat.", steps="As in the chat.", next_steps="None.", safe="yes", safe_why="")
    owed = Session.objects.filter(mechanic=mechanic, state=State.COMPLETED, summarized_at=None)
    for session_id in owed.values_list("id", flat=True):
        summaries.submit(session_id=session_id, by=mechanic, content=note, now=now)


def _pay_out(mechanic: User, now: datetime) -> None:
    """Give the mechanics payout accounts, so that their earnings are sent."""
    account = payouts.account_of(mechanic)
    if account is None or not account.transfers_enabled:
        back = f"{settings.SITE_URL}/"
        _press(
            payouts.onboarding_page(user=mechanic, country="US", refresh_url=back, return_url=back, now=now), "finish"
        )
        if account := payouts.account_of(mechanic):
            payouts.refresh(account, now)


def _photo(caption: str) -> bytes:
    """Return a photo: a colored plate with its caption."""
    hue = sum(caption.encode()) % 360
    image = Image.new("RGB", PHOTO_SIZE, f"hsl({hue}, 35%, 40%)")
    width, height = PHOTO_SIZE
    pen = ImageDraw.Draw(image)
    pen.ellipse((width / 4, height / 4, width * 3 / 4, height * 3 / 4), outline="white", width=12)
    pen.text((width / 2, height / 2), caption, fill="white", anchor="mm", font_size=48)
    out = io.BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()


def _set_clock(now: datetime) -> None:
    _control("clock", advance_seconds=now.timestamp() - _control("clock", advance_seconds=0)["now"])


def _control(verb: str, **given: Any) -> Any:
    answer = requests.post(f"{settings.STRIPE_API_BASE}/_control/{verb}", json=given, timeout=SECONDS)
    answer.raise_for_status()
    return answer.json()


def _press(page: str, action: str) -> None:
    """A button of one of the sandbox's pages."""
    answer = requests.post(
        page, data={"action": action, "card": "pm_card_visa"}, allow_redirects=False, timeout=SECONDS
    )
    answer.raise_for_status()
