"""Times in the viewer's zone, on pages and in mails."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from autodoctor.accounts import time_zones

if TYPE_CHECKING:
    from autodoctor.accounts.models import User

ClientOf = Callable[["User"], Client]


def _zone_seen(cookie: str) -> str:
    from autodoctor.accounts.time_zones import TimeZoneMiddleware

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(timezone.get_current_timezone_name())

    request = RequestFactory().get("/")
    request.COOKIES["tz"] = cookie
    answer = TimeZoneMiddleware(view)(request)
    assert timezone.get_current_timezone_name() == "UTC"
    return str(getattr(answer, "content", b"").decode())


def test_a_visitor_sees_times_in_the_browsers_time_zone() -> None:
    assert _zone_seen("America/New_York") == "America/New_York"


@pytest.mark.parametrize(
    "cookie",
    ["", "Mars/Base", "../../etc/passwd", "/etc/passwd", "America/New_York\x00", "x" * 5000, "localtime", "Factory"],
)
def test_an_invalid_time_zone_cookie_counts_as_utc(cookie: str) -> None:
    assert _zone_seen(cookie) == "UTC"


@pytest.mark.postgres
@pytest.mark.django_db
def test_the_database_knows_every_time_zone_that_a_person_can_have() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_timezone_names")
        known = {name for (name,) in cursor.fetchall()}
    assert time_zones.names() <= known


def test_the_browsers_time_zone_is_stored_for_mails(customer: "User", client_of: ClientOf) -> None:
    client = client_of(customer)
    client.cookies["tz"] = "Asia/Kolkata"
    client.get("/account/")
    customer.refresh_from_db()
    assert customer.time_zone == "Asia/Kolkata"

    client.cookies["tz"] = "Mars/Base"
    client.get("/account/")
    customer.refresh_from_db()
    assert customer.time_zone == "Asia/Kolkata"


def test_a_time_zone_chosen_in_the_account_precedes_the_browsers(customer: "User", client_of: ClientOf) -> None:
    client = client_of(customer)
    client.cookies["tz"] = "Asia/Kolkata"

    client.post("/account/", {"name": "Casey", "time_zone": "Europe/Lisbon"})
    page = client.get("/account/").content.decode()
    customer.refresh_from_db()
    assert customer.time_zone == "Europe/Lisbon"
    assert '<option value="Europe/Lisbon" selected>' in page

    client.post("/account/", {"name": "Casey", "time_zone": ""})
    client.get("/account/")
    customer.refresh_from_db()
    assert customer.time_zone == "Asia/Kolkata"


def test_a_faulty_account_form_changes_nothing(customer: "User", client_of: ClientOf) -> None:
    answer = client_of(customer).post("/account/", {"name": "", "time_zone": "Mars/Base"})
    assert answer.status_code == 422
    customer.refresh_from_db()
    assert (customer.name, customer.time_zone) == ("Casey Customer", "UTC")
