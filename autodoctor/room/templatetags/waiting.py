"""Words for a customer who waits for a mechanic."""

from datetime import datetime

from django import template

from autodoctor.sessions.queries.wait_estimate import Estimate, estimate_wait

register = template.Library()


@register.simple_tag
def wait_estimate(now: datetime) -> Estimate | None:
    return estimate_wait(now)
