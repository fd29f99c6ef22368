"""The demo's outbox."""

from django.urls import path

from autodoctor.mail import views

urlpatterns = [
    path("outbox/", views.letters, name="outbox"),
    path("outbox/<str:name>/", views.letter, name="outbox_letter"),
    path("outbox/<str:name>/html/", views.letter_html, name="outbox_html"),
    path("outbox/<str:name>/attachments/<int:number>/", views.letter_attachment, name="outbox_attachment"),
]
