""" "Did the repair hold?": asked a week after the session, answered with one press, by link or signed in."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from autodoctor.accounts import actions as accounts
from autodoctor.accounts.models import User
from autodoctor.core.errors import Refused
from autodoctor.mail.rendering import render
from autodoctor.sessions.lifecycle.follow_ups import MOST_ANSWERS, answer_follow_up
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries import follow_ups
from autodoctor.sessions.queries.follow_ups import OPEN_FOR, link_path
from autodoctor.sessions.states import FollowUp
from autodoctor.sessions.tests.story import Story

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
A_WEEK = timedelta(days=7)


@pytest.fixture
def asked(story: Story) -> Story:
    """A week has passed since a session with a summary."""
    story.live().end(story.customer).summarize().wait(minutes=7 * 24 * 60)
    return story


@pytest.fixture
def asked_now(asked: Story) -> Story:
    """The same by the clock of this machine, for pages."""
    shift = timezone.now() - asked.now
    session = asked.session
    moments = {name: getattr(session, name) + shift for name in ("created_at", "ended_at", "summarized_at")}
    Session.objects.filter(pk=asked.id).update(**moments)
    return asked


def answer(story: Story, given: FollowUp = FollowUp.YES, *, by: User | None = None, at: datetime | None = None) -> None:
    answer_follow_up(session_id=story.id, by=by or story.customer, answer=given, now=at or story.now)


def page(story: Story) -> str:
    return f"/sessions/{story.id}/follow-up/"


def link(story: Story) -> str:
    return link_path(story.id)


def signed_for(story: Story, given: str, words: str) -> bool:
    """Whether a mail has a link with this answer to this session. The signature holds the second of its making."""
    found = re.findall(rf"/follow-up/\?token=([\w%-]+)&answer={given}\b", words)
    return [follow_ups.session_in(unquote(token)) for token in found] == [story.id]


def text(found: Any) -> str:
    return str(found.content.decode())


# The question


def test_the_customer_is_asked_by_mail_a_week_after_a_session_with_a_summary(asked: Story) -> None:
    (nudge,) = [event for event in asked.events("nudge.customer") if event.rule == "follow_up.ask"]
    assert nudge.at == (asked.session.ended_at or nudge.at) + A_WEEK
    assert asked.mails().count("follow_up") == 1


def test_nobody_is_asked_without_a_summary_and_a_late_one_asks_at_once(story: Story) -> None:
    story.live().end(story.customer).wait(minutes=9 * 24 * 60)
    assert "follow_up.ask" not in story.rules()
    assert "follow_up.ask" in story.summarize().wait().rules()


def test_a_session_that_did_not_take_place_asks_nothing(story: Story) -> None:
    story.pay().wait(minutes=9 * 24 * 60)
    assert "follow_up.ask" not in story.rules()


def test_who_does_not_want_the_mail_gets_none_and_is_still_asked_on_the_page(story: Story) -> None:
    accounts.save_account(user=story.customer, name="Casey", time_zone="", wants_follow_ups=False)
    story.live().end(story.customer).summarize().wait(minutes=7 * 24 * 60)
    assert "follow_up.ask" in story.rules()
    assert "follow_up" not in story.mails()
    assert list(follow_ups.asked_of(story.customer, story.now)) == [story.session]


def test_the_mail_leads_to_each_answer_without_a_sign_in(asked: Story) -> None:
    facts = {"session_id": str(asked.id), "plan": "Quick Chat", "mechanic": "Morgan", "vehicle": "2014 Volvo V60"}
    facts["ended_at"] = asked.now.isoformat()
    letter = render("sessions/mail/follow_up", facts, time_zone="UTC")
    for given in FollowUp.values:
        for words in (letter.text, letter.html.replace("&amp;", "&")):
            assert signed_for(asked, given, words)
    assert "2014 Volvo V60" in letter.text


# The answer


def test_the_answer_stands_in_the_log_once_and_a_later_one_replaces_it(asked: Story) -> None:
    answer(asked, FollowUp.NOT_YET)
    answer(asked, FollowUp.NOT_YET)
    answer(asked, FollowUp.YES)
    assert [event.data["answer"] for event in asked.events("follow_up.answered")] == ["not_yet", "yes"]
    assert {event.audience for event in asked.events("follow_up.answered")} == {"customer"}
    assert (asked.session.follow_up, asked.session.follow_up_at) == ("yes", asked.now)


def test_only_the_customer_answers_and_only_while_the_question_stands(
    asked: Story, stranger: User, support: User
) -> None:
    for person, code in ((asked.mechanic, "not_the_customer"), (support, "not_the_customer")):
        with pytest.raises(Refused) as refused:
            answer(asked, by=person)
        assert refused.value.code == code
    with pytest.raises(Session.DoesNotExist):
        answer(asked, by=stranger)
    second = timedelta(seconds=1)
    for moment in (asked.now - second, asked.now + OPEN_FOR):
        with pytest.raises(Refused) as refused:
            answer(asked, at=moment)
        assert refused.value.code == "follow_up_closed"
    answer(asked, at=asked.now + OPEN_FOR - second)
    assert asked.session.follow_up == "yes"


def test_the_dashboard_asks_until_there_is_an_answer_or_the_time_is_over(asked: Story) -> None:
    assert list(follow_ups.asked_of(asked.customer, asked.now - timedelta(seconds=1))) == []
    assert list(follow_ups.asked_of(asked.customer, asked.now)) == [asked.session]
    assert list(follow_ups.asked_of(asked.mechanic, asked.now)) == []
    assert list(follow_ups.asked_of(asked.customer, asked.now + OPEN_FOR)) == []
    answer(asked)
    assert list(follow_ups.asked_of(asked.customer, asked.now)) == []


def test_the_number_of_answers_of_a_session_is_limited(asked: Story) -> None:
    for number in range(MOST_ANSWERS):
        answer(asked, FollowUp.NO if number % 2 else FollowUp.YES)
    with pytest.raises(Refused) as refused:
        answer(asked, FollowUp.YES)
    assert refused.value.code == "too_many"
    assert len(asked.events("follow_up.answered")) == MOST_ANSWERS


# The pages


def test_opening_a_link_changes_nothing_and_pressing_answers(asked_now: Story, client: Client) -> None:
    for _ in range(2):
        opened = client.get(f"{link(asked_now)}&answer=no")
        assert "Press once more to send your answer" in text(opened)
        assert client.head(f"{link(asked_now)}&answer=no").status_code == 200
    assert asked_now.session.follow_up == ""
    sent = client.post(link(asked_now), {"answer": "no"})
    assert sent.status_code == 303
    assert "No, the problem is back" in text(client.get(sent.headers["Location"]))
    assert asked_now.session.follow_up == "no"
    assert [event.data["by_link"] for event in asked_now.events("follow_up.answered")] == [True]


def test_no_leads_back_to_booking(asked_now: Story, client: Client) -> None:
    client.post(link(asked_now), {"answer": "no"})
    assert 'href="/book/?plan=chat"' in text(client.get(link(asked_now)))
    client.post(link(asked_now), {"answer": "yes"})
    assert "/book/?plan=chat" not in text(client.get(link(asked_now)))


def test_the_dashboard_answers_with_one_press(asked_now: Story, client_of: ClientOf) -> None:
    client = client_of(asked_now.customer)
    shown = text(client.get("/dashboard/"))
    assert "Did the repair hold?" in shown
    assert f'action="{page(asked_now)}"' in shown
    assert "Did the repair hold?" not in text(client_of(asked_now.mechanic).get("/dashboard/"))
    assert client.post(page(asked_now), {"answer": "yes"}).status_code == 303
    assert asked_now.session.follow_up == "yes"
    assert asked_now.events("follow_up.answered")[0].data["by_link"] is False
    assert "Did the repair hold?" not in text(client.get("/dashboard/"))


def test_the_link_can_refuse_further_mails_and_the_account_allows_them_again(
    asked_now: Story, client: Client, client_of: ClientOf
) -> None:
    client.post(link(asked_now), {"stop": "1"})
    assert User.objects.get(pk=asked_now.customer.pk).wants_follow_ups is False
    mine = client_of(asked_now.customer)
    assert "checked" not in text(mine.get("/account/")).split('name="wants_follow_ups"')[1].split(">")[0]
    mine.post("/account/", {"name": "Casey Customer", "time_zone": "", "wants_follow_ups": "on"})
    assert User.objects.get(pk=asked_now.customer.pk).wants_follow_ups is True


@pytest.mark.parametrize("given", ["", "perhaps", "YES", "x" * 5000, "\0"])
def test_what_is_no_answer_changes_nothing(asked_now: Story, client: Client, given: str) -> None:
    assert client.post(link(asked_now), {"answer": given}).status_code == 303
    assert asked_now.session.follow_up == ""


def test_a_link_of_somebody_who_was_shut_out_is_not_there(asked_now: Story, client: Client) -> None:
    User.objects.filter(pk=asked_now.customer.pk).update(is_active=False)
    assert client.get(link(asked_now)).status_code == 404
    assert client.post(link(asked_now), {"answer": "yes"}).status_code == 404
    assert asked_now.session.follow_up == ""


@pytest.mark.parametrize("change", [lambda link: link[:-1], lambda link: link.replace("%3A", "", 1), lambda link: "x"])
def test_a_link_that_is_not_ours_is_not_there(asked_now: Story, client: Client, change: Callable[[str], str]) -> None:
    token = change(link(asked_now).partition("token=")[2])
    for path in (f"/follow-up/?token={token}", "/follow-up/", "/follow-up/?token=%00"):
        assert client.get(path).status_code == 404
        assert client.post(path, {"answer": "yes"}).status_code == 404


def test_a_token_of_another_purpose_is_not_a_link(asked_now: Story, client: Client) -> None:
    assert client.get(f"/follow-up/?token={signing.dumps(str(asked_now.id))}").status_code == 404


def test_before_the_question_there_is_no_page_and_afterwards_it_says_so(
    asked_now: Story, client: Client, client_of: ClientOf, stranger: User, support: User
) -> None:
    for person in (asked_now.mechanic, stranger, support):
        assert client_of(person).get(page(asked_now)).status_code == 404
        assert client_of(person).post(page(asked_now), {"answer": "yes"}).status_code == 404
    ended_at = asked_now.session.ended_at
    assert ended_at
    Session.objects.filter(pk=asked_now.id).update(ended_at=ended_at + timedelta(hours=1))
    assert client.get(link(asked_now)).status_code == 404
    Session.objects.filter(pk=asked_now.id).update(ended_at=ended_at - OPEN_FOR - timedelta(hours=1))
    assert "can no longer be answered" in text(client.get(link(asked_now)))
    assert client.post(link(asked_now), {"answer": "yes"}).status_code == 409
    assert asked_now.session.follow_up == ""
