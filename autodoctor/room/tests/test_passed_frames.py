"""Frames about the customer's camera and about drawings: what is taken, what is refused, and who may say it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodoctor.room.wire import camera, drawing, protocol
from autodoctor.room.wire.camera import Camera, Still, Wish, Zoom
from autodoctor.room.wire.drawing import Act, Drawing, Tool
from autodoctor.room.wire.protocol import Invalid, Signal, parse

ID = "6f1d2c3b-0a4e-4f5a-9b8c-7d6e5f4a3b2c"
ZOOM = {"min": 1, "max": 4, "step": 0.5, "now": 2}
STROKE: dict[str, Any] = {
    "type": "drawing",
    "file": ID,
    "act": "stroke",
    "stroke": "a-1",
    "tool": "arrow",
    "place": 0,
    "points": [[0, 1], [0.25, 0.5]],
}
values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.floats())


def read(**frame: object) -> object:
    return parse(json.dumps(frame))


def test_each_frame_is_read() -> None:
    assert read(type="camera", torch=None, zoom=None) == Camera(None, None)
    assert read(type="camera", torch=True, zoom=ZOOM) == Camera(True, Zoom(1, 4, 0.5, 2))
    assert read(type="wish") == Wish()
    assert read(type="wish", torch=False) == Wish(torch=False)
    assert read(type="wish", zoom=2.5) == Wish(zoom=2.5)
    assert read(type="still", id=ID, progress=0.5) == Still(ID, 0.5)
    assert read(type="drawing", file=ID, act="open") == Drawing(ID, Act.OPEN)
    assert read(type="drawing", file=ID, act="undo", stroke="a") == Drawing(ID, Act.UNDO, "a")
    drawn = Drawing(ID, Act.STROKE, "a-1", Tool.ARROW, 0, ((0, 1), (0.25, 0.5)))
    assert read(**STROKE) == drawn


def test_what_is_passed_on_is_made_anew() -> None:
    found = read(**STROKE, sender="support", role="support", more={"a": 1})
    assert isinstance(found, Drawing)
    passed = json.loads(protocol.passed("customer", found))
    assert passed == STROKE | {"role": "customer"}


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "camera", "torch": 1, "zoom": None},
        {"type": "camera", "torch": None, "zoom": 4},
        {"type": "camera", "torch": None, "zoom": ZOOM | {"max": 1}},
        {"type": "camera", "torch": None, "zoom": ZOOM | {"now": True}},
        {"type": "camera", "torch": None, "zoom": ZOOM | {"max": 1e9}},
        {"type": "camera", "torch": None, "zoom": {"min": 1, "max": 4}},
        {"type": "wish", "torch": "on"},
        {"type": "wish", "zoom": -1},
        {"type": "wish", "zoom": True},
        {"type": "still", "id": "photo", "progress": 0.5},
        {"type": "still", "id": ID, "progress": 1.5},
        {"type": "still", "id": ID},
        {"type": "drawing", "file": "photo", "act": "open"},
        {"type": "drawing", "file": ID, "act": "burn"},
        {"type": "drawing", "file": ID, "act": ["open"]},
        {"type": "drawing", "file": ID, "act": "undo"},
        {"type": "drawing", "file": ID, "act": "undo", "stroke": "x" * 37},
        STROKE | {"tool": "axe"},
        STROKE | {"points": []},
        STROKE | {"points": [[0, 0]] * (drawing.MOST_POINTS + 1)},
        STROKE | {"points": [[0, 1.01]]},
        STROKE | {"points": [[0, -0.01]]},
        STROKE | {"points": [[0, True]]},
        STROKE | {"points": [[0]]},
        STROKE | {"points": [0, 0]},
        STROKE | {"place": -1},
        STROKE | {"place": 0.5},
        STROKE | {"place": drawing.LONGEST_STROKE - 1},
    ],
)
def test_another_value_is_refused(frame: dict[str, object]) -> None:
    found = read(**frame)
    assert isinstance(found, Invalid)
    assert found.code == "invalid_frame"


@pytest.mark.parametrize(
    ("frame", "most"),
    [
        ({"type": "camera", "torch": None, "zoom": None}, protocol.MAX_CAMERA),
        ({"type": "wish"}, protocol.MAX_CAMERA),
        ({"type": "still", "id": ID, "progress": 0}, protocol.MAX_CAMERA),
        (STROKE, drawing.MAX_DRAWING),
    ],
)
def test_a_frame_has_a_size(frame: dict[str, object], most: int) -> None:
    raw = json.dumps(frame)
    assert not isinstance(parse(raw.ljust(most)), Invalid)
    found = parse(raw.ljust(most + 1))
    assert isinstance(found, Invalid)
    assert found.code == "too_long"


def test_the_longest_part_of_a_stroke_fits_into_a_frame() -> None:
    longest = STROKE | {"stroke": ID, "points": [[0.1234, 0.5678]] * drawing.MOST_POINTS, "place": 500}
    assert isinstance(read(**longest), Drawing)


@given(
    st.sampled_from(["camera", "wish", "still", "drawing"]),
    st.dictionaries(
        st.sampled_from(["torch", "zoom", "id", "progress", "file", "act", "stroke", "tool", "place", "points"]), values
    ),
)
def test_any_fields_are_a_frame_or_a_refusal(kind: str, fields: dict[str, object]) -> None:
    assert isinstance(read(type=kind, **fields), Invalid | Camera | Wish | Still | Drawing)


@pytest.mark.parametrize("allowed", [True, False])
def test_the_camera_is_the_customers_and_the_wish_the_mechanics(allowed: bool) -> None:
    frames: list[protocol.Passed] = [Camera(None, None), Still(ID, 0), Wish(), Signal({}), Drawing(ID, Act.OPEN)]
    for role, may in (("customer", [1, 1, 0]), ("mechanic", [0, 0, 1])):
        refusals = [protocol.refusal(role, frame, camera_allowed=allowed) for frame in frames]
        assert [refusal is None for refusal in refusals] == [*(bool(one and allowed) for one in may), True, True]
        assert set(refusals) <= {None, "not_allowed"}


def test_a_number_is_finite_and_no_truth() -> None:
    assert [camera.is_number(value) for value in (1, 0.5, True, float("inf"), float("nan"), "1", None)] == [
        *(True, True, False, False, False, False, False)
    ]
