"""A laptop that is signed in, and phones that are not, by HTTP."""

from typing import Any

from django.test import Client

from autodoctor.handover.models import Handover
from autodoctor.sessions.models import Session

PIXEL = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile"


class Laptop:
    def __init__(self, client: Client, session: Session) -> None:
        self.client, self.session = client, session
        self.address = f"/api/sessions/{session.id}/handover"

    def makes_code(self) -> str:
        made = self.client.post(self.address)
        assert made.status_code == 201, made.content
        code: str = made.json()["code"]
        return code

    def answers(self, *, allow: bool, handover: Handover | None = None) -> Any:
        asked = handover or Handover.objects.get(session=self.session, ended_at=None)
        body = {"handover": str(asked.pk), "allow": allow}
        return self.client.post(f"{self.address}/answer", body, content_type="application/json")

    def disconnects(self) -> Any:
        return self.client.delete(self.address)


class Phone:
    """A browser without an account."""

    def __init__(self, agent: str = PIXEL) -> None:
        self.client = Client(headers={"User-Agent": agent})

    def asks(self, code: str) -> Any:
        return self.client.post(f"/api/handover/{code}")

    def looks(self, session: Session) -> int:
        """Return how the session's page answers."""
        return self.client.get(f"/sessions/{session.id}/").status_code
