"""The address where a mechanic says what they know."""

from django.urls import path

from autodoctor.skills import views

urlpatterns = [path("mechanics/skills/", views.choose, name="skills")]
