"""A filled-in intake for the API, and how it is sent."""

from typing import Any
from uuid import uuid4

from django.test import Client


def intake_body() -> dict[str, Any]:
    return {
        "plan": "chat",
        "vehicle": {"year": 2013, "make": "Ford", "model": "F-150"},
        "concern": "It clicks and does not start.",
        "safe": True,
        "waiver": True,
        "token": str(uuid4()),
    }


def send(client: Client, body: dict[str, Any]) -> Any:
    return client.post("/api/sessions", body, content_type="application/json")
