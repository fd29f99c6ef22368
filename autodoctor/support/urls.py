"""The support desk: staff only, every address of it."""

from django.urls import path

from autodoctor.support import board, case, help, numbers_page

urlpatterns = [
    path("support/", board.board, name="support_board"),
    path("support/sessions/<uuid:session_id>/", case.case, name="support_case"),
    path("support/numbers/", numbers_page.numbers, name="support_numbers"),
    path("support/numbers/numbers.csv", numbers_page.as_csv, name="support_numbers_csv"),
    path("support/sessions/<uuid:session_id>/help/", help.help_threads, name="support_help"),
]
