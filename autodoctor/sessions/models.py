"""Models of the paid session: the session, its events, participants and connections."""

import uuid
from datetime import datetime
from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.fields.json import KT
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.models import User
from autodoctor.core.folded_columns import FoldedColumns, FoldedField, FoldingQuerySet
from autodoctor.core.folding import folded
from autodoctor.sessions.columns import LostTimeColumns
from autodoctor.sessions.event_data import D, EventData, PersonPayload, SessionPayload
from autodoctor.sessions.event_kinds import EVENT_DATA
from autodoctor.sessions.states import CLAIMED, OPEN, EndReason, EventKind, FollowUp, Kind, State
from autodoctor.skills.models import Skill


# What is searched: each word behind a space.
def _vehicle_words(session: "Session") -> str:
    names = (folded(str(session.vehicle.get(name) or "")) for name in ("make", "model"))
    return "".join(f" {name}" for name in names if name)


def _trouble_code_words(session: "Session") -> str:
    return "".join(f" {code.lower()}" for code in session.named_codes)


QUESTION_OPEN = models.Q(question_at__isnull=False, question_over_at=None)
UNPAID = models.Q(state="cancelled", requested_at=None)
CHAT_UNREAD = models.Q(trouble_codes_said__isnull=True, requested_at__isnull=False, ended_at__isnull=False)


class Session(LostTimeColumns, FoldedColumns):
    """One row for the request and the session it becomes. Changed only inside `session_transaction`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    state = models.CharField(max_length=12, choices=State, default=State.DRAFT)
    customer = models.ForeignKey(User, models.PROTECT, related_name="sessions_as_customer")
    mechanic = models.ForeignKey(User, models.PROTECT, related_name="sessions_as_mechanic", null=True, blank=True)

    # Copied at booking: a later change of plan or vehicle leaves this session as it was sold.
    plan_slug = models.CharField(max_length=40)
    plan_name = models.CharField(max_length=80)
    price_cents = models.PositiveIntegerField()
    # Of a call: what it costs, and how long it lasts, once it is a chat. None: no chat is sold.
    chat_price_cents = models.PositiveIntegerField(null=True, blank=True)
    chat_seconds = models.PositiveIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, default="usd")
    granted_seconds = models.PositiveIntegerField()
    vehicle = models.JSONField(default=dict)  # vin, year, make, model, mileage
    vehicle_search = FoldedField(of=("vehicle",), words=_vehicle_words)
    concern = models.TextField(max_length=2000)
    trouble_codes_typed = models.CharField(max_length=500, blank=True)  # in the customer's own words
    trouble_codes = models.JSONField(default=list)  # those found in it, such as "P0301" and "U0100-00"
    trouble_codes_said = models.JSONField(null=True, blank=True)  # those of the chat; null: it is not read yet
    trouble_code_search = FoldedField(of=("trouble_codes", "trouble_codes_said"), words=_trouble_code_words)
    intake_token = models.UUIDField(null=True, blank=True)  # of the form: a photo kept on the device is sent under it
    waiver_at = models.DateTimeField()
    keep_card = models.BooleanField(default=False)
    # Whom the customer asked for; whether nobody else may have the request; until when it was to be theirs alone, as
    # the customer picked it (None: as long as the rules say).
    asked_for = models.ForeignKey(User, models.PROTECT, related_name="+", null=True, blank=True)
    asked_only = models.BooleanField(default=False)
    asked_until = models.DateTimeField(null=True, blank=True)

    # The log: `seq` is the last event's, `state_seq` that of the event that entered the state,
    # `clock_seq` that of the event that last moved `ends_at`.
    seq = models.PositiveIntegerField(default=0)
    state_seq = models.PositiveIntegerField(default=0)
    clock_seq = models.PositiveIntegerField(default=0)
    state_at = models.DateTimeField()
    # The last event that is no message, and when it was written: lists that have not heard of it find it by these.
    changed_seq = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(null=True, db_index=True)

    created_at = models.DateTimeField()
    payable_until = models.DateTimeField()  # the latest Checkout expires then
    requested_at = models.DateTimeField(null=True, blank=True)
    unattended_at = models.DateTimeField(null=True, blank=True)  # expires if no mechanic has accepted by then
    private_until = models.DateTimeField(null=True, blank=True)  # nobody but `asked_for` ever sees it; None: all do
    opened_at = models.DateTimeField(null=True, blank=True)  # a private request was opened to all
    released_at = models.DateTimeField(null=True, blank=True)  # back to the front of the queue
    accepted_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    clock_at = models.DateTimeField(null=True, blank=True)  # the time of the last change of `ends_at`
    extended_at = models.DateTimeField(null=True, blank=True)  # the time of the last extension
    hold_until = models.DateTimeField(null=True, blank=True)  # an extension is being paid
    # Seconds that the mechanic can still stay, less extensions since then; None: no limit was given.
    allowed_seconds = models.PositiveIntegerField(null=True, blank=True)
    # Whether `camera_answer_to`, a mechanic, may use the customer's camera. Another mechanic has to ask anew.
    camera_answer = models.BooleanField(null=True, blank=True)
    camera_answer_to = models.UUIDField(null=True, blank=True)
    still_until = models.DateTimeField(null=True, blank=True)  # a photo is asked for, and awaited until then
    stills_asked = models.PositiveSmallIntegerField(default=0)
    paused_at = models.DateTimeField(null=True, blank=True)
    pause_cause = models.CharField(max_length=10, blank=True)
    search_at = models.DateTimeField(null=True, blank=True)  # another mechanic is looked for since then, and not here
    handed_over = models.BooleanField(default=False)  # to another mechanic, while it was running
    handover_note = models.CharField(max_length=500, blank=True)  # of the mechanic who left, for the next one
    mechanic_drops = models.PositiveSmallIntegerField(default=0)  # while the session was running
    used_share_from = models.DateTimeField(null=True, blank=True)  # the customer may end and pay the used share
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=30, choices=EndReason, blank=True)
    ended_by_role = models.CharField(max_length=10, blank=True)  # who pressed; empty: nobody did
    solved = models.BooleanField(null=True, blank=True)  # the customer's answer when the mechanic ended early
    summarized_at = models.DateTimeField(null=True, blank=True)  # the written summary was submitted
    stars = models.PositiveSmallIntegerField(null=True, blank=True)  # the customer's rating of the mechanic, 1 to 5
    rating_line = models.CharField(max_length=200, blank=True)
    rated_at = models.DateTimeField(null=True, blank=True)
    question_at = models.DateTimeField(null=True, blank=True)  # the customer asked their free question
    question_over_at = models.DateTimeField(null=True, blank=True)  # it was answered, or closed by its deadline
    follow_up = models.CharField(max_length=7, choices=FollowUp, blank=True)  # the customer's last answer
    follow_up_at = models.DateTimeField(null=True, blank=True)
    recorded_at = models.DateTimeField(null=True, blank=True)  # both agreed for the first time to a transcript

    # Out of the vehicle, so that support finds a session by it. Written by the database.
    vin = models.GeneratedField(
        expression=Upper(KT("vehicle__vin")), output_field=models.TextField(), db_persist=True, db_index=True
    )

    objects = models.Manager.from_queryset(FoldingQuerySet)()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["mechanic"], condition=models.Q(state__in=CLAIMED), name="one_claimed_session_per_mechanic"
            )
        ]
        indexes = [
            models.Index(fields=["state", "requested_at"], name="session_queue"),
            models.Index(fields=["-requested_at"], name="session_by_request"),
            # With the state, so that a person's sessions in some states are counted by the index alone.
            models.Index(fields=["customer", "-created_at", "state"], name="session_of_customer"),
            models.Index(fields=["mechanic", "-created_at", "state"], name="session_of_mechanic"),
            models.Index(fields=["customer"], condition=models.Q(state__in=sorted(OPEN)), name="session_open"),
            models.Index(
                fields=["customer"],
                condition=models.Q(end_reason=EndReason.ENDED_BY_MECHANIC, solved=None),
                name="session_unanswered",
            ),
            models.Index(fields=["mechanic", "stars"], condition=models.Q(stars__isnull=False), name="session_rated"),
            models.Index(fields=["-created_at"], name="session_newest"),
            models.Index(fields=["ended_at"], name="session_by_end"),
            GinIndex(fields=["vehicle_search"], opclasses=["gin_trgm_ops"], name="session_by_vehicle"),
            GinIndex(fields=["trouble_code_search"], opclasses=["gin_trgm_ops"], name="session_by_trouble_code"),
            models.Index(fields=["ended_at"], condition=UNPAID, name="session_unpaid"),
            models.Index(fields=["ended_at"], condition=CHAT_UNREAD, name="session_chat_unread"),
            # Most are written: an index of those that are not, and of those that were written lately.
            models.Index(fields=["summarized_at"], condition=models.Q(state="completed"), name="session_by_summary"),
            models.Index(fields=["mechanic"], condition=QUESTION_OPEN, name="session_question_open"),
            models.Index(
                fields=["mechanic", "ended_at"],
                condition=models.Q(state="completed", summarized_at=None),
                name="session_unwritten",
            ),
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fresh_events: list[SessionEvent] = []  # appended in the open transaction, not yet announced

    def __str__(self) -> str:
        return f"{self.plan_name} {self.id}"

    @property
    def vehicle_words(self) -> str:
        """Return the vehicle in words, "2014 Volvo V60", as far as it is known."""
        return " ".join(str(part) for name in ("year", "make", "model") if (part := self.vehicle.get(name)))

    @property
    def named_codes(self) -> list[str]:
        """Return the trouble codes of the intake, then those of the chat once it is read, each once."""
        return list(dict.fromkeys([*self.trouble_codes, *(self.trouble_codes_said or ())]))

    @property
    def is_private(self) -> bool:
        """Whether this request waits for the one mechanic whom the customer asked for."""
        return self.state == State.REQUESTED and self.private_until is not None

    def is_hidden_from(self, mechanic: User) -> bool:
        """Whether this request never came before this mechanic: it is private to another, or was until it was over."""
        return self.private_until is not None and self.asked_for_id != mechanic.id

    @property
    def asks_solved(self) -> bool:
        """Whether the mechanic ended early and the customer has not answered yet."""
        return self.end_reason == EndReason.ENDED_BY_MECHANIC and self.solved is None

    @property
    def camera_allowed(self) -> bool | None:
        """Return whether the mechanic may use the customer's camera; None: this customer has not answered them."""
        is_answered = self.mechanic_id is not None and self.camera_answer_to == self.mechanic_id
        return self.camera_answer if is_answered else None

    def payload(self) -> SessionPayload:
        """Return the session as frames and the API carry it."""
        return SessionPayload(
            id=str(self.id),
            kind=self.kind,
            state=self.state,
            granted_seconds=self.granted_seconds,
            started_at=stamp(self.started_at),
            ends_at=stamp(self.ends_at),
            paused_at=stamp(self.paused_at),
            lost=self.lost,
            hold_until=stamp(self.hold_until),
            allowed_seconds=self.allowed_seconds,
            camera_allowed=self.camera_allowed,
            ended_at=stamp(self.ended_at),
            end_reason=self.end_reason or None,
            customer=_person(self.customer),
            mechanic=_person(self.mechanic),
        )


def _person(user: User | None) -> PersonPayload | None:
    return None if user is None else PersonPayload(id=str(user.id), name=user.name)


def stamp(moment: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC with milliseconds, the format of every frame and answer."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


class NeededSkill(models.Model):
    """A make or system that a request is about, written when it was booked."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="needed_skills", db_index=False)
    skill = models.ForeignKey(Skill, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "skill"], name="one_row_per_needed_skill")]

    def __str__(self) -> str:
        return f"{self.session_id} needs {self.skill_id}"


class SessionEvent(models.Model):
    """An event of a session, numbered without gaps. Written only by `event_log` and the message writer."""

    class Audience(models.TextChoices):
        BOTH = "both", _("Both")
        CUSTOMER = "customer", _("Customer")
        MECHANIC = "mechanic", _("Mechanic")
        SUPPORT = "support", _("Support")

    pk = models.CompositePrimaryKey("session_id", "seq")
    session = models.ForeignKey(Session, models.CASCADE, related_name="events", db_index=False)
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=40)
    at = models.DateTimeField()
    audience = models.CharField(max_length=10, choices=Audience, default=Audience.BOTH)
    actor_id = models.UUIDField(null=True)
    actor_role = models.CharField(max_length=10, blank=True)
    actor_name = models.CharField(max_length=80, blank=True)
    client_id = models.UUIDField(null=True)
    # A nudge or alert fires once per rule and occasion (the `seq` of the event that gave rise to it).
    rule = models.CharField(max_length=40, null=True)  # noqa: DJ001 null is what most rows are: not by any rule
    occasion = models.PositiveIntegerField(null=True)
    data = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session", "client_id"],
                condition=models.Q(client_id__isnull=False),
                name="one_event_per_client_id",
            ),
            models.UniqueConstraint(
                fields=["session", "rule", "occasion"],
                condition=models.Q(rule__isnull=False),
                name="one_event_per_rule_and_occasion",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"

    def data_as(self, shape: type[D]) -> D:
        """Return the data as the event's kind declares it. Raises `TypeError` for a shape that this kind has not."""
        if shape is not EventData and shape not in EVENT_DATA[EventKind(self.kind)]:
            raise TypeError(f"{self.kind} carries no {shape.__name__}")
        found: D = self.data
        return found


class Alert(models.Model):
    """An alert that support works on. Derived from the log's `alert.support` events, written in their transaction."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="alerts")
    seq = models.PositiveIntegerField()  # the event's
    rule = models.CharField(max_length=60)
    occasion = models.PositiveIntegerField(null=True)
    facts = models.JSONField(default=dict)
    raised_at = models.DateTimeField()
    taken_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True)
    taken_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)  # the time of the escalation to all of support
    answered_at = models.DateTimeField(null=True)  # of a question: support's answer
    reminded_at = models.DateTimeField(null=True)  # of a question: the answer was late, all of support got a mail
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "seq"], name="one_alert_per_event")]
        indexes = [models.Index(fields=["raised_at"], condition=models.Q(done_at=None), name="alerts_to_work_on")]

    def __str__(self) -> str:
        return f"{self.rule} of {self.session_id}"


class Participant(models.Model):
    """A person's part in a session. A released mechanic keeps the row, with the reason."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="participants")
    user = models.ForeignKey(User, models.PROTECT, related_name="participations")
    role = models.CharField(max_length=10)
    joined_at = models.DateTimeField(null=True)  # the first time
    joins = models.PositiveIntegerField(default=0)  # by any of their pages; the last one to join has the call
    in_since = models.DateTimeField(null=True)  # when they came in; null while they are not
    in_seconds = models.FloatField(default=0)  # of earlier times in
    present = models.BooleanField(default=False)  # joined and not noticed missing
    last_seen_at = models.DateTimeField(null=True)  # the time when the last page closed
    missed_at = models.DateTimeField(null=True)  # the time when the absence was noticed
    released_at = models.DateTimeField(null=True)
    release_reason = models.CharField(max_length=40, blank=True)
    handed_over_at = models.DateTimeField(null=True)  # a mechanic left the running session for another one
    carried_seconds = models.PositiveIntegerField(default=0)  # of its time, that had run with them then
    released_by = models.CharField(max_length=10, blank=True)  # the role; empty: a deadline
    receiving = models.BooleanField(null=True)  # the other side's media arrive here; null: nothing was said of it
    receiving_at = models.DateTimeField(null=True)  # since when
    receiving_join = models.PositiveIntegerField(default=0)  # with which join the page that last spoke of it had come
    failing_since = models.DateTimeField(null=True)  # since when every device check has failed

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "user"], name="one_part_per_person")]
        indexes = [
            models.Index(fields=["released_at"], condition=models.Q(released_at__isnull=False), name="part_given_back")
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.session_id}"


class Process(models.Model):
    """A server process and its lease. Its connections count while the lease is renewed.

    `identity` names the process; host and number only help a person who looks for it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    identity = models.CharField(max_length=16, blank=True)
    host = models.CharField(max_length=120)
    pid = models.PositiveIntegerField()
    renewed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    awaited_until = models.DateTimeField(null=True)  # it has gone: its people count as missing from then on

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"


class Connection(models.Model):
    """An open page of a person in a session."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    process = models.ForeignKey(Process, models.CASCADE, related_name="connections")
    session = models.ForeignKey(Session, models.CASCADE, related_name="connections")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    role = models.CharField(max_length=10)
    joined = models.BooleanField(default=False)
    is_phone = models.BooleanField(default=False, db_default=False)  # one that the session was handed to
    page = models.CharField(max_length=64, blank=True, db_default="")  # the client's id of it, kept over reconnects
    attempt = models.PositiveIntegerField(default=0, db_default=0)  # which of its connections, as the client counts
    opened_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.role} in {self.session_id}"


class RuleTime(models.Model):
    """The wait of one rule as support changed it. Without seconds the default from the settings applies."""

    name = models.CharField(_("time"), max_length=40, primary_key=True)
    seconds = models.PositiveIntegerField(_("seconds"), null=True, blank=True)

    class Meta:
        verbose_name = _("wait of a rule")
        verbose_name_plural = _("waits of the rules")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
