"""Issued documents, for support to read."""

from django.contrib import admin

from autodoctor.core.admin_base import ReadOnly
from autodoctor.receipts.models import Document


@admin.register(Document)
class DocumentAdmin(ReadOnly):
    list_display = ("number", "kind", "session", "amount_cents", "currency", "issued_at")
    list_filter = ("kind", "year")
    list_select_related = ("session",)
    exclude = ("pdf",)
