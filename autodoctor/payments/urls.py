"""The address of Stripe's webhook."""

from django.urls import path

from autodoctor.payments import webhook_inbox

urlpatterns = [path("api/stripe/webhook", webhook_inbox.webhook, name="stripe-webhook")]
