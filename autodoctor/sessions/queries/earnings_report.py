"""A mechanic's earnings by month: paid earnings, and the reason of each open one in words."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db.models import Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from autodoctor.accounts.models import Role, User
from autodoctor.core import acting
from autodoctor.core.formatting import moment
from autodoctor.core.raw_sql import rows
from autodoctor.payments import debts, earnings
from autodoctor.payments.earnings import EarningPosition, EarningStatus, WaitReason
from autodoctor.payments.formatting import format_cents
from autodoctor.payments.models import Earning, PayoutAccount
from autodoctor.payments.stripe import DISCONNECTED
from autodoctor.sessions import lost_time
from autodoctor.sessions.models import Session
from autodoctor.sessions.record.participants import seat_people

Sums = dict[str, int]  # cents by currency: amounts of two currencies have no sum

TONES = {EarningStatus.PAID: "good", EarningStatus.HELD: "bad", EarningStatus.WAITING: "warn"}
IN_WORDS: dict[EarningStatus, Promise] = {
    EarningStatus.PAID: gettext_lazy("Paid"),
    EarningStatus.PAYABLE: gettext_lazy("About to be sent"),
    EarningStatus.TRANSFERRING: gettext_lazy("On its way to your account"),
    EarningStatus.TAKING_BACK: gettext_lazy("On its way back from your account"),
    EarningStatus.REVERSED: gettext_lazy("Refunded to the customer"),
}


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
    def has_left(self) -> bool:
        """Return whether the mechanic had left before the end: they see nothing more of the session."""
        return self.earning.mechanic_id != self.session.mechanic_id

    @property
    def what_followed(self) -> str:
        """Return what became of the session without them; empty for whoever had it at the end."""
        if not self.has_left:
            return ""
        if self.session.handed_over:
            return _("Another mechanic went on")
        return _("The customer asked for another mechanic, and canceled")

    @property
    def lost_time(self) -> str:
        """Return the time that the session has lost, in words; empty if nothing was lost."""
        return "" if self.has_left else lost_time.words(self.session, Role.MECHANIC)

    @property
    def tone(self) -> str:
        return TONES.get(self.position.stands, "")

    @property
    def why(self) -> list[str]:
        """Return sentences: the reasons why the earning waits, or its result."""
        return _why(self.earning, self.position)


@dataclass(frozen=True)
class Month:
    """A month of earnings. Sums in cents, by currency."""

    first: date
    lines: list[Line]

    @property
    def earned(self) -> Sums:
        return _sums(self.lines, lambda line: line.earning.share_cents)

    @property
    def paid(self) -> Sums:
        return _sums(self.lines, lambda line: line.position.paid_cents)

    @property
    def open(self) -> Sums:
        """Earned and not paid yet, in cents."""
        return _sums(self.lines, lambda line: max(0, _unpaid(line.earning, line.position)))

    @property
    def kept(self) -> Sums:
        """Kept for what the mechanic owed, in cents."""
        return _sums(self.lines, lambda line: line.position.kept_cents)


def _sums(lines: Iterable[Line], cents_of: Callable[[Line], int]) -> Sums:
    sums: Sums = defaultdict(int)
    for line in lines:
        if cents := cents_of(line):
            sums[line.earning.payment.currency] += cents
    return sums


def month_of(at: datetime) -> date:
    """Return the first day of the moment's month, in the viewer's time zone."""
    return timezone.localtime(at).date().replace(day=1)


def month_from(text: str, now: datetime) -> date:
    """Return the first day of a month: "2026-11"; empty means this month. Raises ValueError for other text."""
    return date.fromisoformat(f"{text}-01") if text else month_of(now)


@acting.system  # who handed a session over still reads what they earned of it, and nothing else
def month(mechanic: User, first: date, now: datetime, account: PayoutAccount | None) -> Month:
    """Return one month, the latest session first. `account`: the mechanic's."""
    condition = "mechanic_id = %s AND completed_at >= %s AND completed_at < %s"
    found = rows(Earning, condition, mechanic.id, *_bounds(first))
    stand = earnings.positions(found, {mechanic.id: account} if account else {}, now)
    sessions = rows(Session, "id IN (%s)", list({earning.payment.owner_id for earning in found})) if found else []
    seat_people([session for session in sessions if any(session.lost.values())], mechanic)  # those who are named
    about = {session.id: session for session in sessions}
    lines = [Line(earning, about[earning.payment.owner_id], at) for earning, at in zip(found, stand, strict=True)]
    return Month(first, sorted(lines, key=_moments, reverse=True))


def _moments(line: Line) -> tuple[datetime, datetime]:
    return line.earning.completed_at, line.earning.payment.created_at


def months(mechanic: User) -> list[tuple[date, Sums]]:
    """Return each month with earnings and its sums in cents, by currency, the latest first."""
    of_month = TruncMonth("completed_at", tzinfo=timezone.get_current_timezone())
    rows = Earning.objects.filter(mechanic=mechanic).annotate(first=of_month).order_by("-first")
    sums: dict[date, Sums] = defaultdict(dict)
    for first, currency, cents in rows.values_list("first", "currency").annotate(cents=Sum(earnings.SHARE)):
        sums[first.date()][currency] = cents
    return list(sums.items())


def earned_in(mechanic: User, first: date) -> Sums:
    """Return what the mechanic earned in a month, in cents, by currency."""
    begin, end = _bounds(first)
    within = Earning.objects.filter(mechanic=mechanic, completed_at__gte=begin, completed_at__lt=end)
    earned = within.order_by().values_list("currency")
    return dict(earned.annotate(cents=Sum(earnings.SHARE)))


def debts_in_words(mechanic: User) -> list[str]:
    """Return what the mechanic owes, one sum a currency."""
    return [format_cents(cents, currency) for currency, cents in debts.owed_by(mechanic.id).items()]


def account_in_words(account: PayoutAccount | None) -> tuple[str, str, str]:
    """Return the state of payouts: a tone, a sentence, and the label of the button; empty without a button."""
    if account is None:
        sentence = _("Set up payouts with Stripe, our payment service. We hold your earnings until then.")
        return "warn", sentence, _("Set up payouts")
    if account.disabled_reason.startswith("rejected"):
        sentence = _("Stripe has closed your payout account. Write to %s so that we can pay you.")
        return "bad", sentence % settings.SUPPORT_EMAIL, ""
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


def _bounds(first: date) -> tuple[datetime, datetime]:
    """Return when the month begins and when the next one does, in the viewer's time zone."""
    zone = timezone.get_current_timezone()
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return datetime(first.year, first.month, 1, tzinfo=zone), datetime(after.year, after.month, 1, tzinfo=zone)


def _unpaid(earning: Earning, position: EarningPosition) -> int:
    return earning.share_cents - position.paid_cents - position.kept_cents


def _why(earning: Earning, position: EarningPosition) -> list[str]:
    return [*_state(earning, position), *_debt(earning, position)]


def _debt(earning: Earning, position: EarningPosition) -> Iterator[str]:
    currency = earning.payment.currency
    if position.debt_cents:
        words = _("You owe %(owed)s of it: it was already paid to you. We keep it from your next earnings")
        yield words % {"owed": format_cents(position.debt_cents, currency)}
    if position.kept_cents:
        yield _("%(kept)s kept for what you owed") % {"kept": format_cents(position.kept_cents, currency)}


def _state(earning: Earning, position: EarningPosition) -> list[str]:
    match position.stands:
        case EarningStatus.WAITING:
            return [sentence for wait, sentence in _sentences(earning, position) if wait in position.waits]
        case EarningStatus.HELD:
            return [_("On hold: the customer’s bank disputes the charge"), *_already_sent(position)]
        case EarningStatus.REVERSED if position.is_lost:
            return [_("The customer’s bank took the charge back")]
        case EarningStatus.PAID if not position.paid_cents:
            return []  # all of it was kept for a debt
        case stands:
            return [str(IN_WORDS[stands])]


def _already_sent(position: EarningPosition) -> list[str]:
    return (
        [_("Already paid. If the bank decides against us, we take it back or keep it from your next earnings")]
        if position.owed_cents
        else []
    )


def _sentences(earning: Earning, position: EarningPosition) -> list[tuple[WaitReason, str]]:
    payable_at = moment(earning.payable_at)
    only_the_day = position.waits == (WaitReason.TIME,)
    day = _("Payable on %(moment)s") if only_the_day else _("Not before %(moment)s")
    return [
        (WaitReason.SUMMARY, _("Waits for your summary")),
        (WaitReason.REFUND, _("Waits for a pending refund")),
        (WaitReason.ACCOUNT, _("Waits for your payout account")),
        (WaitReason.TIME, day % {"moment": payable_at}),
    ]
