"""What a question to support is about, in a session and outside of one."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Reason(TextChoices):
    """The topics within a session."""

    CONNECTION = "connection", _("Sound, picture or connection")
    MISSING = "missing", _("The other person does not come or answer")
    PAYMENT = "payment", _("Payment or price")
    BEHAVIOR = "behaviour", _("How I am being treated")
    DANGER = "danger", _("Something is not safe")
    OTHER = "other", _("Something else")


class Topic(TextChoices):
    """The topics without a session."""

    BOOKING = "booking", _("A question before I book")
    ACCOUNT = "account", _("My account or signing in")
    PAYMENT = "payment", _("Payment, refund or receipt")
    MECHANICS = "mechanics", _("Working as a mechanic")
    PRIVACY = "privacy", _("My data and privacy")
    OTHER = "other", _("Something else")


_WORDS = {**dict(Reason.choices), **dict(Topic.choices)}


def topic_words(topic: str) -> str:
    """Return the topic in words; empty for an unknown one."""
    return str(_WORDS.get(topic, ""))
