"""Bookings that nobody paid are forgotten after some months; whatever touched money or support is not."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from autodoctor.accounts.models import User
from autodoctor.booking.models import Booking, MileageReading, Vehicle, VehicleSession
from autodoctor.files.listing import FilesJob
from autodoctor.files.models import StoredFile
from autodoctor.payments.models import Payment
from autodoctor.scheduler.leases import RECURRING
from autodoctor.scheduler.models import Job
from autodoctor.sessions.job_kinds import SessionJob
from autodoctor.sessions.jobs.unpaid import KEPT, forget
from autodoctor.sessions.lifecycle import alert_work, transitions
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.tests.story import Story

pytestmark = [pytest.mark.django_db, pytest.mark.on_postgres]
DAY = timedelta(days=1)


@pytest.fixture
def unpaid(customer: User, mechanic: User) -> Story:
    story = Story(customer, mechanic).wait(minutes=120)
    assert story.session.state == "cancelled"
    return story


def run(now: datetime) -> None:
    forget(Job(kind=SessionJob.FORGET_UNPAID, key=RECURRING), now)


def ended(story: Story) -> datetime:
    at = story.session.ended_at
    assert at
    return at


def test_an_unpaid_booking_goes_with_its_log_and_files_and_the_ledger_stays(unpaid: Story) -> None:
    at = ended(unpaid)
    Booking.objects.create(customer=unpaid.customer, key=str(uuid4()), session_id=unpaid.id)
    StoredFile.objects.create(
        owner_id=unpaid.id, uploader=unpaid.customer, key="2026030212/x", name="x.jpg", size=1, created_at=at
    )
    run(at + KEPT - DAY)
    assert Session.objects.exists()
    run(at + KEPT)
    assert not Session.objects.exists()
    assert not SessionEvent.objects.exists()
    assert Payment.objects.filter(owner_id=unpaid.id).exists()
    assert Job.objects.filter(kind=FilesJob.FORGET, key=str(unpaid.id)).exists()


def test_a_booking_that_is_paid_begins_however_late_its_news_is(customer: User, mechanic: User) -> None:
    """The queue is behind: when the time to pay is over, the hold is written, and has had no consequences yet."""
    story = Story(customer, mechanic).wait(minutes=30)
    story.hold(story.payment).wait(minutes=10)
    assert (story.session.state, story.payment.due_cents) == ("requested", None)
    before = story.session.seq
    transitions.admit_request(session_id=story.id, now=story.now)
    assert story.session.seq == before
    assert story.accept().session.state == "accepted"


def test_an_unpaid_booking_leaves_the_car_that_it_was_about_in_the_garage(unpaid: Story) -> None:
    at = ended(unpaid)
    car = Vehicle.objects.create(owner=unpaid.customer, make="Ford", used_at=at)
    VehicleSession.objects.create(session_id=unpaid.id, vehicle=car, booked_at=at)
    MileageReading.objects.create(session_id=unpaid.id, vehicle=car, mileage=84_000, read_at=at)
    run(at + KEPT)
    assert not Session.objects.exists()
    assert not VehicleSession.objects.exists()
    assert not MileageReading.objects.exists()
    assert list(Vehicle.objects.all()) == [car]


def test_a_booking_for_which_money_was_held_stays(unpaid: Story) -> None:
    Payment.objects.filter(owner_id=unpaid.id).update(authorized_at=unpaid.now)
    run(ended(unpaid) + KEPT)
    assert Session.objects.exists()


def test_a_booking_that_support_had_to_look_at_stays(unpaid: Story) -> None:
    alert_work.raise_support_alert(session_id=unpaid.id, rule="payment.mismatch", data={}, now=unpaid.now)
    run(ended(unpaid) + KEPT)
    assert Session.objects.exists()


def test_a_paid_session_stays(customer: User, mechanic: User) -> None:
    story = Story(customer, mechanic).live().end(customer)
    run(ended(story) + 9 * KEPT)
    assert Session.objects.exists()
