"""A partly refunded charge is disputed; the news comes in any order."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from tests.attacks.test_refunds import at_stripe, charged, give, support
from tests.faults.test_payments import control, is_idle
from tests.kit import scene
from tests.kit.server import Server, running
from tests.kit.waiting import until

__all__ = ["charged"]


@pytest.fixture(scope="module")
def shop() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.mark.parametrize("order", ["as_sent", "reversed", "shuffled"])
@pytest.mark.parametrize("won", [False, True], ids=["lost", "won"])
def test_dispute_webhooks_in_every_order_end_in_the_same_state(
    shop: Server, charged: tuple[UUID, str], order: str, *, won: bool
) -> None:
    session_id, payment_id = charged
    (charge,) = at_stripe(shop, "charges", payment_id)
    control(shop, "webhooks", paused=True)
    assert give(support(shop), session_id, payment_id, "4.00") == 303
    until(lambda: bool(at_stripe(shop, "refunds", payment_id)))
    opened = control(shop, "disputes", charge=charge["id"], amount=599)
    control(shop, "disputes", dispute=opened["id"])
    control(shop, "disputes", dispute=opened["id"], won=won)
    control(shop, "flush", order=order, copies=3, together=order == "shuffled")
    control(shop, "webhooks", paused=False)
    until(lambda: is_idle(shop))

    key = scene.key(shop, UUID(payment_id))
    refunds = shop.sql("SELECT amount_cents, state FROM payments_refund WHERE payment_id = %s", key)
    disputes = shop.sql("SELECT amount_cents, outcome FROM payments_dispute WHERE payment_id = %s", key)
    payment = shop.sql("SELECT state, captured_cents, mismatch FROM payments_payment WHERE id = %s", key)
    assert (refunds, disputes) == ([(400, "issued")], [(599, "won" if won else "lost")])
    assert payment == [("captured", 999, "")]
    assert scene.state_of(shop, session_id) == "completed"
    told = "SELECT count(*) FROM autodoctor_sessions_sessionevent WHERE session_id = %s AND kind = %s"
    for kind in ("refund.issued", "alert.support", "payment.dispute_closed"):
        assert shop.sql(told, scene.key(shop, session_id), kind) == [(1,)], kind
