from django.urls import path

from autodoctor.health import views

urlpatterns = [path("metrics", views.metrics, name="metrics")]
