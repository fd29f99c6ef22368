"""A new rule needs one row and one mail template: the rule fires, is shown in words, and support can change it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from django.apps import apps
from django.db.models.signals import post_migrate
from django.test import Client
from django.utils.translation import gettext_lazy as _
from pytest_django import Settings

from autodoctor.accounts.models import Role, User
from autodoctor.mail.rendering import render
from autodoctor.scheduler.handlers import Handler
from autodoctor.scheduler.models import Job
from autodoctor.sessions.jobs.handlers import run_deadline
from autodoctor.sessions.rules import durations, triggers
from autodoctor.sessions.rules.durations import WAITS, Wait
from autodoctor.sessions.rules.rule import Rule
from autodoctor.sessions.rules.table import ACCEPTED, DEADLINES, RULES, add_rule, alert, nudge
from autodoctor.sessions.tests.story import HANDLERS, Story
from autodoctor.support.case_timeline import lines

pytestmark = pytest.mark.django_db
ADMIN = "/admin/autodoctor_sessions/ruletime/"
MAIL = "Subject: Bring the key\n\nPlease have the key of your car at hand: {{ plan }}.\n"
NUDGE = Rule(
    "customer.key",
    _("The customer should fetch the key"),
    ACCEPTED,
    triggers.IN_STATE,
    Wait("customer_key", 90, least=30, most=10 * 60, before="customer_second_nudge"),
    nudge(Role.CUSTOMER, mail="customer_key"),
    once_per=lambda session: session.state_seq,
)
ALERT = Rule(
    "customer.no_key",
    _("The customer has no key"),
    ACCEPTED,
    triggers.IN_STATE,
    Wait("customer_no_key", 100, least=30, most=10 * 60),
    alert(),
    once_per=lambda session: session.state_seq,
)


@pytest.fixture(autouse=True)
def rows_are_added(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Add both rows as if they stood in the table at the start, after `migrate`."""
    monkeypatch.setattr(durations, "_changed", {})
    handlers = {rule.kind: Handler(run_deadline) for rule in (NUDGE, ALERT)}
    with patch.dict(RULES), patch.dict(DEADLINES), patch.dict(WAITS), patch.dict(HANDLERS, handlers):
        for rule in (NUDGE, ALERT):
            add_rule(rule)
        config = apps.get_app_config("autodoctor_sessions")
        post_migrate.send(sender=config, app_config=config, verbosity=0, interactive=False, using="default")
        yield


@pytest.fixture(autouse=True)
def mail_template(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "sessions" / "mail").mkdir(parents=True)
    (tmp_path / "sessions" / "mail" / "customer_key.txt").write_text(MAIL)
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [*settings.TEMPLATES[0]["DIRS"], tmp_path]}]


def test_a_new_rule_fires_at_its_second_once_and_is_logged(story: Story) -> None:
    story.pay().accept().wait(seconds=89)
    assert not story.events("nudge.customer")
    (event,) = story.wait(seconds=1).events("nudge.customer")
    assert (event.rule, event.audience, event.data["minutes"]) == ("customer.key", "customer", 1.5)
    story.wait(seconds=20)
    assert len(story.events("nudge.customer")) == 1


def test_a_new_rule_is_mailed(story: Story) -> None:
    story.pay().accept().wait(seconds=90)
    job = Job.objects.get(kind="mail.send", payload__template="sessions/mail/customer_key")
    letter = render(job.payload["template"], job.payload["context"], time_zone="UTC")
    assert letter.subject == "Bring the key"
    assert "key of your car at hand: Quick Chat." in letter.text


def test_the_words_of_a_new_rule_are_on_the_customers_page(story: Story, client_of: Callable[[User], Client]) -> None:
    story.pay().accept().wait(seconds=90)
    page = client_of(story.customer).get(f"/sessions/{story.id}/").content.decode()
    assert '<template data-call="customer.key">The customer should fetch the key</template>' in page
    page = client_of(story.mechanic).get(f"/sessions/{story.id}/").content.decode()
    assert "customer.key" not in page


def test_support_reads_a_new_rule_in_the_timeline_and_on_the_board(
    story: Story, support: User, client_of: Callable[[User], Client]
) -> None:
    story.pay().accept().wait(seconds=100)
    told = [line.words for line in lines(story.session)]
    assert "Nudge to the customer: The customer should fetch the key" in told
    assert "Alert: The customer has no key" in told
    assert "The customer has no key" in client_of(support).get("/support/").content.decode()


def test_support_changes_the_waiting_time_of_a_new_rule_within_its_bounds(
    story: Story, support: User, client_of: Callable[[User], Client]
) -> None:
    client, page = client_of(support), f"{ADMIN}customer_key/change/"
    assert "The customer should fetch the key (the session entered this state)" in client.get(ADMIN).content.decode()
    assert "From 30 to 600 seconds." in client.post(page, {"seconds": "5"}).content.decode()
    assert "must be shorter than" in client.post(page, {"seconds": "400"}).content.decode()
    assert client.post(page, {"seconds": "45"}).status_code == 302
    durations.refresh()
    assert story.pay().accept().wait(seconds=44).events("nudge.customer") == []
    assert len(story.wait(seconds=1).events("nudge.customer")) == 1
