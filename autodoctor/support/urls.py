"""Addresses of the support desk, for staff only."""

from django.urls import path

from autodoctor.support.web import (
    board_views,
    case_views,
    conversation_views,
    failed_job_views,
    help_views,
    inbound_views,
    money_views,
    people_views,
    statistics_views,
)

urlpatterns = [
    path("support/", board_views.board, name="support_board"),
    path("support/open/", board_views.open_now, name="support_open"),
    path("support/sessions/<uuid:session_id>/", case_views.case, name="support_case"),
    path("support/sessions/<uuid:session_id>/alerts/<int:seq>/", board_views.alert, name="support_alert"),
    path("mail/inbound/postmark/", inbound_views.postmark, name="inbound_postmark"),
    path("mail/events/resend/", inbound_views.resend_events, name="events_resend"),
    path("mail/events/postmark/", inbound_views.postmark_events, name="events_postmark"),
    path("support/conversations/<uuid:conversation_id>/", conversation_views.conversation, name="support_conversation"),
    path("support/search/", people_views.search, name="support_search"),
    path("support/people/<uuid:user_id>/", people_views.person, name="support_person"),
    path("support/jobs/", failed_job_views.jobs, name="support_jobs"),
    path("support/jobs/<int:job_id>/", failed_job_views.job, name="support_job"),
    path("support/money/", money_views.money, name="support_money"),
    path("support/mechanics/", people_views.mechanics, name="support_mechanics"),
    path("support/mechanics/<int:profile_id>/", people_views.decide, name="support_decide"),
    path("support/numbers/", statistics_views.numbers, name="support_numbers"),
    path("support/numbers/numbers.csv", statistics_views.as_csv, name="support_numbers_csv"),
    path("support/sessions/<uuid:session_id>/help/", help_views.help_threads, name="support_help"),
    path("support/sessions/<uuid:session_id>/live/", case_views.case_live, name="support_case_live"),
    path("support/sessions/<uuid:session_id>/evidence.pdf", case_views.evidence_pdf, name="support_evidence"),
    path("support/sessions/<uuid:session_id>/evidence.zip", case_views.evidence_zip, name="support_evidence_zip"),
    path("support/sessions/<uuid:session_id>/<slug:name>/", case_views.act, name="support_act"),
]
