"""What Resend hands over: signed events, and the mails that came in, which are fetched from it.

An event of a mail carries neither words nor files. Its signature is Svix's: HMAC-SHA256 over id, time and body.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Self
from urllib.parse import quote

import orjson
import requests
from django.conf import settings
from django.utils.crypto import constant_time_compare
from pydantic import BaseModel, Field, model_validator

from autodoctor.mail.incoming import MOST_BYTES

CLOCKS_DIFFER = timedelta(minutes=5)
TIMEOUT = 10.0  # seconds, for each answer to begin and to go on
WHOLE_SECONDS = 120.0
ABOUT_BYTES = 8 * 1024 * 1024  # what it says of a mail, with its words
PIECE_BYTES = 256 * 1024
API = "https://api.resend.com/"


class NotFetched(Exception):
    """Resend did not give the mail: try again."""


class TooLarge(Exception):
    """The mail has more than `MOST_BYTES`."""


class Bounce(BaseModel):
    type: str = ""


class AboutMail(BaseModel):
    email_id: str = Field("", max_length=100)
    to: list[str] = []
    bounce: Bounce = Bounce()


class ResendEvent(BaseModel):
    """An event as far as we read it."""

    type: str
    data: AboutMail

    @model_validator(mode="after")
    def _names_its_mail(self) -> Self:
        if self.type == "email.received" and not self.data.email_id:
            raise ValueError("no id")
        return self

    @property
    def failed_for_good(self) -> bool:
        """Return whether an address is never reached, or does not want our mails."""
        bounced = self.type == "email.bounced" and self.data.bounce.type == "Permanent"
        return bounced or self.type == "email.complained"


def is_signed(body: bytes, headers: Mapping[str, str], secrets: Collection[str], now: datetime) -> bool:
    """Return whether Resend sent this a moment ago. `secrets`: as its page shows them, `whsec_` first."""
    id_, at, given = (headers.get(f"svix-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (id_ and at.isascii() and at.isdigit() and abs(now.timestamp() - int(at)) <= CLOCKS_DIFFER.total_seconds()):
        return False
    signed = b".".join((id_.encode(), at.encode(), body))
    expected = [f"v1,{_seal(secret, signed)}" for secret in secrets]
    return any(constant_time_compare(seal, each) for seal in given.split() for each in expected)


def fetch(email_id: str) -> bytes:
    """Return a mail as it came in, with its files. Raises `NotFetched`, `TooLarge`."""
    until = time.monotonic() + WHOLE_SECONDS
    api = str(settings.ANYMAIL.get("RESEND_API_URL") or API)
    proof = {"Authorization": f"Bearer {settings.ANYMAIL['RESEND_API_KEY']}"}
    about = _get(f"{api}emails/receiving/{quote(email_id, safe='')}", proof, most=ABOUT_BYTES, until=until)
    try:
        address = str(orjson.loads(about)["raw"]["download_url"])
    except (ValueError, KeyError, TypeError):
        raise NotFetched("no address of the whole mail") from None
    if not address.startswith(("https://", api)):
        raise NotFetched("an address that is not encrypted")
    return _get(address, {}, most=MOST_BYTES, until=until)


def _get(address: str, headers: dict[str, str], *, most: int, until: float) -> bytes:
    try:
        with requests.get(address, headers=headers, timeout=TIMEOUT, allow_redirects=False, stream=True) as answer:
            if answer.status_code != 200:
                raise NotFetched(f"status {answer.status_code}")
            return _body(answer, most, until)
    except requests.RequestException as error:
        raise NotFetched(type(error).__name__) from None


def _body(answer: requests.Response, most: int, until: float) -> bytes:
    found = bytearray()
    for piece in answer.iter_content(PIECE_BYTES):
        found += piece
        if len(found) > most:
            raise TooLarge
        if time.monotonic() > until:
            raise NotFetched("it took too long")
    return bytes(found)


def _seal(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
