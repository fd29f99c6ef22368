"""Addresses of the dashboards (old and new), mechanics' pages, and ratings."""

from django.urls import path, re_path
from django.views.generic import RedirectView

from autodoctor.accounts.access import anyone
from autodoctor.sessions.web import earnings_views, follow_up_views, question_views, views

_to_dashboard = anyone(RedirectView.as_view(pattern_name="dashboard", permanent=True))
_to_sign_in = anyone(RedirectView.as_view(pattern_name="account_login", permanent=True, query_string=True))

urlpatterns = [
    path("dashboard/", views.dashboard, name="dashboard"),
    path("sessions/open/", views.open_session, name="open_session"),
    path("dashboard/sessions/", views.own_sessions, name="own_sessions"),
    path("dashboard/summaries/", views.summaries_to_write, name="summaries_to_write"),
    path("dashboard/queue/", views.queue, name="queue"),
    path("dashboard/earnings/", earnings_views.earnings, name="earnings"),
    path("dashboard/earnings.csv", earnings_views.as_csv, name="earnings_csv"),
    path("dashboard/earnings/account/", earnings_views.set_up, name="payout_account"),
    path("dashboard/earnings/account/done/", earnings_views.come_back, name="payout_account_done"),
    path("sessions/<uuid:session_id>/files/<uuid:file_id>/", views.session_file, name="session_file"),
    path(
        "sessions/<uuid:session_id>/files/<uuid:file_id>/thumbnail/",
        views.session_file,
        {"thumbnail": True},
        name="session_file_thumbnail",
    ),
    path("sessions/<uuid:session_id>/help/files/<uuid:file_id>/", views.help_file, name="help_file"),
    path(
        "sessions/<uuid:session_id>/help/files/<uuid:file_id>/thumbnail/",
        views.help_file,
        {"thumbnail": True},
        name="help_file_thumbnail",
    ),
    path("mechanics/<uuid:mechanic_id>/", views.mechanic, name="mechanic"),
    path("mechanics/<uuid:mechanic_id>/favorite/", views.favorite, name="favorite"),
    path("sessions/<uuid:session_id>/rating/", views.rate, name="rating"),
    path("sessions/<uuid:session_id>/question/", question_views.question, name="question"),
    path("sessions/<uuid:session_id>/follow-up/", follow_up_views.follow_up, name="follow_up"),
    path("follow-up/", follow_up_views.follow_up_by_link, name="follow_up_by_link"),
    re_path("^(?:customer|mechanic)/dashboard/?$", _to_dashboard),
    re_path("^mechanic/login/?$", _to_sign_in),
]
