"""Encryption of secrets, and its keys."""

import pytest
from pytest_django import Settings

from autodoctor.core import encryption
from autodoctor.core.encryption import Unreadable, decrypt, encrypt, is_key, new_key, renewed


def test_an_encrypted_secret_is_unreadable_and_decrypts_to_itself(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [new_key()]
    hidden = encrypt("JBSWY3DPEHPK3PXP")
    assert "JBSWY3DP" not in hidden
    assert encrypt("JBSWY3DPEHPK3PXP") != hidden
    assert decrypt(hidden) == "JBSWY3DPEHPK3PXP"


def test_an_older_encryption_key_decrypts_and_the_first_one_encrypts(settings: Settings) -> None:
    older, newer = new_key(), new_key()
    settings.ENCRYPTION_KEYS = [older]
    hidden = encrypt("seed")
    settings.ENCRYPTION_KEYS = [newer, older]
    again = renewed(hidden)
    settings.ENCRYPTION_KEYS = [newer]
    assert decrypt(again) == "seed"
    with pytest.raises(Unreadable):
        decrypt(hidden)


@pytest.mark.parametrize("text", ["", "no token", "gAAAAA", "ü"])
def test_decrypting_an_invalid_token_is_refused(settings: Settings, text: str) -> None:
    settings.ENCRYPTION_KEYS = [new_key()]
    with pytest.raises(Unreadable):
        decrypt(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [(encryption.new_key(), True), ("", False), ("A" * 43, False)],
    ids=["a key", "empty", "too short"],
)
def test_an_encryption_key_has_32_bytes(text: str, expected: bool) -> None:
    assert is_key(text) is expected


def test_an_encryption_key_made_by_openssl_is_accepted() -> None:
    assert is_key("3q2+7w/VZ0TtUpM5cYz+AAAAAAAAAAAAAAAAAAAAAAA=")
