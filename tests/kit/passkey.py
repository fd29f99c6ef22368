"""A passkey in software: answers challenges of the site as a browser with a phone or a security key does."""

import hashlib
import json
import os
from base64 import urlsafe_b64encode
from typing import Any

from allauth.account.utils import user_pk_to_url_str
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from fido2 import cbor

from autodoctor.accounts.models import User

ORIGIN, SITE = "https://testserver", "testserver"
STATE = "mfa.webauthn.state"
ADD = "/account/two-factor/webauthn/add/"
SIGN_IN = "/account/two-factor/webauthn/login/"
PRESENT_AND_VERIFIED, HAS_KEY = 0x05, 0x40


class Passkey:
    """One key of one person."""

    def __init__(self, owner: User) -> None:
        self.owner = owner
        self.id = os.urandom(32)
        self.private = ec.generate_private_key(ec.SECP256R1())

    def made(self, challenge: str) -> dict[str, Any]:
        """Return the credential that a browser sends to register this key."""
        key = cbor.encode(_public(self.private))
        data = self._data(PRESENT_AND_VERIFIED | HAS_KEY) + bytes(16) + len(self.id).to_bytes(2, "big") + self.id + key
        attested = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        says = {
            "clientDataJSON": _text(_client_data("webauthn.create", challenge)),
            "attestationObject": _text(attested),
        }
        return self._credential(says) | {"clientExtensionResults": {"credProps": {"rk": True}}}

    def used(self, challenge: str) -> dict[str, Any]:
        """Return the credential that a browser sends to sign in by this key."""
        data, said = self._data(PRESENT_AND_VERIFIED), _client_data("webauthn.get", challenge)
        signed = self.private.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        owner = user_pk_to_url_str(self.owner).encode()
        says = {"clientDataJSON": said, "authenticatorData": data, "signature": signed, "userHandle": owner}
        return self._credential({name: _text(value) for name, value in says.items()})

    def _credential(self, response: dict[str, str]) -> dict[str, Any]:
        return {"id": _text(self.id), "rawId": _text(self.id), "type": "public-key", "response": response}

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(SITE.encode()).digest() + bytes([flags]) + (0).to_bytes(4, "big")


def challenge_of(client: Client) -> str:
    """Return the challenge of the page that was opened last."""
    return str(client.session[STATE]["challenge"])


def register(client: Client, key: Passkey, **form: str) -> Any:
    """Add the key on its page."""
    client.get(ADD)
    return client.post(ADD, {"name": "Phone", "credential": json.dumps(key.made(challenge_of(client))), **form})


def sign_in(client: Client, key: Passkey) -> Any:
    """Sign in by the key alone."""
    client.get(SIGN_IN, headers={"X-Requested-With": "XMLHttpRequest"})
    return client.post(SIGN_IN, {"credential": json.dumps(key.used(challenge_of(client)))})


def _client_data(kind: str, challenge: str) -> bytes:
    return json.dumps({"type": kind, "challenge": challenge, "origin": ORIGIN, "crossOrigin": False}).encode()


def _public(private: ec.EllipticCurvePrivateKey) -> dict[int, Any]:
    numbers = private.public_key().public_numbers()
    return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
