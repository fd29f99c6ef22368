"""Every event that a test writes carries what its kind declares."""

from collections.abc import Callable, Iterable
from functools import cache, wraps
from typing import Any, NotRequired, TypeAlias, get_origin, get_type_hints

from autodoctor.sessions.event_kinds import EVENT_DATA
from autodoctor.sessions.models import SessionEvent
from autodoctor.sessions.states import EventKind

BulkCreate: TypeAlias = Callable[..., Any]


def checking(bulk_create: BulkCreate) -> BulkCreate:
    """Return the same for tests: it checks events as `post_save` does, which Django does not send there."""

    @wraps(bulk_create)
    def created(rows: Any, objs: Iterable[Any], *args: Any, **options: Any) -> Any:
        found = bulk_create(rows, objs, *args, **options)
        if rows.model is SessionEvent:
            for event in found:
                check_data(event)
        return found

    return created


def check_data(instance: SessionEvent, **_signal: object) -> None:
    """For `post_save`. Fails for a field that the kind does not declare, and without one that it must have."""
    kind, fields = EventKind(instance.kind), set(instance.data)
    needed, declared = _shape_of(kind)
    assert needed <= fields <= declared, f"{kind} carries {sorted(fields)}"


@cache
def _shape_of(kind: EventKind) -> tuple[set[str], set[str]]:
    """Return which fields an event of this kind must have, and which it may have: to read the hints costs more."""
    first, *beside = (get_type_hints(shape, include_extras=True) for shape in EVENT_DATA[kind])
    needed = {name for name, hint in first.items() if get_origin(hint) is not NotRequired}
    if kind.carries_session:
        needed |= {"session"}
    return needed, set(first).union(*beside)
