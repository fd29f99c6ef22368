"""Addresses of the support desk, for staff only."""

from django.urls import path

from autodoctor.support import board, case, failed_jobs, help, mechanics, people, search, statistics_page

urlpatterns = [
    path("support/", board.board, name="support_board"),
    path("support/open/", board.open_now, name="support_open"),
    path("support/sessions/<uuid:session_id>/", case.case, name="support_case"),
    path("support/sessions/<uuid:session_id>/alerts/<int:seq>/", board.alert, name="support_alert"),
    path("support/search/", search.search, name="support_search"),
    path("support/people/<uuid:user_id>/", people.person, name="support_person"),
    path("support/jobs/", failed_jobs.jobs, name="support_jobs"),
    path("support/jobs/<int:job_id>/", failed_jobs.job, name="support_job"),
    path("support/mechanics/", mechanics.mechanics, name="support_mechanics"),
    path("support/mechanics/<int:profile_id>/", mechanics.decide, name="support_decide"),
    path("support/numbers/", statistics_page.numbers, name="support_numbers"),
    path("support/numbers/numbers.csv", statistics_page.as_csv, name="support_numbers_csv"),
    path("support/sessions/<uuid:session_id>/help/", help.help_threads, name="support_help"),
    path("support/sessions/<uuid:session_id>/live/", case.case_live, name="support_case_live"),
    path("support/sessions/<uuid:session_id>/evidence.pdf", case.evidence_pdf, name="support_evidence"),
    path("support/sessions/<uuid:session_id>/evidence.zip", case.evidence_zip, name="support_evidence_zip"),
    path("support/sessions/<uuid:session_id>/<slug:name>/", case.act, name="support_act"),
]
