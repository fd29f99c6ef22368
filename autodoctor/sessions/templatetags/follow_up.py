"""The question whether a repair held: its answers, and its link in a mail."""

from django import template

from autodoctor.sessions.models import Session
from autodoctor.sessions.queries.follow_ups import link_path
from autodoctor.sessions.states import FollowUp

register = template.Library()


@register.filter
def follow_up_answers(session: Session) -> list[tuple[str, str]]:
    """Return value and label of each answer that the customer has not given yet."""
    return [(answer.value, str(answer.label)) for answer in FollowUp if answer != session.follow_up]


register.filter("follow_up_path", link_path)
