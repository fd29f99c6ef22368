"""Addresses of sign-in, sign-up and the account. Allauth's views under our addresses."""

from collections.abc import Sequence

from allauth.account import urls as account_urls
from allauth.account import views as entrance
from allauth.mfa import urls as mfa_urls
from django.urls import URLPattern, URLResolver, include, path

from autodoctor.accounts import views
from autodoctor.accounts.access import set_access
from autodoctor.accounts.addresses import anew_if_taken
from autodoctor.accounts.factor_views import AddKey, KeyAgain, SignInByKey
from autodoctor.accounts.factors import in_one_transaction, said_if_unreadable

# Allauth's views guard themselves; these let anybody in.
FOR_ANYONE = {
    "account_login",
    "account_logout",
    "account_signup",
    "account_inactive",
    "account_email_verification_sent",
    "account_reset_password",
    "account_confirm_password_reset_code",
    "account_complete_password_reset",
    "account_password_reset_completed",
    "mfa_authenticate",
    "mfa_login_webauthn",
}
# Mounted at addresses of our own, or (signing in by a mailed code) not offered.
ELSEWHERE = {"account_login", "account_logout", "account_signup", "account_confirm_login_code"}

OUR_OWN = {
    "mfa_add_webauthn": AddKey.as_view(),
    "mfa_login_webauthn": SignInByKey.as_view(),
    "mfa_reauthenticate_webauthn": KeyAgain.as_view(),
}


ABOUT_ADDRESSES = {"account_email", "account_email_verification_sent"}


def whole(patterns: Sequence[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    """Return the views; each request that changes something is one transaction."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            whole(pattern.url_patterns)
        else:
            view = OUR_OWN.get(str(pattern.name), pattern.callback)
            pattern.callback = said_if_unreadable(in_one_transaction(view))
    return list(patterns)


def marked(patterns: Sequence[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    """Return the views with `access` set. Those of addresses can meet another request that takes the same one."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            marked(pattern.url_patterns)
        else:
            if pattern.name in ABOUT_ADDRESSES:
                pattern.callback = anew_if_taken(pattern.callback)
            set_access(pattern.callback, "anyone" if pattern.name in FOR_ANYONE else "signed_in")
    return list(patterns)


urlpatterns = [
    path("account/", views.account, name="account"),
    path("account/sign-out-elsewhere/", views.sign_out_elsewhere, name="sign_out_elsewhere"),
    path("mechanics/apply/", views.apply, name="apply"),
    path("mechanics/taking-sessions/", views.taking_sessions, name="taking_sessions"),
    *marked(
        [
            path("sign-in/", entrance.login, name="account_login"),
            path("sign-up/", entrance.signup, name="account_signup"),
            path("sign-out/", entrance.logout, name="account_logout"),
            path(
                "account/",
                include([pattern for pattern in account_urls.urlpatterns if pattern.name not in ELSEWHERE]),
            ),
            path("account/two-factor/", include(whole(mfa_urls.urlpatterns))),
        ]
    ),
]
