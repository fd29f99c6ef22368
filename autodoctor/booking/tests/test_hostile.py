"""What no honest browser sends."""

import pytest
from django.core.cache import cache
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.booking.models import Plan


@pytest.mark.django_db
def test_a_nul_in_the_plan_is_no_plan(client: Client) -> None:
    assert client.get("/book/", {"plan": "chat\0"}).status_code == 200
    assert client.get("/book/charge/", {"plan": "\0"}).status_code == 404
    assert client.post("/book/", {"plan": "\0"}).status_code == 422


@pytest.mark.django_db
def test_asking_to_be_told_is_throttled(client: Client) -> None:
    cache.clear()
    answers = [client.post("/tell-me-when/", {"email": f"x{n}@example.com"}).status_code for n in range(12)]
    assert answers[:10] == [303] * 10
    assert answers[-1] == 429
    cache.clear()


@pytest.mark.django_db
def test_support_edits_plans_but_deletes_none(customer: User) -> None:
    helper = User.objects.create_user("desk@example.com", None, name="Desk", is_staff=True)
    client = Client()
    client.force_login(helper)
    assert client.get("/admin/booking/plan/").status_code == 200
    assert client.get("/admin/booking/plan/add/").status_code == 200
    chat = Plan.objects.get(slug="chat")
    form = client.get(f"/admin/booking/plan/{chat.pk}/change/").context["adminform"].form
    client.post(f"/admin/booking/plan/{chat.pk}/change/", {**form.initial, "name": "Short Chat"})
    assert Plan.objects.get(slug="chat").name == "Short Chat"
    assert client.post(f"/admin/booking/plan/{chat.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post("/admin/booking/plan/", {"action": "delete_selected", "_selected_action": chat.pk, "post": "yes"})
    assert Plan.objects.filter(pk=chat.pk).exists()
    client.force_login(customer)
    assert client.get("/admin/booking/plan/").status_code in {302, 404}
