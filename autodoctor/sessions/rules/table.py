"""The table of rules, one row per rule: words, states, trigger, waiting time with bounds, and action.

`rule.py` defines the parts of a row and `triggers.py` the triggers; `jobs/handlers.py` runs the actions, and `notify`
sends the words. CONTRIBUTING.md shows how to add a row.
"""

from datetime import timedelta

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.models import Role
from autodoctor.core import links
from autodoctor.core.deadlines import name_problem
from autodoctor.sessions.event_data import EventData, SoundData
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.rules import triggers
from autodoctor.sessions.rules.durations import WAITS, Wait
from autodoctor.sessions.rules.rule import (
    CancelUnstarted,
    Channel,
    CompleteSession,
    EndPrivacy,
    Notice,
    ReleaseMechanic,
    Rule,
    Step,
    Tell,
    Wanted,
    always_wanted,
)
from autodoctor.sessions.states import BEFORE_START, RUNNING, EndReason, EventKind, State

Audience = SessionEvent.Audience
MINUTE, HOUR, DAY = 60, 60 * 60, 24 * 60 * 60
A_DAY = timedelta(days=1)


def _state(session: Session) -> int:
    return session.state_seq


def _clock(session: Session) -> int:
    return session.clock_seq


def _ever(session: Session) -> int:
    return 0


def alert() -> Tell:
    return Tell(EventKind.ALERT_SUPPORT, Audience.SUPPORT, (Channel.DESK,))


def nudge(
    role: Role,
    *,
    mail: str = "",
    push: Notice | None = None,
    call: Promise | None = None,
    data: EventData | None = None,
    wanted: Wanted = always_wanted,
) -> Tell:
    """Tell one of the two, on the page, on their devices, and by mail where a template is named."""
    channels = (Channel.PAGE, Channel.MAIL) if mail else (Channel.PAGE,)
    kind, facts = EventKind(f"nudge.{role}"), data or EventData()
    return Tell(kind, Audience(role), channels, mail, facts, push=push, call=call, wanted=wanted)


MECHANIC_WAITS = Notice(
    Role.CUSTOMER,
    _("%(mechanic)s is waiting for you"),
    _("Come back to your session. The clock has not started."),
)
_SUMMARY_DUE = Notice(
    Role.MECHANIC,
    _("A summary is due"),
    _("%(customer)s is waiting for the summary."),
    lasts=A_DAY,
    urgent=False,
    about="summary",
    page=links.summary_page,
)
QUESTION_WAITS = Notice(
    Role.MECHANIC,
    _("%(customer)s has a question"),
    _("One question after the session is free. Answer it before it is closed."),
    lasts=A_DAY,
    urgent=False,
    about="question",
    page=links.question_page,
)
_COME_TO_MECHANIC = nudge(
    Role.CUSTOMER, mail="customer_nudge", push=MECHANIC_WAITS, call=_("Your mechanic is waiting for you")
)
_CUSTOMER_WAITS, _UNWRITTEN = _("Your customer is waiting for you"), _("The summary is not written yet")
_WARN = Tell(EventKind.SESSION_WARNED, Audience.BOTH, (Channel.PAGE,))

DRAFT, REQUESTED, ACCEPTED = frozenset({State.DRAFT}), frozenset({State.REQUESTED}), frozenset({State.ACCEPTED})
WAITING, LIVE, RECONNECTING = frozenset({State.WAITING}), frozenset({State.LIVE}), frozenset({State.RECONNECTING})
HANDING_OVER = frozenset({State.HANDING_OVER})
COMPLETED, TOGETHER = frozenset({State.COMPLETED}), ACCEPTED | WAITING | RUNNING
ELSEWHERE: frozenset[State] = frozenset()  # no deadline: told from elsewhere when it happens

_MISSING = Wait("missing_grace", 5)  # sockets use this time, too, so support cannot change it

# A hold on a card lasts as long as its bank says, mostly seven days (`Payment.capture_before`): questions before the
# charge must end well before that.
# fmt: off
_TABLE = (
    # Requests in the queue
    Rule("session.unpaid", _("Booking not paid"), DRAFT, triggers.PAYABLE,
         Wait("unpaid_grace", 5 * MINUTE, least=MINUTE, most=HOUR),
         CancelUnstarted(State.CANCELLED, EndReason.UNPAID), State.CANCELLED, certain=True, fixed=True),
    Rule("request.private_over", _("The mechanic who was asked for did not accept"), REQUESTED, triggers.PRIVATE, None,
         EndPrivacy(),
         counted=(Wait("private_free", 2 * MINUTE, least=30, most=10 * MINUTE, before="private_longest"),
                  Wait("private_longest", 30 * MINUTE, least=5 * MINUTE, most=HOUR, before="never_started"))),
    Rule("request.unnoticed", _("No mechanic has accepted yet"), REQUESTED, triggers.IN_STATE,
         Wait("unnoticed", 3 * MINUTE, least=30, most=HOUR, before="offer_stop"),
         alert(), once_per=_state),
    Rule("request.missed", _("Available mechanics did not accept"), REQUESTED, triggers.QUEUED,
         Wait("request_missed", 3 * MINUTE, least=30, most=HOUR),
         Tell(EventKind.REQUEST_MISSED, Audience.SUPPORT, (Channel.DESK, Channel.PAGE, Channel.MAIL),
              step=Step.COUNT_MISSED_REQUEST), once_per=_ever),
    Rule("request.offer_stop", _("The customer is asked whether to keep waiting"), REQUESTED, triggers.IN_STATE,
         Wait("offer_stop", 10 * MINUTE, least=MINUTE, most=HOUR, before="unattended"),
         nudge(Role.CUSTOMER, mail="offer_stop", call=_("Still looking for a mechanic: keep waiting?"),
               push=Notice(Role.CUSTOMER, _("Still looking for a mechanic"),
                           _("You can keep waiting, or cancel."))), once_per=_state),
    Rule("request.unattended", _("No mechanic accepted in time"), REQUESTED, triggers.UNATTENDED, None,
         CancelUnstarted(State.EXPIRED, EndReason.UNATTENDED), State.EXPIRED, certain=True,
         counted=(Wait("unattended", 20 * MINUTE, least=2 * MINUTE, most=3 * HOUR, before="never_started"),
                  Wait("unattended_after_release", 10 * MINUTE, least=2 * MINUTE, most=3 * HOUR))),
    Rule("session.never_started", _("The session did not start in time"), BEFORE_START, triggers.PAID,
         Wait("never_started", 45 * MINUTE, least=5 * MINUTE, most=6 * HOUR),
         CancelUnstarted(State.EXPIRED, EndReason.NEVER_STARTED), State.EXPIRED, certain=True, fixed=True),
    # Gathering
    Rule("mechanic.nudge", _("The mechanic has not joined"), ACCEPTED, triggers.MECHANIC_NOT_IN,
         Wait("mechanic_nudge", 3 * MINUTE, least=30, most=HOUR, before="mechanic_absent"),
         nudge(Role.MECHANIC, mail="mechanic_nudge", call=_CUSTOMER_WAITS,
               push=Notice(Role.MECHANIC, _("Your customer is waiting"),
                           _("Join now, or the request goes to another mechanic."))), once_per=_state),
    Rule("mechanic.absent", _("The mechanic’s page is closed"), ACCEPTED, triggers.MECHANIC_AWAY,
         Wait("mechanic_absent", 5 * MINUTE, least=MINUTE, most=HOUR, before="mechanic_not_in"),
         ReleaseMechanic("mechanic_absent"), State.REQUESTED),
    Rule("mechanic.not_in", _("The mechanic never joined"), ACCEPTED, triggers.MECHANIC_NOT_IN,
         Wait("mechanic_not_in", 10 * MINUTE, least=MINUTE, most=HOUR, before="never_started"),
         ReleaseMechanic("mechanic_not_in"), State.REQUESTED),
    Rule("customer.nudge", _("The customer is away"), ACCEPTED, triggers.CUSTOMER_AWAY,
         Wait("customer_nudge", 2 * MINUTE, least=30, most=HOUR, before="customer_second_nudge"),
         _COME_TO_MECHANIC, once_per=_state),
    Rule("customer.second_nudge", _("The customer is still away"), ACCEPTED, triggers.CUSTOMER_AWAY,
         Wait("customer_second_nudge", 5 * MINUTE, least=MINUTE, most=HOUR, before="customer_no_show"),
         _COME_TO_MECHANIC, once_per=_state),
    Rule("customer.no_show", _("The customer did not join"), ACCEPTED, triggers.NO_SHOW,
         Wait("customer_no_show", 10 * MINUTE, least=2 * MINUTE, most=HOUR, before="never_started"),
         CancelUnstarted(State.EXPIRED, EndReason.CUSTOMER_NO_SHOW), State.EXPIRED,
         counted=(Wait("mechanic_time_spent", 2 * MINUTE, least=30, most=HOUR),)),
    Rule("preflight.failing", _("A device check keeps failing"), ACCEPTED | WAITING, triggers.PREFLIGHT_FAILING,
         Wait("preflight_failing", 3 * MINUTE, least=30, most=HOUR), alert(), once_per=_state),
    Rule("start.sound", _("Both are in: the mechanic’s page sounds"), WAITING, triggers.IN_STATE,
         Wait("start_sound", MINUTE, least=10, most=HOUR, before="start_alert"),
         nudge(Role.MECHANIC, data=SoundData(sound=True), call=_CUSTOMER_WAITS,
               push=Notice(Role.MECHANIC, _("You are both here"),
                           _("Your customer is waiting for you to start the session."))), once_per=_state),
    Rule("start.alert", _("Both are in, but the session does not start"), WAITING, triggers.IN_STATE,
         Wait("start_alert", 2 * MINUTE, least=30, most=HOUR, before="start_release"),
         alert(), once_per=_state),
    Rule("start.release", _("Both were in, but the mechanic did not start"), WAITING, triggers.IN_STATE,
         Wait("start_release", 10 * MINUTE, least=MINUTE, most=HOUR, before="never_started"),
         Step.RELEASE_UNSTARTED, State.REQUESTED, certain=True),
    # Together
    Rule("mechanic.missing", _("The mechanic is missing"), TOGETHER, triggers.MECHANIC_GONE, _MISSING,
         Step.RECORD_MECHANIC_MISSING),
    Rule("customer.missing", _("The customer is missing"), TOGETHER, triggers.CUSTOMER_GONE, _MISSING,
         Step.RECORD_CUSTOMER_MISSING),
    Rule("media.lost", _("Lost sound and picture pause the clock"), LIVE, triggers.MEDIA_LOST,
         Wait("media_lost", 10, least=5, most=2 * MINUTE, before="media_alert"), Step.RECORD_MEDIA_LOST),
    Rule("media.none", _("No sound and picture"), LIVE, triggers.NO_MEDIA,
         Wait("media_alert", 30, least=10, most=10 * MINUTE), alert(), once_per=_clock),
    Rule("drop.second", _("The connection was lost twice"), RUNNING, triggers.SECOND_DROP, None,
         alert(), once_per=_ever),
    Rule("card.declined_twice", _("The card was declined twice"), RUNNING, triggers.SECOND_DECLINE, None,
         alert(), once_per=_ever),
    Rule("session.warn_first", _("The time is almost up"), RUNNING, triggers.ENDS,
         Wait("warn_first", 5 * MINUTE, least=MINUTE, most=15 * MINUTE),
         _WARN, ahead=True, once_per=_clock),
    Rule("session.warn_last", _("The time is up in a moment"), RUNNING, triggers.ENDS,
         Wait("warn_last", MINUTE, least=10, most=5 * MINUTE, before="warn_first"),
         _WARN, ahead=True, once_per=_clock),
    Rule("session.time_up", _("The time is up"), RUNNING, triggers.TIME_UP, None, Step.END_AT_TIME_UP, State.COMPLETED,
         counted=(Wait("extension_hold", 2 * MINUTE, least=30, most=10 * MINUTE),)),
    Rule("session.cap", _("The maximum length is reached"), RUNNING, triggers.STARTED,
         Wait("cap", 3 * HOUR, least=HOUR, most=3 * HOUR),
         CompleteSession(EndReason.EXCEEDED_CAP), State.COMPLETED, certain=True, fixed=True),
    Rule("clock.pause_spent", _("The clock is running again"), RUNNING, triggers.PAUSE_SPENT, None,
         Step.END_SPENT_PAUSE, counted=(Wait("lenient_pause", 3 * MINUTE, least=MINUTE, most=30 * MINUTE),)),
    Rule("mechanic.lost_offer", _("The customer can end: the mechanic is missing"), RECONNECTING,
         triggers.USED_SHARE_OFFER,
         Wait("mechanic_missing_offer", MINUTE, least=10, most=30 * MINUTE, before="mechanic_lost"),
         nudge(Role.CUSTOMER, call=_("Your mechanic is still away: keep waiting?"),
               push=Notice(Role.CUSTOMER, _("Your mechanic has lost the connection"),
                           _("The clock is paused. You can wait, find another mechanic, or end the session."))),
         once_per=_state),
    Rule("mechanic.lost", _("The mechanic did not come back"), RECONNECTING, triggers.MECHANIC_LOST,
         Wait("mechanic_lost", 5 * MINUTE, least=MINUTE, most=HOUR),
         CompleteSession(EndReason.MECHANIC_LOST), State.COMPLETED),
    # Another mechanic goes on
    Rule("substitute.needed", _("A running session needs another mechanic"), HANDING_OVER, triggers.IN_STATE, None,
         alert(), once_per=_state),
    Rule("substitute.not_in", _("The mechanic who took over did not join"), RECONNECTING, triggers.SUBSTITUTE_NOT_IN,
         Wait("substitute_not_in", 2 * MINUTE, least=30, most=10 * MINUTE, before="handing_over"),
         Step.SEARCH_AGAIN, State.HANDING_OVER),
    Rule("substitute.none", _("No other mechanic took over"), HANDING_OVER, triggers.SEARCH,
         Wait("handing_over", 10 * MINUTE, least=2 * MINUTE, most=HOUR),
         CompleteSession(EndReason.MECHANIC_LOST), State.COMPLETED, certain=True),
    Rule("customer.lost_offer", _("The mechanic can end: the customer is missing"), RECONNECTING,
         triggers.CUSTOMER_LOST,
         Wait("customer_missing_offer", 10 * MINUTE, least=MINUTE, most=HOUR),
         nudge(Role.MECHANIC, call=_("Your customer is still away: you can end the session")), once_per=_state),
    # Afterwards
    Rule("session.ended_early", _("The mechanic ended early"), COMPLETED, triggers.ENDED_EARLY, None,
         alert(), once_per=_state),
    Rule("session.solved", _("No answer counts as solved"), COMPLETED, triggers.UNANSWERED,
         Wait("solved_answer", DAY, least=HOUR, most=4 * DAY), Step.COUNT_AS_SOLVED),
    Rule("summary.reminder", _("The summary is not written yet"), COMPLETED, triggers.UNSUMMARIZED,
         Wait("summary_reminder", 30 * MINUTE, least=5 * MINUTE, most=DAY, before="summary_second_reminder"),
         nudge(Role.MECHANIC, mail="summary_reminder", push=_SUMMARY_DUE, call=_UNWRITTEN), once_per=_state),
    Rule("summary.second_reminder", _("The summary is due"), COMPLETED, triggers.UNSUMMARIZED,
         Wait("summary_second_reminder", DAY, least=HOUR, most=5 * DAY, before="summary_alert"),
         nudge(Role.MECHANIC, mail="summary_overdue", push=_SUMMARY_DUE, call=_UNWRITTEN), once_per=_state),
    Rule("summary.alert", _("The summary is overdue"), COMPLETED, triggers.UNSUMMARIZED,
         Wait("summary_alert", 2 * DAY, least=2 * HOUR, most=10 * DAY),
         alert(), once_per=_state),
    Rule("question.reminder", _("A customer’s question waits for an answer"), COMPLETED, triggers.QUESTION_OPEN,
         Wait("question_reminder", 12 * HOUR, least=HOUR, most=2 * DAY, before="question_second_reminder"),
         nudge(Role.MECHANIC, mail="question_reminder", push=QUESTION_WAITS), once_per=_state),
    Rule("question.second_reminder", _("A customer’s question is about to be closed"), COMPLETED,
         triggers.QUESTION_OPEN,
         Wait("question_second_reminder", 36 * HOUR, least=2 * HOUR, most=4 * DAY, before="question_closes"),
         nudge(Role.MECHANIC, mail="question_reminder", push=QUESTION_WAITS), once_per=_state),
    Rule("question.close", _("A question was not answered in time"), COMPLETED, triggers.QUESTION_OPEN,
         Wait("question_closes", 2 * DAY, least=4 * HOUR, most=7 * DAY), Step.CLOSE_QUESTION),
    Rule("follow_up.ask", _("Did the repair hold?"), COMPLETED, triggers.TO_FOLLOW_UP,
         Wait("follow_up", 7 * DAY, least=DAY, most=30 * DAY),
         nudge(Role.CUSTOMER, mail="follow_up", wanted=lambda customer: customer.wants_follow_ups,
               push=Notice(Role.CUSTOMER, _("Did the repair hold?"), _("One tap tells us how it went."), lasts=A_DAY,
                           urgent=False, about="follow_up", page=links.follow_up_page)), once_per=_state),
    # Rules without a deadline
    Rule("question.unanswered", _("A mechanic did not answer the customer’s question"), ELSEWHERE, triggers.REPORTED,
         None, alert()),
    Rule("help.asked", _("A participant asks for help"), ELSEWHERE, triggers.REPORTED, None, alert()),
    Rule("job.parked", _("A job has failed"), ELSEWHERE, triggers.REPORTED, None, alert()),
    Rule("payment.mismatch", _("A payment does not match our record"), ELSEWHERE, triggers.REPORTED, None,
         alert()),
    Rule("payment.refused", _("Stripe refuses to open a payment"), ELSEWHERE, triggers.REPORTED, None, alert()),
    Rule("payment.disputed", _("The customer disputes the charge"), ELSEWHERE, triggers.REPORTED, None, alert()),
    Rule("payment.fraud_warning", _("The bank suspects fraud: a refund now prevents a dispute"), ELSEWHERE,
         triggers.REPORTED, None, alert()),
    Rule("payment.refund_failed", _("A refund failed"), ELSEWHERE, triggers.REPORTED, None, alert()),
    Rule("payment.owed", _("A mechanic owes what they were paid"), ELSEWHERE, triggers.REPORTED, None, alert()),
    Rule("payment.stands_still", _("Money should have moved and has not"), ELSEWHERE, triggers.REPORTED, None, alert()),
    Rule("payment.hold_ends", _("A hold is about to end without a charge"), ELSEWHERE, triggers.REPORTED, None,
         alert()),
)
# fmt: on

RULES: dict[str, Rule] = {}
DEADLINES: dict[str, Rule] = {}  # the rules that the scheduler fires


def add_rule(rule: Rule) -> None:
    """Enter a row where rules and waiting times are looked up."""
    RULES[rule.kind] = rule
    if rule.states:
        DEADLINES[rule.kind] = rule
    WAITS.update((wait.name, wait) for wait in rule.waits)


for _row in _TABLE:
    add_rule(_row)


def rule_of_kind(kind: str) -> str:
    """Return the words of a rule; for a rule that this release does not know, its kind."""
    return str(RULES[kind].words) if kind in RULES else kind


def deadlines_problem() -> str:
    """Return a sentence about unknown names in `DEADLINES`, or an empty text."""
    return name_problem(settings.DEADLINES, of_rules=set(WAITS))
