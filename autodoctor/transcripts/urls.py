"""The address of the buttons about the transcript."""

from django.urls import path

from autodoctor.transcripts import views

urlpatterns = [path("sessions/<uuid:session_id>/transcript/agreement/", views.agreement, name="transcript_agreement")]
