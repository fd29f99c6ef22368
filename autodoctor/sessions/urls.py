"""The dashboards, and the addresses they had before."""

from django.urls import path, re_path
from django.views.generic import RedirectView

from autodoctor.accounts.access import anyone
from autodoctor.sessions import views

_to_dashboard = anyone(RedirectView.as_view(pattern_name="dashboard", permanent=True))
_to_sign_in = anyone(RedirectView.as_view(pattern_name="account_login", permanent=True, query_string=True))

urlpatterns = [
    path("dashboard/", views.dashboard, name="dashboard"),
    path("dashboard/sessions/", views.own_sessions, name="own_sessions"),
    path("dashboard/queue/", views.queue, name="queue"),
    path("dashboard/open/", views.open_sessions, name="open_sessions"),
    re_path("^(?:customer|mechanic)/dashboard/?$", _to_dashboard),
    re_path("^mechanic/login/?$", _to_sign_in),
]
