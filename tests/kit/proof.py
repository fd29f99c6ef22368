"""What a person has proved in a browser: passwords and codes, as the session keeps them."""

import time
from typing import Any

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.test import Client


def change_session(client: Client, **changes: Any) -> None:
    """Write into the browser's session."""
    session = client.session
    session.update(changes)
    session.save()


def confirm_again(client: Client) -> None:
    """As after the page that asks for the password again, just now."""
    given = {"method": "password", "at": time.time(), "reauthenticated": True}
    change_session(client, **{AUTHENTICATION_METHODS_SESSION_KEY: [given]})


def let_proof_age(client: Client) -> None:
    """Leave the person signed in, with the password given long ago."""
    records = client.session[AUTHENTICATION_METHODS_SESSION_KEY]
    change_session(client, **{AUTHENTICATION_METHODS_SESSION_KEY: [{**record, "at": 0} for record in records]})
