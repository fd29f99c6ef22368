"""Addresses of a session's summary."""

from django.urls import path

from autodoctor.summaries import views

urlpatterns = [
    path("sessions/<uuid:session_id>/summary/", views.summary, name="summary"),
    path("sessions/<uuid:session_id>/summary/draft/", views.draft, name="summary_draft"),
    path("sessions/<uuid:session_id>/summary/preview/", views.preview, name="summary_preview"),
    path("sessions/<uuid:session_id>/summary/corrections/", views.corrections, name="summary_corrections"),
    path("sessions/<uuid:session_id>/summary/summary.pdf", views.summary_pdf, name="summary_pdf"),
]
