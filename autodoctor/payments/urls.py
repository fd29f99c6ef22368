"""The address that Stripe writes to."""

from django.urls import path

from autodoctor.payments import inbox

urlpatterns = [path("api/stripe/webhook", inbox.webhook, name="stripe-webhook")]
