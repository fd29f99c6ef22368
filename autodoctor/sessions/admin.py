"""The admin of rule waits. Support can change them; nothing else of a session is editable."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.admin import SupportAdmin
from autodoctor.core.errors import Refused
from autodoctor.sessions.formatting import format_duration as in_words
from autodoctor.sessions.models import RuleTime
from autodoctor.sessions.rules import durations
from autodoctor.sessions.rules.table import DEADLINES


class RuleTimeForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when it runs
    class Meta:
        model = RuleTime
        fields = ("seconds",)

    def clean_seconds(self) -> int | None:
        seconds = cast(int | None, self.cleaned_data["seconds"])
        try:
            durations.check({self.instance.name: seconds})
        except Refused as refused:
            raise forms.ValidationError(refused.detail) from None
        return seconds


@admin.register(RuleTime)
class RuleTimeAdmin(SupportAdmin):
    """An empty value means the default from the settings. A change reaches open sessions immediately."""

    form = RuleTimeForm
    list_display = ("name", "rules", "standard", "limits", "now")
    readonly_fields = ("name", "rules", "standard", "limits", "now")
    fields = ("name", "rules", "standard", "limits", "seconds")
    search_fields = ("name",)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return self.has_module_permission(request)

    @admin.display(description=_("what waits, and since when"))
    def rules(self, row: RuleTime) -> SafeString:
        waits = durations.WAITS[row.name]
        using = [(rule.words, rule.since.words) for rule in DEADLINES.values() if waits in rule.waits]
        return format_html_join("; ", "{} ({})", using)

    @admin.display(description=_("standard"))
    def standard(self, row: RuleTime) -> str:
        return in_words(durations.standard_seconds(row.name))

    @admin.display(description=_("limits"))
    def limits(self, row: RuleTime) -> str:
        least, most = durations.WAITS[row.name].least, durations.WAITS[row.name].most
        return f"{in_words(least)} – {in_words(most)} ({least} – {most} s)"

    @admin.display(description=_("now"))
    def now(self, row: RuleTime) -> str:
        return in_words(durations.standard_seconds(row.name) if row.seconds is None else row.seconds)

    def save_model(self, request: HttpRequest, obj: RuleTime, form: Any, change: bool) -> None:
        durations.change(name=obj.name, value=obj.seconds, now=timezone.now())
