"""Hostile requests that no browser sends."""

import pytest
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.booking.models import Plan


@pytest.mark.django_db
def test_a_plan_named_with_a_nul_character_is_refused(client: Client) -> None:
    shown = client.get("/book/", {"plan": "chat\0"})
    assert (shown.status_code, shown.context["form"].is_bound) == (200, False)
    assert "\0" not in shown.content.decode()
    assert client.get("/book/charge/", {"plan": "\0"}).status_code == 404
    refused = client.post("/book/", {"plan": "\0"})
    assert refused.status_code == 422
    assert "plan" in refused.context["form"].errors


@pytest.mark.django_db
def test_support_edits_plans_but_deletes_none(customer: User) -> None:
    helper = User.objects.create_user("desk@example.com", None, name="Desk", is_staff=True)
    client = Client()
    client.force_login(helper)
    assert "Quick Chat" in client.get("/admin/booking/plan/").content.decode()
    assert 'name="price_cents"' in client.get("/admin/booking/plan/add/").content.decode()
    chat = Plan.objects.get(slug="chat")
    form = client.get(f"/admin/booking/plan/{chat.pk}/change/").context["adminform"].form
    client.post(f"/admin/booking/plan/{chat.pk}/change/", {**form.initial, "duration": "30", "name": "Short Chat"})
    assert Plan.objects.get(slug="chat").name == "Short Chat"
    assert client.post(f"/admin/booking/plan/{chat.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post("/admin/booking/plan/", {"action": "delete_selected", "_selected_action": chat.pk, "post": "yes"})
    assert Plan.objects.filter(pk=chat.pk).exists()
    client.force_login(customer)
    assert client.get("/admin/booking/plan/").status_code in {302, 404}
