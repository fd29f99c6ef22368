"""Addresses of a handover on the phone."""

from django.urls import path

from autodoctor.handover import views

urlpatterns = [
    path("handover/", views.enter, name="handover"),
    path("handover/<str:code>/", views.opened, name="handover_code"),
]
