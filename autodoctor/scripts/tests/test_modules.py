"""The modules of the pages: their paths for the type checker, and the order of imports."""

import json
import re
from collections.abc import Iterator

import pytest

from autodoctor.scripts import sources

ROOT = sources.PRODUCT.parent
# Each may import what stands before it, and its own folder; the others import `lib`, `room` and themselves.
ORDER = (
    {"lib"},
    {"room/wire"},
    {"room/chat", "room/files"},
    {"room/call"},
    {"room/preflight", "room/clock", "handover"},
    {"room/page"},
)
MOST_LINES = 250
IMPORTED = re.compile(r'(?:from|import) "([^"]+)"|import\("([^"]+)"\)')  # types, too


def layer_of(module: str) -> str:
    """`room/wire` of room/wire/channel, `lib` of lib/toasts."""
    first, second, *_ = module.split("/")
    return f"{first}/{second}" if first == "room" else first


def allowed(importer: str, imported: str) -> bool:
    here, there = layer_of(importer), layer_of(imported)
    rank = {layer: place for place, layers in enumerate(ORDER) for layer in layers}
    if here not in rank:
        return there in rank or there == here
    return here == there or rank.get(there, len(ORDER)) < rank[here]


def imports() -> Iterator[tuple[str, str]]:
    for name, path in sources.modules().items():
        for pair in IMPORTED.findall(path.read_text()):
            yield name, next(filter(None, pair))


def test_imports_point_down() -> None:
    found = list(imports())
    assert ("room/page/session-room", "room/wire/channel") in found
    assert [pair for pair in found if not allowed(*pair)] == []


def test_one_module_has_the_server_render_parts_of_a_page() -> None:
    parsing = [name for name, path in sources.modules().items() if "text/html" in path.read_text()]
    placing = [pair for pair in imports() if pair[1] in {"lib/morph", "lib/renew"}]
    assert parsing == ["lib/live-regions"]
    assert sorted(placing) == [("lib/live-regions", "lib/renew"), ("lib/renew", "lib/morph")]


@pytest.mark.parametrize(
    ("acts", "owners"),
    [
        (r"\.focus\(|activeElement", set()),  # lib/focus
        (r"scrollTo\(|scrollIntoView|\.scrollTop = ", {"room/chat/reading-position"}),  # and lib/scrolling
        (r"markTitle|setTitle|data-announcer|toast-list", {"room/page/announcer"}),
        (r"mediaDevices|navigator\.permissions", {"room/call/devices"}),
        (r"X-CSRFToken", {"room/preflight/link-test"}),  # which measures its request; others ask lib/sending
    ],
    ids=["focus", "scroll", "notices", "devices", "requests"],
)
def test_one_module_of_the_room_owns_each_of_these(acts: str, owners: set[str]) -> None:
    texts = {name: path.read_text() for name, path in sources.modules().items() if name.startswith("room/")}
    assert {name for name, text in texts.items() if re.search(acts, text)} == owners


def test_no_module_waits_for_an_answer_for_ever() -> None:
    texts = {name: path.read_text() for name, path in sources.modules().items()}
    asking = {name for name, text in texts.items() if re.search(r"[^#.\w]fetch\(", text)}
    assert "lib/sending" in asking
    assert {name for name in asking if "AbortSignal.timeout(" not in texts[name]} == set()


def test_modules_are_short() -> None:
    lengths = {name: len(path.read_text().splitlines()) for name, path in sources.modules().items()}
    assert len(lengths) > 50
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


@pytest.mark.parametrize(
    ("importer", "imported", "expected"),
    [
        ("lib/feed", "lib/toasts", True),
        ("lib/feed", "room/wire/channel", False),
        ("room/chat/chat-log", "room/files/file-drop", False),
        ("room/page/room", "support/board", False),
        ("support/board", "room/clock/session-clock", True),
        ("support/board", "summaries/unsaved", False),
    ],
)
def test_modules_import_in_order(importer: str, imported: str, expected: bool) -> None:
    assert allowed(importer, imported) is expected


def test_the_type_checker_finds_modules_where_the_pages_do() -> None:
    options = json.loads((ROOT / "tsconfig.json").read_text())["compilerOptions"]
    folders = [f"./{folder.relative_to(ROOT).as_posix()}/*" for folder in sources.folders()]
    assert options["paths"] == {"*": [*folders, "./autodoctor/*"]}  # the last for declarations beside Python modules
