"""The access guards of views: admitted roles, and the answers to the others."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver

from autodoctor.accounts import urls

if TYPE_CHECKING:
    from autodoctor.accounts.models import User

ClientOf = Callable[["User"], Client]


def _ask(guard: str, user: object, path: str = "/somewhere/?a=1", **headers: str) -> HttpResponse:
    from autodoctor.accounts import access

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse("through")

    request = RequestFactory().get(path, headers=headers)
    request.user = user  # type: ignore[assignment]
    return getattr(access, guard)(view)(request)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("guard", "let_through"),
    [
        ("anyone", {"customer", "mechanic", "support"}),
        ("signed_in", {"customer", "mechanic", "support"}),
        ("customer_only", {"customer"}),
        ("mechanic_only", {"mechanic"}),
        ("support_only", {"support"}),
    ],
)
def test_each_guard_lets_its_roles_through_and_hides_from_the_others(
    guard: str, let_through: set[str], customer: "User", mechanic: "User", support: "User"
) -> None:
    for role, user in (("customer", customer), ("mechanic", mechanic), ("support", support)):
        if role in let_through:
            assert _ask(guard, user).content == b"through"
        else:
            with pytest.raises(Http404):
                _ask(guard, user)


@pytest.mark.parametrize("guard", ["signed_in", "customer_only", "mechanic_only", "support_only"])
def test_a_visitor_signs_in_and_comes_back(guard: str) -> None:
    answer = _ask(guard, AnonymousUser())
    assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in/?next=/somewhere/%3Fa%3D1")
    assert _ask("anyone", AnonymousUser()).content == b"through"


def test_a_signed_out_request_to_the_api_is_refused_in_json() -> None:
    answer = _ask("signed_in", AnonymousUser(), "/api/sessions")
    assert answer.status_code == 401
    assert b'"error": "signed_out"' in answer.content


def test_a_fragment_leads_the_whole_page_to_the_sign_in() -> None:
    page = {"HX-Request": "true", "HX-Current-URL": "http://testserver/dashboard/"}
    answer = _ask("signed_in", AnonymousUser(), "/dashboard/queue/", **page)
    assert answer.headers["HX-Redirect"] == "/sign-in/?next=/dashboard/"


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/sessions/1/", "/sessions/1/"),
        ("https://evil.example/", "/dashboard/"),
        ("", "/dashboard/"),
    ],
)
def test_after_a_form_the_way_back_is_the_page_that_held_it(client: Client, db: None, referer: str, back: str) -> None:
    answer = client.post("/mechanics/taking-sessions/", headers={"Referer": referer})
    assert answer.status_code in {302, 405}
    assert answer.headers["Location"] == f"/sign-in/?next={back}"


def test_every_address_of_people_says_who_may_call_it() -> None:
    def views(patterns: list[URLPattern | URLResolver]) -> list[URLPattern]:
        found: list[URLPattern] = []
        for pattern in patterns:
            found += views(pattern.url_patterns) if isinstance(pattern, URLResolver) else [pattern]
        return found

    access = {str(view.name): getattr(view.callback, "access", None) for view in views(urls.urlpatterns)}

    assert None not in access.values()
    assert access["account_login"] == access["account_signup"] == access["mfa_login_webauthn"] == "anyone"
    assert access["account_email"] == access["mfa_index"] == access["account"] == "signed_in"
    assert access["taking_sessions"] == "mechanic_only"


def test_a_signed_in_view_sends_a_visitor_to_sign_in(client: Client, db: None) -> None:
    for path in ("email/", "password/change/", "reauthenticate/", "two-factor/", "two-factor/totp/activate/"):
        assert client.get(f"/account/{path}").headers["Location"].startswith("/sign-in/?next="), path


@pytest.mark.parametrize("who", ["customer", "mechanic"])
def test_the_admin_is_a_404_for_everybody_but_support(
    who: str, request: pytest.FixtureRequest, client_of: ClientOf, client: Client
) -> None:
    visitor = client.get("/admin/", follow=True)
    assert visitor.redirect_chain[-1][0].startswith("/sign-in/?next=/admin/")
    assert client_of(request.getfixturevalue(who)).get("/admin/", follow=True).status_code == 404


def test_support_that_is_no_superuser_reads_and_bans_but_changes_nobody(
    support: "User", customer: "User", mechanic: "User", client_of: ClientOf
) -> None:
    support.is_superuser = False
    support.save()
    client = client_of(support)

    assert client.get("/admin/", follow=True).status_code == 200
    assert client.get(f"/admin/accounts/user/{customer.pk}/change/").status_code == 200
    client.post(f"/admin/accounts/user/{customer.pk}/change/", {"is_staff": "on"})
    for person in (customer, support):
        client.post(f"/support/people/{person.pk}/", {"act": "ban", "reason": "rude"})

    customer.refresh_from_db()
    support.refresh_from_db()
    assert (customer.is_staff, customer.is_active, support.is_active) == (False, False, True)
    assert customer.banned_at is not None
