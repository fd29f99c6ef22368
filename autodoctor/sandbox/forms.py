"""Stripe's request bodies: nested form keys in, typed values out; unknown parameters are refused."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from autodoctor.sandbox.errors import ApiError, invalid, missing, unknown

Read = Callable[[Any, str], Any]  # (raw value, parameter name) → value, or raises ApiError
_DEPTH = 8


def parse(encoded: str) -> dict[str, Any]:
    """`a[b][0]=x` → `{"a": {"b": {"0": "x"}}}`, an array to `each`; `a[]=x` takes the next number.

    Raises ApiError for keys that make no tree.
    """
    tree: dict[str, Any] = {}
    for key, value in parse_qsl(encoded, keep_blank_values=True, errors="replace"):
        _plant(tree, _steps(key), value, key)
    return tree


def _steps(key: str) -> list[str]:
    head, bracket, rest = key.partition("[")
    steps = [head, *re.findall(r"\[([^\[\]]*)\]", bracket + rest)]
    if not head or len(steps) > _DEPTH or "".join([head, *(f"[{step}]" for step in steps[1:])]) != key:
        raise invalid(key, f"Invalid parameter name: {key[:80]}")
    return steps


def _plant(tree: dict[str, Any], steps: Sequence[str], value: str, key: str) -> None:
    for step in steps[:-1]:
        tree = tree.setdefault(step or str(len(tree)), {})
        if not isinstance(tree, dict):
            raise invalid(key, f"Invalid parameter: {key[:80]} is given twice, as a value and as a hash.")
    tree[steps[-1] or str(len(tree))] = value


def fields(shape: Mapping[str, Read], required: Sequence[str] = ()) -> Read:
    """Parse a hash with these members."""

    def read(raw: Any, param: str) -> dict[str, Any]:
        if not isinstance(raw, dict):
            raise invalid(param, "Invalid object", code="parameter_invalid_object")
        for name in raw:
            if name not in shape:
                raise _refused(_within(param, name))
        for name in required:
            if raw.get(name, "") == "":
                raise missing(_within(param, name))
        return {name: shape[name](value, _within(param, name)) for name, value in raw.items()}

    return read


def _within(param: str, name: str) -> str:
    return f"{param}[{name}]" if param else name


def _refused(param: str) -> ApiError:
    if param == "payment_method_types":  # gone since API version 2026-09-30.endive
        message = "`payment_method_types` is no longer supported. Use `allowed_payment_method_types` instead."
        return invalid(param, message, code="payment_method_types_no_longer_supported")
    return unknown(param)


def text(limit: int = 5000) -> Read:
    def read(raw: Any, param: str) -> str:
        if not isinstance(raw, str):
            raise invalid(param, f"Invalid string: {param} must be a string", code="parameter_invalid_string")
        if len(raw) > limit:
            raise invalid(param, f"Invalid string: {param} must be at most {limit} characters")
        return raw

    return read


def integer(least: int = 0, most: int = 99_999_999) -> Read:
    def read(raw: Any, param: str) -> int:
        if not isinstance(raw, str) or not re.fullmatch(r"-?[0-9]{1,18}", raw):
            raise invalid(param, f"Invalid integer: {raw}", code="parameter_invalid_integer")
        if int(raw) < least:
            raise invalid(
                param, f"This value must be greater than or equal to {least}.", code="parameter_invalid_integer"
            )
        if int(raw) > most:
            raise invalid(param, f"Amount must be no more than {most}.", code="amount_too_large")
        return int(raw)

    return read


def choice(*allowed: str) -> Read:
    def read(raw: Any, param: str) -> str:
        if raw not in allowed:
            raise invalid(param, f"Invalid {param}: must be one of {', '.join(allowed)}")
        return str(raw)

    return read


def each(reader: Read, most: int = 100) -> Read:
    def read(raw: Any, param: str) -> list[Any]:
        numbered = isinstance(raw, dict) and all(re.fullmatch("[0-9]{1,4}", name) for name in raw)
        if not numbered or len(raw) > most:
            raise invalid(param, "Invalid array", code="parameter_invalid_array")
        return [reader(raw[name], f"{param}[{name}]") for name in sorted(raw, key=int)]

    return read


def boolean(raw: Any, param: str) -> bool:
    if raw not in ("true", "false"):
        raise invalid(param, f"Invalid boolean: {raw}")
    return bool(raw == "true")


def timestamp(raw: Any, param: str) -> int:
    return int(integer(most=10**11)(raw, param))


def url(raw: Any, param: str) -> str:
    """Parse an absolute address; it may contain `{CHECKOUT_SESSION_ID}`."""
    parts = urlsplit(raw) if isinstance(raw, str) and not re.search(r"[\x00-\x20\x7f]", raw) else None
    if parts is None or parts.scheme not in ("http", "https") or not re.fullmatch(r"[\w.:\[\]-]+", parts.netloc):
        raise invalid(param, "Not a valid URL", code="url_invalid")
    return str(raw)


def email(raw: Any, param: str) -> str:
    if not isinstance(raw, str) or len(raw) > 512 or not re.fullmatch(r"[^@\s]+@[^@\s]+", raw):
        raise invalid(param, f"Invalid email address: {raw}", code="email_invalid")
    return raw


_CURRENCIES = ("usd", "eur", "gbp", "cad", "aud", "nzd", "chf", "sek", "nok", "dkk", "pln", "jpy")


def currency(raw: Any, param: str) -> str:
    code = raw.lower() if isinstance(raw, str) else ""
    if code not in _CURRENCIES:
        raise invalid(param, f"Invalid currency: {raw}. Stripe currently supports: {', '.join(_CURRENCIES)}")
    return code


def metadata(raw: Any, param: str) -> dict[str, str]:
    """Parse a new object's metadata: up to 50 keys of 40 characters, values of 500."""
    return merge_metadata({}, metadata_change(raw, param))


def metadata_change(raw: Any, param: str) -> dict[str, str]:
    """Parse a change: an empty value unsets its key, an empty `metadata` unsets all."""
    if raw == "":
        return {}
    if not isinstance(raw, dict) or not all(isinstance(value, str) for value in raw.values()):
        raise invalid(param, "Metadata must be a hash of strings")
    if len(raw) > 50 or any(len(key) > 40 or len(value) > 500 for key, value in raw.items()):
        raise invalid(param, "Metadata: at most 50 keys of 40 characters, with values of 500 characters")
    return raw


def merge_metadata(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in {**old, **new}.items() if value != ""}


created_range: Read = fields(dict.fromkeys(("gt", "gte", "lt", "lte"), timestamp))


def created(raw: Any, param: str) -> dict[str, int]:
    """Parse a time, or bounds around it."""
    if isinstance(raw, str):
        moment = timestamp(raw, param)
        return {"gte": moment, "lte": moment}
    return dict(created_range(raw, param))


def read(params: dict[str, Any], shape: Mapping[str, Read], required: Sequence[str] = ()) -> dict[str, Any]:
    """Parse the whole body. Raises ApiError: parameter_unknown, parameter_missing, or an invalid value."""
    return dict(fields(shape, required)(params, ""))


LIST: dict[str, Read] = {
    "limit": integer(least=1, most=100),
    "starting_after": text(),
    "ending_before": text(),
    "created": created,
}
