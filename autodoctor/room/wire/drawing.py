"""Frames of a drawing that two people make on one photo: strokes while they are drawn. Nothing of it is stored."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from autodoctor.room.wire.camera import is_number, is_uuid

MAX_DRAWING = 4 * 1024  # bytes of a frame
MOST_POINTS = 64  # of a frame
LONGEST_STROKE = 600  # points

_stroke = re.compile(r"[0-9a-z-]{1,36}")
Point = tuple[float, float]


class Act(StrEnum):
    OPEN = "open"  # a person has opened the photo for drawing
    STROKE = "stroke"  # the next points of a stroke
    UNDO = "undo"  # a stroke is taken back
    CLOSE = "close"  # a person has closed it
    ASK = "ask"  # for all strokes of the other side


class Tool(StrEnum):
    PEN = "pen"
    ARROW = "arrow"
    CIRCLE = "circle"


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a person does on a photo. `place` is that of the first point in its stroke; points are shares of the photo's
    width and height, 0 to 1.
    """

    file: str
    act: Act
    stroke: str = ""
    tool: Tool = Tool.PEN
    place: int = 0
    points: tuple[Point, ...] = ()

    def as_payload(self) -> dict[str, Any]:
        payload: dict[str, Any] = {"file": self.file, "act": self.act.value}
        if self.stroke:
            payload["stroke"] = self.stroke
        if self.act is Act.STROKE:
            payload |= {"tool": self.tool.value, "place": self.place, "points": self.points}
        return payload


def read_drawing(found: dict[str, Any]) -> Drawing | None:
    """Return the frame; None if it is none."""
    file, act, stroke = found.get("file"), found.get("act"), found.get("stroke")
    if not is_uuid(file) or act not in list(Act):
        return None
    match Act(act):
        case Act.OPEN | Act.CLOSE | Act.ASK:
            return Drawing(file, Act(act))
        case Act.UNDO:
            return Drawing(file, Act.UNDO, str(stroke)) if _is_stroke(stroke) else None
        case Act.STROKE:
            return _drawn(file, found) if _is_stroke(stroke) else None


def _is_stroke(value: object) -> bool:
    return isinstance(value, str) and _stroke.fullmatch(value) is not None


def _drawn(file: str, found: dict[str, Any]) -> Drawing | None:
    tool, place, points = found.get("tool"), found.get("place"), _points(found.get("points"))
    if tool not in list(Tool) or points is None or not isinstance(place, int) or isinstance(place, bool):
        return None
    is_in_bounds = 0 <= place <= LONGEST_STROKE - len(points)
    return Drawing(file, Act.STROKE, found["stroke"], Tool(tool), place, points) if is_in_bounds else None


def _points(given: object) -> tuple[Point, ...] | None:
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_POINTS:
        return None
    points = [_point(point) for point in given]
    return None if None in points else tuple(filter(None, points))


def _point(given: object) -> Point | None:
    if not isinstance(given, list) or len(given) != 2:
        return None
    x, y = given
    is_inside = is_number(x) and is_number(y) and 0 <= x <= 1 and 0 <= y <= 1
    return (float(x), float(y)) if is_inside else None
