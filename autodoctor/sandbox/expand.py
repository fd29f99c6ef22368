"""`expand[]`: replace ids by objects, along the paths that Stripe documents."""

from typing import Any

from autodoctor.sandbox import checkouts, objects
from autodoctor.sandbox.errors import invalid
from autodoctor.sandbox.request_context import Desk
from autodoctor.sandbox.store import Json

# By object: field → type of the object that its id names. A Charge has no `dispute`: list disputes by payment_intent.
_IDS: dict[str, dict[str, str]] = {
    "checkout.session": {"payment_intent": "payment_intent", "customer": "customer"},
    "payment_intent": {"latest_charge": "charge", "customer": "customer", "payment_method": "payment_method"},
    "charge": {"payment_intent": "payment_intent", "customer": "customer"},
    "refund": {"charge": "charge", "payment_intent": "payment_intent"},
    "dispute": {"charge": "charge", "payment_intent": "payment_intent"},
    "payment_method": {"customer": "customer"},
}
_LISTS = {("charge", "refunds"), ("checkout.session", "line_items")}
_DEPTH = 4
_CONTAINED = 10  # refunds, the latest; a charge with more says so


def expanded(desk: Desk, thing: Json, paths: list[str]) -> Json:
    """Return a copy with each path expanded. Raises ApiError for an unknown path."""
    for path in paths:
        steps = path.split(".")
        if len(steps) > _DEPTH:
            raise invalid("expand", f"You cannot expand more than {_DEPTH} levels of a property ({path}).")
        thing = _expand(desk, thing, steps, path)
    return thing


def _expand(desk: Desk, thing: Json, steps: list[str], path: str) -> Json:
    kind, (step, *rest) = thing["object"], steps
    if kind == "list" and step == "data" and rest:
        return thing | {"data": [_expand(desk, item, rest, path) for item in thing["data"]]}
    value = thing.get(step)
    if (kind, step) in _LISTS:
        value = value if isinstance(value, dict) else _sublist(desk, thing, step)
    elif step not in _IDS.get(kind, {}):
        raise invalid("expand", f"This property cannot be expanded ({path}).", code="invalid_expand")
    elif isinstance(value, str):
        value = desk.find(_IDS[kind][step], value)
    if rest and isinstance(value, dict):
        value = _expand(desk, value, rest, path)
    return thing | {step: value}


def _sublist(desk: Desk, thing: Json, step: str) -> Json:
    data: list[Any]
    if step == "refunds":
        data = desk.store.find("refund", equal={"charge": thing["id"]}, limit=_CONTAINED + 1)
        url, has_more = f"/v1/charges/{thing['id']}/refunds", len(data) > _CONTAINED
        return objects.a_list(url, data[:_CONTAINED], has_more=has_more)
    return objects.a_list(f"/v1/checkout/sessions/{thing['id']}/line_items", checkouts.line_items(thing))
