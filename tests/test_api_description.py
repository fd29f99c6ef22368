"""What `/api/openapi.json` says is what the API does."""

import json
from collections import defaultdict
from typing import Any

import pytest
from ninja.openapi.schema import OpenAPISchema

from autodoctor.api import api
from autodoctor.api_description import Description

CONTRACT = {
    "/api/health": {"get"},
    "/api/sessions": {"get", "post"},
    "/api/sessions/{session_id}": {"get"},
    "/api/sessions/{session_id}/events": {"get"},
    "/api/sessions/{session_id}/messages": {"post"},
    "/api/sessions/{session_id}/accept": {"post"},
    "/api/sessions/{session_id}/release": {"post"},
    "/api/sessions/{session_id}/start": {"post"},
    "/api/sessions/{session_id}/end": {"post"},
    "/api/sessions/{session_id}/cancel": {"post"},
    "/api/sessions/{session_id}/files": {"get", "post"},
    "/api/sessions/{session_id}/files/{file_id}": {"delete"},
    "/api/sessions/{session_id}/extensions": {"get", "post"},
    "/api/sessions/{session_id}/summary": {"get", "post"},
    "/api/sessions/{session_id}/ice-servers": {"get"},
    "/api/sessions/{session_id}/handover": {"post"},
    "/api/sessions/{session_id}/stills": {"post"},
    "/api/sessions/{session_id}/substitute": {"post"},
    "/api/handover/{code}": {"post"},
    "/api/codes": {"get"},
    "/api/queue": {"get"},
    "/api/stripe/webhook": {"post"},
    "/api/cron/monitor-sessions": {"get", "post"},
}


def described() -> dict[str, Any]:
    """Return it as a client reads it."""
    description: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema()))
    return description


def test_every_operation_of_the_contract_is_described() -> None:
    paths = described()["paths"]
    missing = {path: methods - set(paths.get(path, {})) for path, methods in CONTRACT.items()}
    assert not {path: methods for path, methods in missing.items() if methods}


def test_a_name_in_the_description_means_one_thing(monkeypatch: pytest.MonkeyPatch) -> None:
    meanings: defaultdict[str, set[str]] = defaultdict(set)

    def note(schema: OpenAPISchema, definitions: dict[str, Any]) -> None:
        for name, meaning in definitions.items():
            meanings[name].add(json.dumps(meaning, sort_keys=True))
        schema.schemas.update(definitions)

    monkeypatch.setattr(OpenAPISchema, "add_schema_definitions", note)
    Description(api, "api/")
    assert len(meanings) > 50
    assert not {name: sorted(found) for name, found in meanings.items() if len(found) > 1}


def test_whatever_takes_a_body_says_what_it_answers_to_an_unreadable_one() -> None:
    for path, methods in described()["paths"].items():
        for method, operation in methods.items():
            if "requestBody" in operation:
                assert {"400", "413"} <= set(operation["responses"]), (method, path)


def test_bad_input_is_described_with_its_fields() -> None:
    for path, methods in described()["paths"].items():
        for method, operation in methods.items():
            if bad := operation["responses"].get("422"):
                assert bad["content"]["application/json"]["schema"]["$ref"].endswith("/Invalid"), (method, path)
