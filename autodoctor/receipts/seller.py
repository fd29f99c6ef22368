"""The seller on receipts, as the operator has configured it."""

from typing import NamedTuple

from django.conf import settings


class Seller(NamedTuple):
    name: str
    address: list[str]  # lines; may be none


def seller() -> Seller:
    lines = settings.SELLER_ADDRESS.replace(";", "\n").splitlines()
    return Seller(settings.SELLER_NAME, [line.strip() for line in lines if line.strip()])
