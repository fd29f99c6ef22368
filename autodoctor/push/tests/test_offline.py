"""What a device is given for the time without a connection, and the manifest of the home screen."""

import json
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from PIL import Image

from autodoctor.accounts.models import User

MANIFEST = "push/manifest.webmanifest"


def manifest() -> dict[str, object]:
    return dict(json.loads(Path(str(finders.find(MANIFEST))).read_text()))


@pytest.mark.django_db
def test_the_offline_page_is_the_same_for_everybody(client: Client, customer: User) -> None:
    page = client.get("/offline/")
    assert "You are offline" in page.content.decode()
    client.force_login(customer)
    signed_in = client.get("/offline/").content.decode()
    for secret in (customer.name, customer.email, str(customer.pk)):
        assert secret not in signed_in


def test_every_icon_is_there_in_its_size() -> None:
    icons = manifest()["icons"]
    assert isinstance(icons, list)
    assert {(icon["sizes"], icon["purpose"]) for icon in icons} == {
        (size, purpose) for size in ("192x192", "512x512") for purpose in ("any", "maskable")
    }
    for icon in icons:
        with Image.open(str(finders.find(f"push/{icon['src']}"))) as picture:
            assert f"{picture.width}x{picture.height}" == icon["sizes"]
            # What the system cuts off is filled; what stands alone is not.
            assert (picture.mode == "RGB") == (icon["purpose"] == "maskable")


@pytest.mark.django_db
def test_pages_name_the_manifest_and_an_icon_for_the_home_screen(client: Client) -> None:
    page = client.get("/").content.decode()
    assert f'<link rel="manifest" href="/static/{MANIFEST}">' in page
    assert '<link rel="apple-touch-icon" href="/static/push/touch-180.png">' in page


@pytest.mark.django_db
def test_whatever_a_home_screen_leads_to_exists(client: Client, customer: User) -> None:
    client.force_login(customer)
    shortcuts = manifest()["shortcuts"]
    assert isinstance(shortcuts, list)
    for address in (manifest()["start_url"], *(shortcut["url"] for shortcut in shortcuts)):
        assert client.get(str(address), follow=True).status_code == 200
