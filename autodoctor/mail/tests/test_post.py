"""What is posted is sent once, in the recipient's words and time zone."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.db import transaction

from autodoctor.mail.queue import queue_mail
from autodoctor.mail.tests.conftest import NOW
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job

if TYPE_CHECKING:
    from autodoctor.accounts.models import User

Send = Callable[..., EmailMessage]


def test_mail_to_a_person_has_times_in_their_time_zone(send: Send, customer: "User") -> None:
    customer.time_zone = "Asia/Tokyo"
    customer.save()

    letter = send(customer)

    assert letter.to == ["customer@example.com"]
    assert letter.subject == "Morgan invites you"
    assert str(letter.body).startswith(
        "Hello Casey Customer,\nMorgan waits at 19:00 JST: https://doctor.example/room/\n"
    )


def test_mail_to_a_known_address_uses_name_and_zone_of_its_owner(send: Send, customer: "User") -> None:
    customer.time_zone = "Europe/Berlin"
    customer.save()

    assert "Hello Casey Customer,\nMorgan waits at 12:00 CEST" in str(send("customer@example.com").body)


def test_mail_to_an_unknown_address_has_times_in_utc(send: Send) -> None:
    letter = send("somebody@example.org")

    assert letter.to == ["somebody@example.org"]
    assert str(letter.body).startswith("Morgan waits at 10:00 UTC")


def test_a_mail_is_rendered_when_it_is_sent(customer: "User") -> None:
    queue_mail("letters/invitation", to=customer, context={"who": "Morgan"}, key="late", now=NOW)
    customer.name, customer.email = "Casey Married", "married@example.com"
    customer.save()

    run_due(NOW)

    assert mail.outbox[0].to == ["married@example.com"]
    assert "Hello Casey Married," in str(mail.outbox[0].body)


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\x0b", "\x85", "\u2028"])
def test_a_name_cannot_add_a_header(send: Send, line_break: str) -> None:
    letter = send("somebody@example.org", who=f"Morgan{line_break}Bcc: victim@example.org")

    message = letter.message()
    assert message["Bcc"] is None
    assert letter.recipients() == ["somebody@example.org"]
    assert "\n" not in str(message["Subject"])


def test_text_part_does_not_escape_markup(send: Send) -> None:
    assert "<b>M&M</b> waits" in str(send("somebody@example.org", who="<b>M&M</b>").body)


def test_every_attempt_carries_the_same_message_id(send: Send, customer: "User") -> None:
    first = send(customer, key="twice").message()["Message-ID"]
    again = send(customer, key="twice").message()["Message-ID"]
    other = send(customer, key="once").message()["Message-ID"]

    assert first == again != other
    assert first.endswith("@doctor.example>")


def test_mail_queued_twice_under_one_key_is_sent_once(customer: "User") -> None:
    for _ in range(2):
        queue_mail("letters/invitation", to=customer, context={"who": "Morgan"}, key="same", now=NOW)

    run_due(NOW)

    assert len(mail.outbox) == 1


def test_nothing_leaves_when_the_transaction_fails(customer: "User") -> None:
    with transaction.atomic():
        queue_mail("letters/invitation", to=customer, context={"who": "Morgan"}, key="undone", now=NOW)
        transaction.set_rollback(True)

    assert run_due(NOW) == 0
    assert mail.outbox == []


def test_mail_to_a_deleted_person_is_not_sent(customer: "User") -> None:
    queue_mail("letters/invitation", to=customer, context={"who": "Morgan"}, key="gone", now=NOW)
    customer.delete()

    assert run_due(NOW) == 1
    assert mail.outbox == []


def test_a_malformed_template_is_kept_with_its_reason(customer: "User") -> None:
    queue_mail("letters/malformed", to=customer, context={}, key="bad", now=NOW)

    run_due(NOW)

    job = Job.objects.get(kind="mail.send", key="bad")
    assert (job.attempts, mail.outbox) == (1, [])
    assert "Malformed" in job.last_error
