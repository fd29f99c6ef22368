"""Addresses of the legal pages."""

from django.urls import path

from autodoctor.legal import views

urlpatterns = [path("legal/<slug:slug>/", views.legal, name="legal")]
