"""The support desk: staff only, every address of it."""

from django.urls import path

from autodoctor.support import board, case

urlpatterns = [
    path("support/", board.board, name="support_board"),
    path("support/sessions/<uuid:session_id>/", case.case, name="support_case"),
]
