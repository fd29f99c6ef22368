"""The data of events, by kind: what writers give and readers find, as JSON.

`docs/protocol.md` says what of it clients rely on, `event_kinds.py` which kind carries what.
"""

from typing import NotRequired, TypedDict, TypeVar

from autodoctor.conversations.thread_files import EnclosedData
from autodoctor.files.models import FileFacts


class PersonPayload(TypedDict):
    id: str
    name: str


class LostTime(TypedDict):
    """Whole seconds that a running session has lost: the first three were added to the clock again, by cause.

    `not_given_back`: the clock ran although the customer was away, because no pause was left for them.
    """

    mechanic: int
    customer: int
    media: int
    not_given_back: int


class SessionPayload(TypedDict):
    """The session as frames and the API carry it. Times are ISO 8601 in UTC."""

    id: str
    kind: str
    state: str
    granted_seconds: int
    started_at: str | None
    ends_at: str | None
    paused_at: str | None
    lost: LostTime
    hold_until: str | None
    allowed_seconds: int | None
    camera_allowed: bool | None
    ended_at: str | None
    end_reason: str | None
    customer: PersonPayload | None
    mechanic: PersonPayload | None


class EventData(TypedDict):
    """What any event may carry: the session as the event left it. `append_event` adds it to the kinds that carry it."""

    session: NotRequired[SessionPayload]


class ReleaseData(EventData):
    """A mechanic was released: `released` is their id."""

    reason: str
    released: str


class SearchData(EventData):
    """A running session needs another mechanic. `why`: `asked`, `leaves`, `by_support`, `not_in` or `given_back`;
    `left`: the id of who had it.
    """

    why: str
    left: str


class NoteData(EventData):
    """What a mechanic who leaves writes for the next one."""

    text: str


class OpenedData(EventData):
    """A private request was opened to all mechanics. `why`: `time`, `passed`, `away` or `asked_everybody`."""

    why: str


class ClockData(EventData):
    """The clock was paused or resumed. `why` is given unless somebody left or came back."""

    why: NotRequired[str]


class AttendanceData(EventData):
    """Who came or went. `role` is theirs."""

    role: str


class HandoverData(EventData):
    """A phone of one participant, in words: "Chrome on Android"."""

    device: str


class PreflightData(EventData):
    """The result of a device check. `checks` and `network` have the names of docs/protocol.md."""

    mode: str
    checks: dict[str, str]
    network: dict[str, float | None]
    passed: bool


class MessageData(EventData):
    text: str


class Still(TypedDict):
    """The request that a photo answers: its id, who asked, and when (ISO 8601)."""

    id: str
    by: str
    at: str


class FileData(EventData):
    """`still`: of a photo that the mechanic asked the customer's camera for."""

    file: FileFacts
    still: NotRequired[Still]


class StillData(EventData):
    """The mechanic asks for a photo, by a request that lapses at `expires_at`."""

    still_id: str
    expires_at: str


class FailedStillData(EventData):
    """The customer's page could not take the photo. `why`: one of `stills.StillFailure`."""

    still_id: str
    why: str


class AllowanceData(EventData):
    """How much longer the mechanic can stay; None: as long as it takes."""

    seconds: int | None


class Extension(TypedDict):
    """An extension for both participants. `id` is None for free time from support; `stands`: docs/protocol.md."""

    id: str | None
    seconds: int
    stands: str


class ExtensionData(EventData):
    extension: Extension


class SummaryData(EventData):
    """A submitted summary: whether the car is safe to drive, and how much the summary holds."""

    safe: str
    parts: int
    photos: int


class RatingData(EventData):
    stars: int
    line: str


class QuestionData(EventData):
    """The customer's free question after the session, or the mechanic's answer."""

    text: str


class FollowUpData(EventData):
    """Whether the repair held. `by_link`: given from the mail, without a sign-in."""

    answer: str
    by_link: bool


class StoppedTranscriptData(EventData):
    """`was_on`: both had agreed, and something may have been recorded. `erased`: it was deleted."""

    was_on: bool
    erased: bool


class TranscriptData(EventData):
    """How many lines were understood."""

    lines: int


class PaymentData(EventData):
    """`owner_id` is the session's id."""

    owner_id: str
    purpose: str
    payment_id: str


class RefundData(PaymentData):
    refund_id: str


class DisputeData(PaymentData):
    dispute_id: str
    outcome: str
    amount_cents: int
    currency: str
    reason: str


class DebtData(PaymentData):
    """A mechanic owes what they were sent of this charge: their account has too little to take it back."""

    mechanic_id: str
    amount_cents: int
    currency: str


class StandstillData(PaymentData):
    """Money that stands still. `what` is one of `payments.standstills.What`, `since` ISO 8601."""

    what: str
    amount_cents: int
    currency: str
    since: str


class SolvedData(EventData):
    solved: bool


class ReceiptData(EventData):
    held_cents: int
    charged_cents: int


class RuleData(EventData):
    """What every nudge, alert and warning carries of its rule. `minutes` since the trigger, negative before it."""

    rule: str
    minutes: float
    session_id: str
    mechanic: str | None
    customer: str
    seconds_left: NotRequired[float]  # of a warning


class SoundData(EventData):
    """Beside its rule's data: the page of the nudged person sounds."""

    sound: bool


class MissedData(EventData):
    """Beside its rule's data: ids of mechanics who did not accept, and of those switched off (`concerns` them)."""

    missed: list[str]
    switched_off: list[str]
    concerns: list[str]


class ParkedJobData(EventData):
    """Beside its rule's data: the kind of the job, and the mail or the payment that it was about."""

    kind: str
    template: NotRequired[str]
    payment_id: NotRequired[str]


class HelpAlertData(EventData):
    """Beside its rule's data: the topic, who asks, and the `seq` of the question."""

    reason: str
    role: str
    seq: int


class HelpQuestionData(EventData, EnclosedData):
    reason: str
    text: str


class HelpAnswerData(EventData):
    """`concerns`: ids of those whose lists are told."""

    text: str
    concerns: list[str]


class AlertData(EventData):
    """What is done about an alert: its `seq`, and its rule."""

    alert: int
    rule: str


class TakenAlertData(AlertData):
    """`instead_of`: the name of who had it before."""

    instead_of: str


class DoneAlertData(AlertData):
    note: str


class SupportData(EventData):
    """An act of support, with its reason."""

    reason: str


class AssignmentData(SupportData):
    """`mechanic` is a name."""

    mechanic: str


class GiftData(SupportData):
    seconds: int


class SupportRefundData(SupportData):
    refund_id: str
    payment_id: str
    amount_cents: int
    borne_by: str
    currency: str


class BanData(SupportData):
    """`person` is the id of who was banned."""

    person: str
    name: str


class FailedJobData(SupportData):
    """A failed job that was tried again or dismissed."""

    kind: str
    key: str
    error: str


D = TypeVar("D", bound=EventData)


def joined(*parts: EventData) -> EventData:
    """Return one event's data out of several parts."""
    found = EventData()
    for part in parts:
        found.update(part)
    return found
