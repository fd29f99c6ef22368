"""The free question after a session, as lists and cards show it."""

from datetime import datetime

from django import template
from django.utils import timezone

from autodoctor.sessions.models import Session
from autodoctor.sessions.queries.questions import QuestionThread

register = template.Library()


@register.filter
def question_thread(session: Session) -> QuestionThread:
    return QuestionThread(session)


@register.filter
def may_be_asked(thread: QuestionThread) -> bool:
    now: datetime = timezone.now()
    return thread.may_be_asked(now)
