"""Addresses of help without a session."""

from django.urls import path

from autodoctor.conversations import views

urlpatterns = [
    path("help/", views.help_page, name="help_page"),
    path("help/open/", views.open_link, name="help_open"),
    path("help/<uuid:conversation_id>/", views.conversation, name="conversation"),
    path("help/<uuid:conversation_id>/files/<uuid:file_id>/", views.conversation_file, name="conversation_file"),
    path(
        "help/<uuid:conversation_id>/files/<uuid:file_id>/thumbnail/",
        views.conversation_file,
        {"thumbnail": True},
        name="conversation_file_thumbnail",
    ),
    path("help/<uuid:conversation_id>/confirm/", views.confirm, name="help_confirm"),
]
