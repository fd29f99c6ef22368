"""News and crashes in any order: never more than the share, and in the end all of it."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from unittest import mock
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.payments import earnings, ledger, payouts, stripe
from autodoctor.payments.models import Earning, Movement, Payment, PayoutAccount, Refund
from autodoctor.payments.stripe import AccountSnapshot, TransferSnapshot
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from tests.kit.examples import examples

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HELD = 2999


class Died(Exception):
    """The process, around a call."""


class Bank:
    """A double of Stripe's transfers: the amounts moved, by key. Calls may fail before or after they take effect."""

    def __init__(self) -> None:
        self.enabled = True
        self.dies = ""
        self.answers: dict[str, Any] = {}
        self.transfers: dict[str, TransferSnapshot] = {}
        self.reversals: dict[str, tuple[str, int, str]] = {}  # transfer, amount, our row

    @contextmanager
    def around(self) -> Iterator[None]:
        dies, self.dies = self.dies, ""
        if dies == "before":
            raise Died
        yield
        if dies == "after":
            raise Died

    def account(self, account_id: str) -> AccountSnapshot:
        return AccountSnapshot(account_id, True, False, self.enabled, self.enabled, (), "")

    def transfer(self, *, amount_cents: int, movement_id: UUID, key: str, **rest: Any) -> TransferSnapshot:
        with self.around():
            if key not in self.answers:
                if not self.enabled:
                    raise stripe.Invalid("insufficient_capabilities_for_transfer")
                made = TransferSnapshot(f"tr_{len(self.transfers)}", amount_cents, 0, str(movement_id))
                self.answers[key] = self.transfers[made.id] = made
        return self.answers[key]  # type: ignore[no-any-return]

    def reverse(self, transfer_id: str, *, amount_cents: int, movement_id: UUID, key: str) -> str:
        with self.around():
            if key not in self.answers:
                gone = sum(cents for of, cents, _row in self.reversals.values() if of == transfer_id)
                assert gone + amount_cents <= self.transfers[transfer_id].amount_cents
                self.answers[key] = f"trr_{len(self.reversals)}"
                self.reversals[self.answers[key]] = (transfer_id, amount_cents, str(movement_id))
        return str(self.answers[key])

    @property
    def net(self) -> int:
        sent = sum(transfer.amount_cents for transfer in self.transfers.values())
        return sent - sum(cents for _of, cents, _row in self.reversals.values())


class Earnings(RuleBasedStateMachine):
    customer: ClassVar[User]
    mechanic: ClassVar[User]
    happened: ClassVar[Counter[str]] = Counter()  # over the whole run: what never came about shows nothing

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.bank = Bank()
        lists = {"find_transfer": lambda **given: None, "find_reversal": lambda *of, **given: ""}
        calls = {name: getattr(self.bank, name) for name in ("account", "transfer", "reverse")} | lists
        self.patches = [mock.patch.object(stripe, name, call) for name, call in calls.items()]
        for patch in self.patches:
            patch.start()
        self.payment = Payment.objects.create(
            owner_id=uuid4(),
            payer=self.customer,
            purpose="booking",
            description="Standard Video",
            state="authorised",
            amount_cents=HELD,
            seconds=2700,
            charge_id="ch_1",
            created_at=START,
        )
        self.over = self.summarized = False

    def teardown(self) -> None:
        self.come_to_rest()
        self.happened.update(Movement.objects.values_list("kind", flat=True))
        self.happened.update(f"refund {state}" for state in Refund.objects.values_list("state", flat=True))
        self.happened.update(["captured"] if self.captured else [])
        for patch in self.patches:
            patch.stop()
        Movement.objects.filter(kind="reversal").delete()
        for model in (Movement, Earning, Refund, Payment, PayoutAccount, Job):
            model.objects.all().delete()

    # Steps

    @initialize(steps=st.sampled_from([6, 5, 5, 4, 3, 2, 1, 0]))
    def get_going(self, steps: int) -> None:
        """Play steps that pay the mechanic, so that later steps can take money back.

        Each run begins with the first of these, so that required situations do not depend on chance.
        """
        way: list[Callable[[], object]] = [
            lambda: self.capture(HELD),
            self.end,
            self.summarize,
            self.account_is_looked_at,
            lambda: self.time_passes(30),
            lambda: self.what_the_mechanic_bears_is_given_back(400),
        ]
        for step in way[:steps]:
            step()

    @precondition(lambda self: not self.captured)
    @rule(cents=st.sampled_from([50, 1499, HELD]))
    def capture(self, cents: int) -> None:
        Payment.objects.filter(id=self.payment.id).update(state="captured", captured_cents=cents)
        self.tell()

    @rule()
    def end(self) -> None:
        self.over = True
        self.tell()

    @precondition(lambda self: self.over)
    @rule()
    def summarize(self) -> None:
        self.summarized = True
        self.tell()

    @rule(enabled=st.booleans())
    def account_changes(self, enabled: bool) -> None:
        self.bank.enabled = enabled

    @rule()
    def account_is_looked_at(self) -> None:
        account, _new = PayoutAccount.objects.get_or_create(
            user=self.mechanic, defaults={"stripe_id": "acct_1", "created_at": self.now, "checked_at": self.now}
        )
        payouts.refresh(account, self.now)

    @precondition(lambda self: self.captured)
    @rule(cents=st.sampled_from([1, 400, 2999]), bearer=st.sampled_from(Refund.Bearer.values))
    def refund(self, cents: int, bearer: str) -> None:
        cents = min(cents, ledger.refundable_cents(self.fresh))
        if cents:
            ledger.refund(payment_id=self.payment.id, amount_cents=cents, reason="-", borne_by=bearer, now=self.now)

    @precondition(lambda self: self.captured)
    @rule(cents=st.sampled_from([400, 2999]))
    def what_the_mechanic_bears_is_given_back(self, cents: int) -> None:
        self.refund(cents, Refund.Bearer.MECHANIC)
        self.refund_comes_to_its_end(True)

    @rule(issued=st.booleans())
    def refund_comes_to_its_end(self, issued: bool) -> None:
        open_ = Refund.objects.filter(state="requested").first()
        if open_:
            Refund.objects.filter(id=open_.id).update(state="issued" if issued else "failed")
            earnings.schedule_advance(self.payment.id, self.now)

    @rule()
    def an_issued_refund_bounces(self) -> None:
        if Refund.objects.filter(id__in=Refund.objects.filter(state="issued")[:1].values("id")).update(state="failed"):
            earnings.schedule_advance(self.payment.id, self.now)

    @rule(disputed=st.booleans())
    def dispute(self, disputed: bool) -> None:
        Payment.objects.filter(id=self.payment.id).update(disputed_at=self.now if disputed else None)
        earnings.schedule_advance(self.payment.id, self.now)

    @rule(hours=st.sampled_from([0, 1, 13, 30]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        run_due(self.now)

    @rule(moment=st.sampled_from(["before", "after"]))
    def the_next_call_dies(self, moment: str) -> None:
        self.bank.dies = moment

    # Invariants

    @invariant()
    def never_more_than_the_share_of_what_was_kept_was_decided(self) -> None:
        for earning in Earning.objects.all():
            moved = {
                kind: sum(m.amount_cents for m in earning.movements.filter(kind=kind).exclude(state="withdrawn"))
                for kind in Movement.Kind.values
            }
            assert (moved["transfer"], moved["reversal"]) == (earning.transferred_cents, earning.reversed_cents)
            assert moved["transfer"] - moved["reversal"] <= earning.share_cents

    @invariant()
    def what_really_moved_is_never_more_than_the_share_of_the_charge(self) -> None:
        assert 0 <= self.bank.net <= self.fresh.captured_cents * 70 // 100

    def come_to_rest(self) -> None:
        """Remove every obstacle; then exactly the earned amount must have been sent."""
        self.over = self.summarized = True
        self.tell()
        self.dispute(False)
        self.bank.enabled, self.bank.dies = True, ""
        while Refund.objects.filter(state="requested").exists():
            self.refund_comes_to_its_end(True)
        self.now += timedelta(days=2)
        self.account_is_looked_at()
        for _ in range(6):
            self.now += timedelta(days=1)
            run_due(self.now)
        borne = sum(refund.amount_cents for refund in Refund.objects.filter(state="issued", borne_by="mechanic"))
        assert self.bank.net == (self.fresh.captured_cents - borne) * 70 // 100
        assert not Movement.objects.filter(state="decided").exists()

    @property
    def fresh(self) -> Payment:
        return Payment.objects.get(id=self.payment.id)

    @property
    def captured(self) -> bool:
        return self.fresh.state == "captured"

    def tell(self) -> None:
        if self.over:
            earnings.learn(
                owner_id=self.payment.owner_id,
                earners=[earnings.Earner(self.mechanic, not self.summarized)],
                completed_at=START,
                now=self.now,
            )


@pytest.mark.on_postgres
@pytest.mark.django_db
def test_in_any_order(customer: User, mechanic: User, settings: Settings) -> None:
    settings.CLOCK_HANDLERS = "autodoctor.payments.tests.test_earnings_properties.HANDLERS"
    Earnings.customer, Earnings.mechanic = customer, mechanic
    Earnings.happened.clear()
    run_state_machine_as_test(Earnings, settings=SETTINGS)
    assert not {"captured", "transfer", "reversal", "refund issued"} - Earnings.happened.keys(), Earnings.happened


def _handlers() -> dict[str, Any]:
    from autodoctor.payments.jobs import JOBS
    from autodoctor.payments.tests.facts import pass_by
    from autodoctor.scheduler.handlers import Handler

    return {**JOBS, "payment.refund": Handler(pass_by)}


HANDLERS = _handlers()
SETTINGS = settings(
    max_examples=examples(60), stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
