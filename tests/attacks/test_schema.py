"""No API input leads to a 5xx, and every refusal has the documented form."""

import random
import uuid
from functools import cache
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from autodoctor.api import api
from tests.kit import scene
from tests.kit.scene import Talk
from tests.kit.server import Person, Server

SCHEMA = schemathesis.openapi.from_dict(api.get_openapi_schema())
OPERATIONS: list[Any] = [result.ok() for result in SCHEMA.get_all_operations() if isinstance(result, Ok)]
ROLES = ("nobody", "customer", "mechanic", "stranger", "support")
EXAMPLES = 15  # of each operation
OFFERED = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]


@cache
def talk_on(server: Server) -> Talk:
    return scene.stage(server)


@cache
def clients(server: Server) -> dict[str, httpx.Client]:
    talk = talk_on(server)
    (stranger,) = server.enroll(1, f"stranger-{uuid.uuid4().hex[:6]}-")
    people: dict[str, Person | None] = {
        "nobody": None,
        "customer": talk.customer,
        "mechanic": talk.mechanic,
        "stranger": stranger,
        "support": server.sign_in("support@example.com"),
    }
    return {role: server.client(person) for role, person in people.items()}


def is_documented(answer: httpx.Response) -> bool:
    """Return whether a refusal has a code and a sentence, and one of bad input the fields that it is about."""
    if answer.status_code < 400:
        return True
    if not answer.headers["Content-Type"].startswith("application/json"):
        return False
    said = answer.json()
    if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY and not said.get("fields"):
        return False
    return isinstance(said["error"], str) and isinstance(said["detail"], str) and bool(said["detail"])


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: str(operation.label))
def test_no_generated_request_breaks_the_api(server: Server, operation: Any) -> None:
    cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in OFFERED])

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, role=st.sampled_from(ROLES), ours=st.booleans())
    def send(case: Any, role: str, ours: bool) -> None:
        if ours and "session_id" in (case.path_parameters or {}):
            case.path_parameters["session_id"] = str(talk_on(server).id)
        client = clients(server)[role]
        sent = case.as_transport_kwargs(base_url=server.url)
        headers = {**client.headers, **{name: str(value) for name, value in sent["headers"].items()}}
        sent = {name: sent[name] for name in ("method", "url", "params", "json", "data") if name in sent}
        answer = client.request(**as_httpx(sent), headers={k: v for k, v in headers.items() if sendable(k, v)})
        assert answer.status_code < 500, answer.text[:500]
        assert is_documented(answer), answer.text[:500]

    send()


@pytest.mark.parametrize("address", ["", "/solved", "/messages", "/summary", "/release"])
def test_a_body_that_is_no_json_is_bad_input(server: Server, address: str) -> None:
    below = f"/{talk_on(server).id}{address}" if address else ""
    client = clients(server)["customer"]
    answer = client.post(f"/api/sessions{below}", content=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")
    assert list(answer.json()["fields"]) == ["body"]


def test_bad_input_in_a_list_names_the_list(server: Server) -> None:
    body = {"findings": "a", "steps": "b", "next_steps": "c", "safe": "yes", "photos": ["no id"]}
    answer = clients(server)["mechanic"].post(f"/api/sessions/{talk_on(server).id}/summary", json=body)
    assert (answer.status_code, list(answer.json()["fields"])) == (422, ["photos"])


def as_httpx(sent: dict[str, Any]) -> dict[str, Any]:
    """Adapt `requests`, which Schemathesis uses."""
    if isinstance(sent.get("data"), bytes | str):
        sent["content"] = sent.pop("data")
    return sent


def sendable(name: str, value: str) -> bool:
    plain = value.isascii() and value.isprintable() and value == value.strip()
    return plain and name.isascii() and name.lower() != "content-length"


RAW = random.Random(7)
BODIES: list[bytes] = [
    b"",
    b"null",
    b"[]",
    b"{",
    b"\xff\xfe",
    b'{"text": "\\ud800", "client_id": "7b1c7f9e-36cf-4c8b-9a3a-2c9d5d3f6f10"}',
    b'{"text": "a\\u0000b", "client_id": "7b1c7f9e-36cf-4c8b-9a3a-2c9d5d3f6f11"}',
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"1" * 5_000,
    b'{"reason": 1e999, "solved": 99999999999999999999999}',
    b'{"reason": "\xf0\x9f\x98\x80", "solved": "maybe"}',
    RAW.randbytes(2_000),
]


@pytest.mark.parametrize("address", ["", *(f"/{{id}}/{what}" for what in "messages release solved accept".split())])
def test_unexpected_bodies_get_a_documented_answer_of_the_api(server: Server, address: str) -> None:
    talk = talk_on(server)
    path = "/api/sessions" + address.format(id=talk.id)
    for body in BODIES:
        for kind in ("application/json", "text/plain", "multipart/form-data", "application/json; charset=nonsense"):
            answer = clients(server)["customer"].post(path, content=body, headers={"Content-Type": kind})
            assert answer.status_code < 500, (body[:40], kind)
            assert is_documented(answer), (body[:40], kind, answer.text[:200])


@pytest.mark.parametrize(
    "address",
    [
        "/api/nothing",
        "/api/sessions/",
        "/api/sessions/none",
        "/api/sessions/{id}%00",
        "/api/sessions/{id}/",
        "/api/sessions/{id}/../{id}",
        "/api/sessions/{id}/events?after=-1",
        "/api/sessions/{id}/events?after=99999999999999999999",
        "/api/sessions/{id}/events?limit=0&limit=x",
        "/api/sessions/{id}/events?after=%ff%fe",
        "/api/sessions?limit=1e3&offset=-5",
        "/api/%E2%80%AE",
        "/api/" + "x" * 4_000,
    ],
)
def test_invalid_addresses_get_a_documented_answer_of_the_api(server: Server, address: str) -> None:
    client = clients(server)["customer"]
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"):
        answer = client.request(method, address.format(id=talk_on(server).id))
        assert answer.status_code < 500, method
        if method != "HEAD":
            assert is_documented(answer), (method, answer.text[:200])
