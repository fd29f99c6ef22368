"""The description of the API at `/api/openapi.json`: its operations, what refuses a request before they see it, and
Stripe's webhook, which is a view of its own.
"""

from http.client import responses
from typing import Any

from django.urls import reverse
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

# Of a body that nobody can read, or that is too large, and of too many changes (`rates/limits.py`).
BEFORE_A_CHANGE = (400, 413, 429)


class Description(OpenAPISchema):
    """The framework's description, and what it does not know."""

    def get_paths(self) -> dict[str, Any]:
        return {**super().get_paths(), reverse("stripe-webhook"): {"post": _webhook()}}

    def responses(self, operation: Operation) -> dict[int, dict[str, Any]]:
        described: dict[int, dict[str, Any]] = super().responses(operation)
        early = () if set(operation.methods) == {"GET"} else BEFORE_A_CHANGE
        return {status: _refusal(status) for status in early} | described


def _refusal(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Failure"}
    return {"description": responses[status], "content": {"application/json": {"schema": schema}}}


def _webhook() -> dict[str, Any]:
    received = {"type": "object", "properties": {"received": {"type": "boolean"}}, "required": ["received"]}
    signature = {"in": "header", "name": "Stripe-Signature", "required": True, "schema": {"type": "string"}}
    return {
        "operationId": "stripe_webhook",
        "summary": "Stripe Webhook",
        "description": "Store an event, once, and process it from the queue. 400 without a valid, recent signature.",
        "tags": ["payments"],
        "parameters": [signature],
        "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}, "required": True},
        "responses": {
            200: {"description": responses[200], "content": {"application/json": {"schema": received}}},
            **{status: _refusal(status) for status in (400, 413)},
        },
    }
