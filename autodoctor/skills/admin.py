"""Makes and systems, edited by support."""

from django.contrib import admin

from autodoctor.core.admin_base import EditedBySupport
from autodoctor.skills.models import Skill


@admin.register(Skill)
class SkillAdmin(EditedBySupport):
    list_display = ("name", "kind", "codes", "active", "position")
    list_display_links = ("name",)
    list_editable = ("active", "position")
    list_filter = ("kind", "active")
    search_fields = ("name", "also", "codes")
