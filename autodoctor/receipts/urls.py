"""Addresses of a session's receipt."""

from django.urls import path

from autodoctor.receipts import views

urlpatterns = [
    path("sessions/<uuid:session_id>/receipt/", views.receipt, name="receipt"),
    path("sessions/<uuid:session_id>/receipt.pdf", views.receipt_pdf, name="receipt_pdf"),
]
