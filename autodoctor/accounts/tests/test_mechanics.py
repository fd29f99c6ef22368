"""Applying, being approved, taking sessions, and who hears of it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client

if TYPE_CHECKING:
    from autodoctor.accounts.models import MechanicProfile, User

pytestmark = pytest.mark.django_db

ClientOf = Callable[["User"], Client]
Letters = Callable[[], list[EmailMessage]]
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
APPLICATION = {
    "name": "Casey Customer",
    "headline": "Brakes and hydraulics",
    "years_experience": "11",
    "skills": "Volvo, Saab",
    "certifications": "ASE 123",
    "time_zone": "Europe/Stockholm",
}


@pytest.fixture
def application(customer: "User") -> "MechanicProfile":
    from autodoctor.accounts import actions

    return actions.apply(user=customer, now=NOW, **{**APPLICATION, "years_experience": 11})  # type: ignore[arg-type]


def _fresh(user: "User") -> "User":
    return type(user).objects.get(pk=user.pk)


def test_a_customer_applies_as_mechanic_and_sees_the_state_of_the_application(
    customer: "User", client_of: ClientOf
) -> None:
    client = client_of(customer)
    assert "Send the application" in client.get("/mechanics/apply/").content.decode()

    answer = client.post("/mechanics/apply/", APPLICATION)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/mechanics/apply/")
    assert "We received your application" in client.get("/mechanics/apply/").content.decode()
    profile = _fresh(customer).mechanic_profile
    assert (profile.state, profile.years_experience, profile.skills) == ("applied", 11, "Volvo, Saab")
    assert _fresh(customer).time_zone == "Europe/Stockholm"
    assert _fresh(customer).role == "customer"


def test_an_application_can_be_changed_until_it_is_decided(
    customer: "User", application: "MechanicProfile", client_of: ClientOf
) -> None:
    client_of(customer).post("/mechanics/apply/", APPLICATION | {"headline": "Only brakes"})
    application.refresh_from_db()
    assert (application.headline, application.state) == ("Only brakes", "applied")


@pytest.mark.parametrize("decision", ["decline", "approve"])
def test_application_from_a_page_before_the_answer_is_refused(
    customer: "User", application: "MechanicProfile", support: "User", client_of: ClientOf, decision: str
) -> None:
    from autodoctor.accounts import actions

    decide = actions.decline if decision == "decline" else actions.approve
    decide(profile=application, by=support, now=NOW)
    client = client_of(customer)
    answer = client.post("/mechanics/apply/", APPLICATION | {"seen": "applied", "skills": "Rotary", "name": "New"})
    application.refresh_from_db()
    assert (answer.status_code, application.skills) == (422, "Volvo, Saab")
    assert _fresh(customer).name == "Casey Customer"
    shown = answer.content.decode()
    if decision == "decline":
        assert "Meanwhile support has answered your application" in shown
        assert "Rotary" in shown
        assert 'name="seen" value="declined"' in shown
        assert client.post("/mechanics/apply/", APPLICATION | {"seen": "declined"}).status_code == 303
    else:
        assert "You are approved" in shown


@pytest.mark.parametrize(
    "wrong",
    [
        {"headline": ""},
        {"headline": "\u200b\u2060"},
        {"years_experience": "-1"},
        {"years_experience": "many"},
        {"time_zone": "Mars/Base"},
        {"name": ""},
    ],
)
def test_an_invalid_application_is_shown_again_with_what_was_typed(
    customer: "User", client_of: ClientOf, wrong: dict[str, str]
) -> None:
    answer = client_of(customer).post("/mechanics/apply/", APPLICATION | {"skills": "Rotary engines"} | wrong)

    assert answer.status_code == 422
    assert "Rotary engines" in answer.content.decode()
    assert not hasattr(_fresh(customer), "mechanic_profile")


def test_an_application_may_be_as_long_as_its_field_lets_it_become(customer: "User", client_of: ClientOf) -> None:
    """A browser counts a line break as one character, and sends two."""
    lines = "\r\n".join(["Volvo"] * 333 + ["a"])
    answer = client_of(customer).post("/mechanics/apply/", APPLICATION | {"skills": lines, "certifications": lines})
    assert answer.status_code == 303
    profile = _fresh(customer).mechanic_profile
    assert {len(profile.skills), len(profile.certifications)} == {1999}


def test_an_application_keeps_a_zone_that_is_no_city(customer: "User", client_of: ClientOf) -> None:
    """Browsers name some: for "UTC-02" of Windows it is Etc/GMT+2."""
    customer.time_zone = "Etc/GMT+2"
    customer.save(update_fields=["time_zone"])
    client = client_of(customer)
    assert 'value="Etc/GMT+2" selected' in client.get("/mechanics/apply/").content.decode()
    assert client.post("/mechanics/apply/", APPLICATION | {"time_zone": "Etc/GMT+2"}).status_code == 303
    assert _fresh(customer).time_zone == "Etc/GMT+2"
    assert 'value="Etc/GMT+2" selected' in client.get("/account/").content.decode()


def test_a_visitor_has_to_sign_in_before_applying_as_a_mechanic(client: Client) -> None:
    assert client.get("/mechanics/apply/").headers["Location"] == "/sign-in/?next=/mechanics/apply/"


def test_support_approves_an_application_and_the_mechanic_gets_a_mail(
    customer: "User", application: "MechanicProfile", support: "User", client_of: ClientOf, letters: Letters
) -> None:
    page = client_of(support).post(f"/support/mechanics/{application.pk}/", {"act": "approve"}, follow=True)

    assert "Casey Customer gets an email with the answer." in page.content.decode()
    assert _fresh(customer).role == "mechanic"
    application.refresh_from_db()
    assert (application.decided_by, application.taking_sessions) == (support, False)
    (letter,) = letters()
    assert (letter.to, letter.subject) == ([customer.email], "Your application is approved")
    assert "You are approved" in client_of(customer).get("/mechanics/apply/").content.decode()


def test_a_declined_applicant_may_apply_again(
    customer: "User", application: "MechanicProfile", support: "User", client_of: ClientOf, letters: Letters
) -> None:
    no = {"act": "decline", "reason": "No <b>certificate</b> yet"}
    client_of(support).post(f"/support/mechanics/{application.pk}/", no)

    (letter,) = letters()
    assert letter.subject == "Your application as a mechanic"
    assert "The reason: No <b>certificate</b> yet" in str(letter.body)
    client = client_of(customer)
    assert "apply again" in client.get("/mechanics/apply/").content.decode()
    client.post("/mechanics/apply/", APPLICATION)
    application.refresh_from_db()
    assert (application.state, application.decided_at) == ("applied", None)


def test_a_second_decision_on_an_application_is_refused_and_sends_no_mail(
    application: "MechanicProfile", support: "User", letters: Letters
) -> None:
    from autodoctor.accounts import actions

    actions.approve(profile=application, by=support, now=NOW)
    with pytest.raises(actions.Refused):
        actions.approve(profile=application, by=support, now=NOW)

    assert len(letters()) == 1


def test_an_approval_taken_back_ends_the_role_at_once(
    mechanic: "User", support: "User", access_news: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    from autodoctor.accounts import actions

    with django_capture_on_commit_callbacks(execute=True):
        actions.decline(profile=mechanic.mechanic_profile, by=support, now=NOW)

    assert _fresh(mechanic).role == "customer"
    assert actions.mechanics_taking_sessions() == 0
    assert access_news == [(mechanic.pk, None)]


@pytest.mark.parametrize("who", ["support", "mechanic"])
def test_support_and_mechanics_do_not_apply(
    who: str, request: pytest.FixtureRequest, client_of: ClientOf, access_news: list[Any]
) -> None:
    user = request.getfixturevalue(who)
    client = client_of(user)
    client.post("/mechanics/apply/", APPLICATION)
    assert _fresh(user).role == who
    assert "Brakes and hydraulics" not in client.get("/mechanics/apply/").content.decode()


def test_a_mechanic_whose_approval_is_withdrawn_meanwhile_reads_why_the_switch_did_nothing(
    mechanic: "User", support: "User", client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autodoctor.accounts import actions

    switch = actions.set_taking_sessions

    def too_late(**given: Any) -> None:
        actions.decline(profile=mechanic.mechanic_profile, by=support, now=NOW, reason="No longer")
        switch(**given)

    monkeypatch.setattr(actions, "set_taking_sessions", too_late)
    answer = client_of(mechanic).post("/mechanics/taking-sessions/", {"taking": "on"}, follow=True)
    assert "Only approved mechanics take sessions." in answer.content.decode()


def test_a_mechanic_switches_taking_sessions(mechanic: "User", mechanic2: "User", client_of: ClientOf) -> None:
    from autodoctor.accounts.actions import mechanics_taking_sessions

    client = client_of(mechanic)
    assert mechanics_taking_sessions() == 2

    assert client.post("/mechanics/taking-sessions/", {}).headers["Location"] == "/dashboard/"
    assert mechanics_taking_sessions() == 1
    client.post("/mechanics/taking-sessions/", {"taking": "on"})
    assert mechanics_taking_sessions() == 2
    assert client.get("/mechanics/taking-sessions/").status_code == 405


@pytest.mark.parametrize("who", ["customer", "support"])
def test_only_mechanics_have_the_switch_for_taking_sessions(
    who: str, request: pytest.FixtureRequest, client_of: ClientOf
) -> None:
    client = client_of(request.getfixturevalue(who))
    assert client.post("/mechanics/taking-sessions/", {"taking": "on"}).status_code == 404


def test_an_applicant_cannot_take_sessions(customer: "User", application: "MechanicProfile") -> None:
    from autodoctor.accounts import actions

    with pytest.raises(actions.Refused):
        actions.set_taking_sessions(mechanic=customer, taking=True, now=NOW)
