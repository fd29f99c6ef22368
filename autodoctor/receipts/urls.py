"""Addresses of a session's receipt and of what follows it."""

from django.urls import path

from autodoctor.receipts import views

urlpatterns = [
    path("sessions/<uuid:session_id>/receipt/", views.receipt, name="receipt"),
    path("sessions/<uuid:session_id>/receipt.pdf", views.receipt_pdf, name="receipt_pdf"),
    path("sessions/<uuid:session_id>/documents/<uuid:document_id>.pdf", views.document_pdf, name="document_pdf"),
]
