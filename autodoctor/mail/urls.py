"""The demo's outbox."""

from django.urls import path

from autodoctor.mail import views

urlpatterns = [
    path("outbox/", views.letters, name="outbox"),
    path("outbox/<str:name>/", views.letter, name="outbox_letter"),
]
