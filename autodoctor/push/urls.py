"""Addresses of the device list and the service worker."""

from django.urls import path

from autodoctor.push import views

urlpatterns = [
    path("account/devices/", views.devices, name="devices"),
    path("account/devices/<uuid:subscription_id>/remove/", views.remove, name="remove_device"),
    path("service-worker.js", views.service_worker, name="service_worker"),
]
