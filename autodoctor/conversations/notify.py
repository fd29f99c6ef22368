"""Mails and push messages about conversations."""

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from autodoctor.accounts.models import User
from autodoctor.conversations import links
from autodoctor.conversations.models import Conversation
from autodoctor.core import links as core_links
from autodoctor.mail.queue import queue_mail
from autodoctor.push import queue as push

PUSH_IS_NEWS = timedelta(hours=12)
ALERT_IS_NEWS = timedelta(minutes=30)


def answered(conversation: Conversation, text: str, now: datetime) -> None:
    """Send support's answer to the asker."""
    _mail_asker(conversation, "answered", now, text=text)
    if conversation.person:
        note = push.PushNote(
            title=_("Our support team has answered you"),
            body=conversation.topic_words,
            path=reverse("conversation", args=[conversation.id]),
            topic=f"{conversation.id}:answer",
            until=now + PUSH_IS_NEWS,
            urgent=False,
        )
        push.queue_push(note, to=[conversation.person.pk], now=now)


def closed(conversation: Conversation, now: datetime) -> None:
    """Tell the asker that the conversation is closed, and how to open it again."""
    _mail_asker(conversation, "closed", now)


def alert_support(conversation: Conversation, template: str, title: str, now: datetime) -> None:
    """Mail all of support about a question without an answer, and send push messages to those who turned them on."""
    everybody = list(User.objects.filter(is_staff=True, is_active=True))
    for person in everybody:
        key = f"help:{template}:{conversation.id}:{conversation.seq}:{now:%Y%m%d%H%M}:{person.id}"
        facts = {"conversation_id": str(conversation.id), "name": conversation.who}
        facts |= {"topic": conversation.topic, "asked_at": conversation.state_at.isoformat()}
        queue_mail(f"conversations/mail/{template}", to=person, context=facts, key=key, now=now)
    note = push.PushNote(
        title=title,
        body=conversation.who,
        path=core_links.support_conversation(conversation.id),
        topic=f"{conversation.id}:alert",
        until=now + ALERT_IS_NEWS,
        seen_at=(core_links.support_board(),),
    )
    push.queue_push(note, to=[person.pk for person in everybody], now=now)


def _mail_asker(conversation: Conversation, template: str, now: datetime, **more: str) -> None:
    facts = {"page": links.page(conversation), "topic": conversation.topic, **more}
    queue_mail(
        f"conversations/mail/{template}",
        to=conversation.person or conversation.email,
        context=facts,
        key=f"help:{template}:{conversation.id}:{conversation.seq}",
        now=now,
        answers_to=conversation.id,
    )
