from django.apps import AppConfig


class SessionsConfig(AppConfig):
    name = "autodoctor.sessions"
    label = "autodoctor_sessions"  # "sessions" belongs to django.contrib
    verbose_name = "Sessions"
