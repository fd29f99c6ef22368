"""Compare JSON with the types of the SDK, which are generated from Stripe's own description of its API."""

import builtins
import sys
from collections.abc import Iterator
from types import UnionType
from typing import Any, ForwardRef, Literal, NotRequired, Required, Union, get_args, get_origin

from stripe import ListObject, StripeObject


class _Unseen:
    """A type that the SDK imports for type checkers only."""

    def __class_getitem__(cls, item: Any) -> Any:
        return cls


class _Names(dict[str, Any]):
    """A module's names."""

    def __missing__(self, name: str) -> Any:
        return getattr(builtins, name, _Unseen)


def unknown_params(given: Any, expected: Any, path: str = "") -> Iterator[str]:
    """Yield the parameters that the SDK's parameter type does not know."""
    if get_origin(expected) in (Union, UnionType):
        yield from min((list(unknown_params(given, one, path)) for one in get_args(expected)), key=len)
    elif get_origin(expected) is list and isinstance(given, dict):  # as forms number the members of a list
        for value in given.values():
            yield from unknown_params(value, get_args(expected)[0], path)
    elif get_origin(expected) is Literal and given not in get_args(expected):
        yield f"{path[:-1]}={given}"
    elif hasattr(expected, "__total__"):  # a TypedDict, of whichever module
        yield from _unknown_members(given, expected, path)


def _unknown_members(given: Any, expected: Any, path: str) -> Iterator[str]:
    names = _Names(vars(sys.modules[expected.__module__]))
    known = {name: _resolved(hint, names) for name, hint in expected.__annotations__.items()}
    for name, value in given.items() if isinstance(given, dict) else ():
        if name in known:
            yield from unknown_params(value, known[name], f"{path}{name}.")
        else:
            yield f"{path}{name}"


def _resolved(hint: Any, names: _Names) -> Any:
    """Return the type with its names looked up, and without saying whether it is required."""
    text = hint.__forward_arg__ if isinstance(hint, ForwardRef) else hint
    found = eval(text, {}, names) if isinstance(text, str) else hint  # noqa: S307 the SDK's own annotations
    origin, args = get_origin(found), get_args(found)
    if origin in (NotRequired, Required):
        return _resolved(args[0], names)
    if origin is list:
        return list[_resolved(args[0], names)]  # type: ignore[misc]
    if origin in (Union, UnionType):
        return Union[tuple(_resolved(one, names) for one in args)]  # noqa: UP007
    return found


def misfits(thing: Any, expected: type[StripeObject], path: str = "") -> Iterator[str]:
    """Yield the members of this object that are missing, though never null, or of another type."""
    for name, hint in expected.__annotations__.items():
        if name.isupper() or name.startswith("_"):
            continue
        options = _options(hint)
        if name not in thing:
            if type(None) not in options:
                yield f"{path}{name} is missing"
        elif not any(_fits(thing[name], option) for option in options):
            yield f"{path}{name} is {thing[name]!r}"
        elif isinstance(thing[name], dict):
            nested = next((option for option in options if _is_nested(option)), None)
            yield from misfits(thing[name], nested, f"{path}{name}.") if nested else ()


def _is_nested(option: Any) -> bool:
    return isinstance(option, type) and issubclass(option, StripeObject) and "." in option.__qualname__


def _fits(value: Any, option: Any) -> bool:
    origin = get_origin(option)
    if origin is Literal:
        return value in get_args(option)
    if origin is list:
        return isinstance(value, list) and all(
            any(_fits(one, inner) for inner in _options(get_args(option)[0])) for one in value
        )
    if origin is ListObject or (isinstance(option, type) and issubclass(option, StripeObject)):
        return isinstance(value, dict)
    if isinstance(option, ForwardRef) or option is Any or origin is not None:
        return isinstance(value, dict | str)
    if option is float:
        return isinstance(value, int | float)
    return isinstance(value, option) and (option is bool or not isinstance(value, bool))


def _options(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) is Union else (hint,)
