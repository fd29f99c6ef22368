"""Queue a mail: it is sent after the caller's transaction has committed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NotRequired
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser

from autodoctor.scheduler.handlers import JobKind, JobPayload
from autodoctor.scheduler.queue import schedule


class MailJob(JobKind):
    SEND = "mail.send"


class SendMail(JobPayload):
    """The mail, and its recipient: a person by `user_id`, or a bare `address`. `answers_to`: of `queue_mail`."""

    template: str
    context: dict[str, Any]
    user_id: NotRequired[str]
    address: NotRequired[str]
    answers_to: NotRequired[str]


def queue_mail(
    template: str,
    *,
    to: AbstractBaseUser | str,
    context: Mapping[str, Any],
    key: str,
    now: datetime,
    session_id: UUID | None = None,
    answers_to: UUID | None = None,
) -> None:
    """Queue a mail to a person, or to a bare address, in the caller's transaction.

    `template` names `<template>.txt`, whose first line is "Subject: …". `context` is JSON; its keys ending in `_at`
    hold ISO 8601 times and arrive in the template as moments in the recipient's time zone. `site_url` and `to_name`
    are added. `key` (at most 120 characters) stands for this one mail: posted again while it waits, it is sent once,
    and its Message-ID is always the same. `session_id`: the session that it is about. `answers_to`: the
    conversation that an answer belongs to; an answer to a mail about a session belongs to that.
    """
    mail = SendMail(template=template, context=dict(context))
    if isinstance(to, str):
        mail["address"] = to
    else:
        mail["user_id"] = str(to.pk)
    if answers_to:
        mail["answers_to"] = str(answers_to)
    schedule(MailJob.SEND, key, now, session_id=session_id, payload=mail)
