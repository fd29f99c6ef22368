"""Frames about the customer's camera: what it can do, what the mechanic wishes of it, and how far a photo is sent."""

import re
from dataclasses import dataclass
from math import isfinite
from typing import Any, NamedTuple, TypeGuard

MOST_ZOOM = 1_000.0

_uuid = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Zoom(NamedTuple):
    least: float
    most: float
    step: float
    now: float

    def as_payload(self) -> dict[str, float]:
        return {"min": self.least, "max": self.most, "step": self.step, "now": self.now}


@dataclass(frozen=True, slots=True)
class Camera:
    """What the customer's camera can do. `torch`: whether its light is on; None: it has no light, or no zoom."""

    torch: bool | None
    zoom: Zoom | None

    def as_payload(self) -> dict[str, Any]:
        return {"torch": self.torch, "zoom": self.zoom and self.zoom.as_payload()}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the mechanic wishes of the customer's camera. Without a wish the customer's page says what it can do."""

    torch: bool | None = None
    zoom: float | None = None

    def as_payload(self) -> dict[str, Any]:
        wishes = {"torch": self.torch, "zoom": self.zoom}
        return {name: wish for name, wish in wishes.items() if wish is not None}


@dataclass(frozen=True, slots=True)
class Still:
    """A photo is taken and on its way. `progress` is the sent share, 0 to 1."""

    id: str
    progress: float

    def as_payload(self) -> dict[str, Any]:
        return {"id": self.id, "progress": self.progress}


def read_camera(found: dict[str, Any]) -> Camera | None:
    """Return the frame; None if it is none."""
    torch, given = found.get("torch"), found.get("zoom")
    zoom = _zoom(given) if isinstance(given, dict) else None
    is_right = (torch is None or isinstance(torch, bool)) and (given is None or zoom is not None)
    return Camera(torch, zoom) if is_right else None


def read_wish(found: dict[str, Any]) -> Wish | None:
    """Return the frame; None if it is none."""
    torch, zoom = found.get("torch"), found.get("zoom")
    is_right = (torch is None or isinstance(torch, bool)) and (zoom is None or _is_zoom(zoom))
    return Wish(torch, zoom) if is_right else None


def read_still(found: dict[str, Any]) -> Still | None:
    """Return the frame; None if it is none."""
    id_, progress = found.get("id"), found.get("progress")
    is_right = is_uuid(id_) and is_number(progress) and 0 <= progress <= 1
    return Still(str(id_), float(progress or 0)) if is_right else None


def is_uuid(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _uuid.fullmatch(value) is not None


def is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _zoom(given: dict[str, Any]) -> Zoom | None:
    numbers = [given.get(name) for name in ("min", "max", "step", "now")]
    if not all(_is_zoom(number) for number in numbers):
        return None
    zoom = Zoom(*map(float, filter(is_number, numbers)))
    return zoom if zoom.least < zoom.most else None


def _is_zoom(value: object) -> bool:
    return is_number(value) and 0 <= value <= MOST_ZOOM
