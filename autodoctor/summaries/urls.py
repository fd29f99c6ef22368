"""Addresses of a session's summary."""

from django.urls import path

from autodoctor.summaries import offline, views, workshop_views

urlpatterns = [
    path("summaries/last/", offline.last_summary, name="last_summary"),
    path("sessions/<uuid:session_id>/summary/", views.summary, name="summary"),
    path("sessions/<uuid:session_id>/summary/draft/", views.draft, name="summary_draft"),
    path("sessions/<uuid:session_id>/summary/proposals/", views.proposals, name="summary_proposals"),
    path("sessions/<uuid:session_id>/summary/preview/", views.preview, name="summary_preview"),
    path("sessions/<uuid:session_id>/summary/corrections/", views.corrections, name="summary_corrections"),
    path("sessions/<uuid:session_id>/summary/summary.pdf", views.summary_pdf, name="summary_pdf"),
    path("sessions/<uuid:session_id>/summary/workshop/", workshop_views.workshop, name="workshop"),
    path("sessions/<uuid:session_id>/summary/parts/<int:position>/", workshop_views.tick_part, name="summary_part"),
]
