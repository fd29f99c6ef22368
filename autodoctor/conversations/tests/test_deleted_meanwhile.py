"""A visitor's conversation whose time is over while somebody writes in it."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.conversations import asking, links
from autodoctor.conversations.models import Conversation
from autodoctor.conversations.tests.conftest import NOON
from tests.kit.meanwhile import at_every_moment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.on_postgres]
Act = Callable[[Client, Conversation], int]


def delete(conversation: Conversation) -> None:
    Conversation.objects.filter(pk=conversation.pk).delete()


def ask() -> Conversation:
    question = asking.Question(topic="booking", text="Do you know old cars?")
    return asking.ask_as_visitor(question, name="Vera", email=f"{uuid4()}@example.com", now=NOON)


def confirmed() -> Conversation:
    return asking.confirm(conversation_id=ask().pk, now=NOON)


def test_a_question_that_expires_while_its_visitor_writes_more_is_not_found(db: None) -> None:
    def opened() -> tuple[Client, Conversation]:
        conversation, browser = confirmed(), Client()
        browser.get(links.opening_path(conversation))
        return browser, conversation

    *before, last = at_every_moment(
        Conversation,
        prepare=opened,
        act=lambda case: case[0].post(f"/help/{case[1].pk}/", {"text": "And trucks?"}).status_code,
        other=lambda case: delete(case[1]),
    )
    assert (set(before), last) == ({404}, 303)


def test_a_question_that_expires_while_its_visitor_confirms_it_is_not_found(db: None) -> None:
    def opened() -> tuple[Client, Conversation]:
        conversation, browser = ask(), Client()
        browser.get(links.opening_path(conversation))
        return browser, conversation

    *before, last = at_every_moment(
        Conversation,
        prepare=opened,
        act=lambda case: case[0].post(f"/help/{case[1].pk}/confirm/").status_code,
        other=lambda case: delete(case[1]),
    )
    assert (set(before), last) == ({404}, 303)


@pytest.mark.parametrize("form", [{"act": "take"}, {"act": "answer", "text": "Yes."}, {"act": "close", "note": "Spam"}])
def test_a_question_that_expires_while_support_works_on_it_is_not_found(
    support: User, client_of: Callable[[User], Client], form: dict[str, str]
) -> None:
    desk = client_of(support)
    *before, last = at_every_moment(
        Conversation,
        prepare=confirmed,
        act=lambda case: desk.post(f"/support/conversations/{case.pk}/", form).status_code,
        other=delete,
    )
    assert (set(before), last) == ({404}, 303)
