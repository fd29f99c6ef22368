"""Addresses of the device list, the service worker, and the page that it shows without a connection."""

from django.urls import path

from autodoctor.push import views

urlpatterns = [
    path("account/devices/", views.devices, name="devices"),
    path("account/devices/<uuid:subscription_id>/remove/", views.remove, name="remove_device"),
    path("offline/", views.offline, name="offline"),
    path("service-worker.js", views.service_worker, name="service_worker"),
]
