"""The times of the rules: seen and changed by support, within bounds, and followed by sessions that are open."""

import importlib
import sys
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.core.errors import Refused
from autodoctor.scheduler.models import Job
from autodoctor.sessions.jobs.sweep import sweep
from autodoctor.sessions.models import RuleTime
from autodoctor.sessions.rules import durations
from autodoctor.sessions.rules.table import DEADLINES
from autodoctor.sessions.rules.triggers import duration
from autodoctor.sessions.tests.story import NOON, Story

pytestmark = pytest.mark.django_db
ADMIN = "/admin/autodoctor_sessions/ruletime/"


@pytest.fixture(autouse=True)
def as_the_settings_say_again() -> Iterator[None]:
    yield
    durations._changed = {}


@pytest.fixture
def client(support: User) -> Client:
    client = Client()
    client.force_login(support)
    return client


def change(name: str, value: int | None) -> None:
    durations.change(name=name, value=value, now=NOON)
    durations.refresh()


def test_every_time_of_a_rule_may_be_changed() -> None:
    used = {wait.name for rule in DEADLINES.values() for wait in rule.waits}
    assert used - set(durations.editable()) == {"missing_grace"}  # the heartbeat of sockets is no rule of ours


def test_a_name_that_no_rule_has_stops_the_start_with_one_sentence(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEADLINES = {"unheard_of": 5}
    sentence = r"DEADLINES in the environment names what no rule waits for: unheard_of\."
    with pytest.raises(SystemCheckError, match=sentence):
        call_command("check")
    monkeypatch.delitem(sys.modules, "autodoctor.asgi", raising=False)
    with pytest.raises(SystemExit, match=f"^{sentence}"):
        importlib.import_module("autodoctor.asgi")


def test_each_waiting_time_is_declared_by_one_rule() -> None:
    defaults: dict[str, set[durations.Wait]] = {}
    for rule in DEADLINES.values():
        for wait in rule.waits:
            defaults.setdefault(wait.name, set()).add(wait)
    assert all(len(found) == 1 for found in defaults.values())
    assert all(not wait.before or wait.before in defaults for (wait,) in defaults.values())


def test_the_default_waiting_times_are_within_their_bounds_and_in_order() -> None:
    durations.check({name: wait.seconds for name, wait in durations.editable().items()})


def test_nobody_waits_for_a_customer_longer_than_for_a_no_show(story: Story, mechanic: User) -> None:
    change("mechanic_time_spent", 30 * 60)
    story.pay().accept().wait(minutes=2).join(mechanic).wait(minutes=9, seconds=59)
    assert story.session.state == "accepted"
    story.wait(seconds=1)
    assert story.session.end_reason == "customer_no_show"


def test_a_shortened_waiting_time_applies_to_open_sessions(story: Story) -> None:
    story.pay()
    change("unnoticed", 60)
    assert Job.objects.filter(kind="sessions.realign").exists()
    assert sweep(story.now) == 1
    assert story.wait(seconds=59).rules() == []
    assert story.wait(seconds=1).rules() == ["request.unnoticed"]


def test_a_lengthened_waiting_time_applies_to_open_sessions(story: Story) -> None:
    story.pay()
    change("unnoticed", 300)
    sweep(story.now)
    assert story.wait(seconds=299).rules() == []
    assert story.wait(seconds=1).rules() == ["request.unnoticed"]


def test_a_waiting_time_without_seconds_is_that_of_the_settings() -> None:
    change("unnoticed", 60)
    assert duration("unnoticed").total_seconds() == 60
    change("unnoticed", None)
    assert duration("unnoticed").total_seconds() == durations.standard_seconds("unnoticed")


def test_another_process_learns_of_a_changed_waiting_time_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    durations.refresh()
    RuleTime.objects.filter(name="unnoticed").update(seconds=90)
    durations.refresh_if_stale()
    assert duration("unnoticed").total_seconds() == durations.standard_seconds("unnoticed")
    monkeypatch.setattr(durations, "_read_at", durations._read_at - durations.REFRESH_SECONDS - 1)
    durations.refresh_if_stale()
    assert duration("unnoticed").total_seconds() == 90


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("cap", 3 * 60 * 60 + 1, "out_of_bounds"),  # never more than a session may last
        ("unnoticed", 0, "out_of_bounds"),
        ("unnoticed", 900, "out_of_order"),  # after the offer to stop
        ("warn_last", 300, "out_of_order"),
        ("mechanic_not_in", 300, "out_of_order"),
    ],
)
def test_an_invalid_waiting_time_is_refused(name: str, value: int, code: str) -> None:
    with pytest.raises(Refused, match=code):
        change(name, value)
    assert duration(name).total_seconds() == durations.standard_seconds(name)


def test_the_admin_shows_every_waiting_time_with_its_rule(client: Client) -> None:
    shown = client.get(ADMIN).content.decode()
    assert all(f">{name}<" in shown for name in durations.editable())
    assert "No mechanic has accepted yet (the session entered this state)" in shown


def test_support_changes_a_waiting_time_in_the_admin_within_its_bounds(client: Client) -> None:
    page = f"{ADMIN}unnoticed/change/"
    assert "From 30 to 3600 seconds." in client.post(page, {"seconds": "5"}).content.decode()
    assert client.post(page, {"seconds": "120"}).status_code == 302
    assert RuleTime.objects.get(name="unnoticed").seconds == 120
    assert Job.objects.filter(kind="sessions.realign").exists()
    assert client.post(f"{ADMIN}add/", {"name": "x", "seconds": "1"}).status_code == 403
