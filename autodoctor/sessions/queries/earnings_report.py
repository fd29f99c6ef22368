"""A mechanic's earnings by month: paid earnings, and the reason of each open one in words."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from autodoctor.accounts.models import User
from autodoctor.core.formatting import moment
from autodoctor.payments import earnings
from autodoctor.payments.earnings import EarningPosition, EarningStatus, WaitReason
from autodoctor.payments.models import Earning, PayoutAccount
from autodoctor.payments.payouts import account_of
from autodoctor.payments.stripe import DISCONNECTED
from autodoctor.sessions.models import Session

TONES = {EarningStatus.PAID: "good", EarningStatus.HELD: "bad", EarningStatus.WAITING: "warn"}


@dataclass(frozen=True)
class Line:
    """The share of one charge, with its session."""

    earning: Earning
    session: Session
    position: EarningPosition

    @property
    def vehicle(self) -> str:
        return self.session.vehicle_words

    @property
    def tone(self) -> str:
        return TONES.get(self.position.stands, "")

    @property
    def why(self) -> list[str]:
        """Return sentences: the reasons why the earning waits, or its result."""
        return _why(self.earning, self.position)


@dataclass(frozen=True)
class Month:
    """A month of earnings. Amounts in cents, all in one currency."""

    first: date
    lines: list[Line]
    currency: str

    @property
    def earned(self) -> int:
        return sum(line.earning.share_cents for line in self.lines)

    @property
    def paid(self) -> int:
        return sum(line.position.paid_cents for line in self.lines)

    @property
    def open(self) -> int:
        """Earned and not paid yet, in cents."""
        return sum(max(0, line.earning.share_cents - line.position.paid_cents) for line in self.lines)


def month_of(at: datetime) -> date:
    """Return the first day of the moment's month, in the viewer's time zone."""
    return timezone.localtime(at).date().replace(day=1)


def month_from(text: str, now: datetime) -> date:
    """Return the first day of a month: "2026-11"; empty means this month. Raises ValueError for other text."""
    return date.fromisoformat(f"{text}-01") if text else month_of(now)


def month(mechanic: User, first: date, now: datetime) -> Month:
    """Return one month, the latest session first."""
    found = list(earnings.with_all(_within(mechanic, first)).order_by("-completed_at", "-payment__created_at"))
    sessions = Session.objects.in_bulk({earning.payment.owner_id for earning in found})
    account = account_of(mechanic)
    lines = [
        Line(earning, sessions[earning.payment.owner_id], earnings.position(earning, account, now)) for earning in found
    ]
    return Month(first, lines, found[0].payment.currency if found else "usd")


def months(mechanic: User) -> list[tuple[date, int]]:
    """Return each month with earnings and its sum in cents, the latest first."""
    sums: dict[date, int] = defaultdict(int)
    for earning in Earning.objects.filter(mechanic=mechanic).order_by("-completed_at"):
        sums[month_of(earning.completed_at)] += earning.share_cents
    return list(sums.items())


def earned_in(mechanic: User, first: date) -> int:
    return sum(earning.share_cents for earning in _within(mechanic, first))


def account_in_words(account: PayoutAccount | None) -> tuple[str, str, str]:
    """Return the state of payouts: a tone, a sentence, and the label of the button; empty without a button."""
    if account is None:
        sentence = _("Set up payouts with Stripe, our payment service. We hold your earnings until then.")
        return "warn", sentence, _("Set up payouts")
    if account.disabled_reason.startswith("rejected"):
        return "bad", _("Stripe has closed your payout account. Write to support so that we can pay you."), ""
    if account.requirements_due or not account.details_submitted:
        return _unfinished(account)
    if not account.transfers_enabled:
        return "warn", _("Stripe is checking what you entered. This usually takes minutes, sometimes a day."), ""
    if not account.payouts_enabled:
        return "warn", _("Earnings reach your Stripe account, but Stripe does not pay to your bank yet."), _("Continue")
    return "good", _("Your payout account is ready. We send your earnings there automatically."), ""


def _unfinished(account: PayoutAccount) -> tuple[str, str, str]:
    if account.disabled_reason == DISCONNECTED:
        sentence = _("Your account at Stripe is no longer connected with us. Set up payouts again: we hold your money.")
        return "warn", sentence, _("Set up payouts")
    if not account.details_submitted:
        return (
            "warn",
            _("You have not finished setting up payouts. We hold your earnings until then."),
            _("Continue"),
        )
    if account.transfers_enabled:
        return "warn", _("Payouts work, but Stripe needs more information from you soon."), _("Answer Stripe")
    return (
        "bad",
        _("Stripe needs more information before it accepts your earnings. We hold your earnings until then."),
        _("Answer Stripe"),
    )


def _within(mechanic: User, first: date) -> QuerySet[Earning]:
    zone = timezone.get_current_timezone()
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    begin, end = (datetime(day.year, day.month, 1, tzinfo=zone) for day in (first, after))
    return Earning.objects.filter(mechanic=mechanic, completed_at__gte=begin, completed_at__lt=end)


def _why(earning: Earning, position: EarningPosition) -> list[str]:
    match position.stands:
        case EarningStatus.PAID:
            return [_("Paid")]
        case EarningStatus.TRANSFERRING:
            return [_("On its way to your account")]
        case EarningStatus.REVERSED:
            return [_("Refunded to the customer")]
        case EarningStatus.PAYABLE:
            return [_("About to be sent")]
        case EarningStatus.HELD:
            return [_("On hold: the customer’s bank disputes the charge"), *_already_sent(position)]
    return [sentence for wait, sentence in _sentences(earning, position) if wait in position.waits]


def _already_sent(position: EarningPosition) -> list[str]:
    return [_("Already paid. We email you if you have to pay it back")] if position.owed_cents else []


def _sentences(earning: Earning, position: EarningPosition) -> list[tuple[WaitReason, str]]:
    payable_at = moment(earnings.payable_at(earning))
    only_the_day = position.waits == (WaitReason.TIME,)
    day = _("Payable on %(moment)s") if only_the_day else _("Not before %(moment)s")
    return [
        (WaitReason.SUMMARY, _("Waits for your summary")),
        (WaitReason.REFUND, _("Waits for a pending refund")),
        (WaitReason.ACCOUNT, _("Waits for your payout account")),
        (WaitReason.TIME, day % {"moment": payable_at}),
    ]
