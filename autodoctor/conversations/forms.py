"""Forms of the asker."""

import time
from datetime import timedelta
from typing import Any

from django import forms
from django.core import signing
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.forms import NameField
from autodoctor.accounts.models import LONGEST_EMAIL
from autodoctor.conversations.messages import LONGEST
from autodoctor.conversations.topics import Topic
from autodoctor.core.parsing import visible_text

LONGEST_WAIT = timedelta(days=1)  # that a page with the form may stand open
SHORTEST_WAIT = timedelta(seconds=2)  # no person fills in the form so fast
_signer = signing.Signer(salt="autodoctor.conversations.forms")


class TextField(forms.CharField):
    """Words of any length up to `LONGEST`, as the database keeps them."""

    def __init__(self, label: Any) -> None:
        attributes = {"rows": 5, "maxlength": LONGEST}
        super().__init__(label=label, max_length=LONGEST, widget=forms.Textarea(attributes))

    def to_python(self, value: Any) -> str:
        return visible_text(str(value or ""))


class QuestionForm(forms.Form):
    topic = forms.ChoiceField(label=_("What is it about?"), choices=[("", _("Please choose")), *Topic.choices])
    text = TextField(_("Your question"))
    client_id = forms.CharField(widget=forms.HiddenInput, required=False)


class VisitorForm(QuestionForm):
    """The form of somebody without an account. Two fields tell programs from people: one that no person sees, and the
    signed time at which the page was shown.
    """

    name = NameField()
    email = forms.EmailField(
        label=_("Your email address"),
        max_length=LONGEST_EMAIL,
        widget=forms.EmailInput({"autocomplete": "email"}),
        help_text=_("We send a link there. Our team reads your question once you have opened it."),
    )
    website = forms.CharField(
        label=_("Leave this field empty"),
        required=False,
        widget=forms.TextInput({"autocomplete": "off", "tabindex": "-1"}),
    )
    shown = forms.CharField(widget=forms.HiddenInput, required=False)

    field_order = ("topic", "text", "name", "email")

    @property
    def is_from_program(self) -> bool:
        return bool(self.data.get("website"))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        waited = _since(self.data.get("shown", ""))
        if waited is None:
            self.data = {**self.data, "shown": shown_now()}
        if waited is None or waited < SHORTEST_WAIT:
            raise forms.ValidationError(_("Please look through your question once more, then send it."), code="pace")
        return given


def shown_now() -> str:
    """Return the signed time, for a form that is shown now."""
    return _signer.sign_object(time.time())


def _since(mark: str) -> timedelta | None:
    """Return how long ago we showed the form; None if we did not, or too long ago."""
    try:
        waited = timedelta(seconds=time.time() - _signer.unsign_object(mark))
    except signing.BadSignature:
        return None
    return waited if waited <= LONGEST_WAIT else None
