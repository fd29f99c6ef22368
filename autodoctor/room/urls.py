"""Addresses of a session. The three older addresses redirect to the current one."""

from django.urls import path

from autodoctor.room.pages import help_views, views

urlpatterns = [
    path("check/", views.check, name="check"),
    path("sessions/<uuid:session_id>/", views.room, name="room"),
    path("sessions/<uuid:session_id>/panel/", views.panel, name="room-panel"),
    path("sessions/<uuid:session_id>/transcript/", views.transcript, name="transcript"),
    path("sessions/<uuid:session_id>/accept/", views.accept, name="accept"),
    path("sessions/<uuid:session_id>/release/", views.release, name="release"),
    path("sessions/<uuid:session_id>/start/", views.start, name="start"),
    path("sessions/<uuid:session_id>/end/", views.end, name="end"),
    path("sessions/<uuid:session_id>/substitute/", views.substitute, name="substitute"),
    path("sessions/<uuid:session_id>/cancel/", views.cancel, name="cancel"),
    path("sessions/<uuid:session_id>/solved/", views.solved, name="solved"),
    path("sessions/<uuid:session_id>/help/", help_views.help_page, name="help"),
    path("sessions/<uuid:session_id>/help/thread/", help_views.help_thread, name="help-thread"),
    *(
        path(f"{kind}/<uuid:session_id>{end}", views.legacy)
        for kind in ("chat", "video", "diagnostic")
        for end in ("", "/")
    ),
]
