"""The addresses of signed files."""

from django.urls import path

from autodoctor.files import views

urlpatterns = [path("files/<uuid:file_id>/<slug:rendition>/", views.serve, name="file")]
