"""Codes read from a Bluetooth adapter, against a scripted one: good ones, odd copies, hostile ones, and none."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Page, expect

from autodoctor.room.tests.exchange import Exchange
from autodoctor.trouble_codes.tests.scripted_adapter import BOTH, READY, plug_in

DECODE = """async (cases) => {
  const { codesIn } = await import("trouble_codes/obd-answers");
  return cases.map(([lines, mode, isCan]) => {
    try { return codesIn(lines, mode, isCan).join(" "); } catch (error) { return error.reason ?? String(error); }
  });
}"""
LONG = ["00A", "0:430401010302", "1:03030304000000"]
MANY = ["100", "0:437F03010302"] + [f"{number % 16:X}:{'0300' * 3}03" for number in range(1, 37)]
# What the adapter says, in which mode, on CAN or not, and what comes of it.
CASES: dict[str, tuple[list[str], int, bool | None, str]] = {
    "one frame": (["43010301"], 0x03, True, "P0301"),
    "two codes": (["430203010420"], 0x03, True, "P0301 P0420"),
    "none": (["4300"], 0x03, True, ""),
    "padded": (["430103010000AA"], 0x03, True, "P0301"),
    "each letter": (["4304", "43020301C100", "430240358001"], 0x03, True, "garbled"),
    "letters": (["43020301C100", "430240358001"], 0x03, True, "P0301 U0100 C0035 B0001"),
    "hexadecimal": (["47010A80"], 0x07, True, "P0A80"),
    "several frames": (LONG, 0x03, True, "P0101 P0302 P0303 P0304"),
    "two units, one after the other": ([*LONG, "43010420"], 0x03, True, "P0420 P0101 P0302 P0303 P0304"),
    "two units mixed": (["00A", "0:430401010302", "00A", "0:430401010302", *LONG[2:], *LONG[2:]], 3, True, "garbled"),
    "a frame is missing": (LONG[:2], 0x03, True, "garbled"),
    "a frame twice": ([*LONG, LONG[2]], 0x03, True, "garbled"),
    "frames out of order": ([LONG[0], LONG[2], LONG[1]], 0x03, True, "garbled"),
    "a frame without a beginning": (["1:0303"], 0x03, True, "garbled"),
    "codes are missing": (["4303 0301".replace(" ", "")], 0x03, True, "garbled"),
    "old cars": (["43030104200000", "43000000000000"], 0x03, False, "P0301 P0420"),
    "old cars, unknown network": (["43030104200000"], 0x03, None, "P0301 P0420"),
    "CAN, unknown network": (["43010301"], 0x03, None, "P0301"),
    "old cars, half a code": (["430301042000"], 0x03, False, "garbled"),
    "no data": (["NODATA"], 0x0A, True, ""),
    "not supported": (["7F0A11"], 0x0A, True, ""),
    "please wait": (["7F0378", "43010301"], 0x03, True, "P0301"),
    "glued": (["SEARCHING...43010301"], 0x03, True, "P0301"),
    "bus found": (["BUSINIT:...OK", "43030100000000"], 0x03, False, "P0301"),
    "bus not found": (["BUSINIT:...ERROR"], 0x03, False, "no-car"),
    "no car": (["SEARCHING...", "UNABLETOCONNECT"], 0x03, None, "no-car"),
    "network broken": (["CANERROR"], 0x03, True, "no-car"),
    "spoiled": (["43010301<DATAERROR"], 0x03, True, "garbled"),
    "unknown command": (["?"], 0x03, True, "garbled"),
    "another mode": (["47010301"], 0x03, True, "garbled"),
    "nothing": ([], 0x03, True, "garbled"),
    "markup": (["<IMGSRC=X>"], 0x03, True, "garbled"),
    "half an octet": (["4301030"], 0x03, True, "garbled"),
    "no octets in a frame": (["00A", "0:4"], 0x03, True, "garbled"),
    "the same twice": (["43010301", "43010301"], 0x03, True, "P0301"),
}


def test_what_adapters_answer_is_read_and_nothing_is_guessed(browser_page: Page) -> None:
    read = browser_page.evaluate(DECODE, [case[:3] for case in CASES.values()])
    assert dict(zip(CASES, read, strict=True)) == {name: expected for name, (*_, expected) in CASES.items()}


def test_frames_are_counted_beyond_fifteen(browser_page: Page) -> None:
    [read] = browser_page.evaluate(DECODE, [[MANY, 3, True]])
    assert read.split()[:3] == ["P0301", "P0302", "P0300"]


@pytest.fixture
def reader(page: Page, exchange: Exchange) -> Page:
    """The field of the intake with its reader, as the server renders them, and not yet defined."""
    field = SimpleNamespace(id_for_label="codes")
    scripts = SimpleNamespace(bundle=None)
    markup = render_to_string("trouble_codes/reader.html", {"field": field, "page_scripts": scripts})
    plain = re.sub(r"<script.*?</script>", "", markup)
    exchange.body = f"<label>Codes <textarea id=codes maxlength=500></textarea></label>{plain}"
    page.goto(f"http://localhost:{exchange.port}/page")
    return page


def start(page: Page, **patience: int) -> None:
    quick = {"connect": 20_000, "reset": 20_000, "setting": 20_000, "car": 20_000, "more": 20_000, "quiet": 0}
    page.evaluate("import('trouble_codes/adapter')")
    page.locator("code-reader").evaluate("(reader, patience) => (reader.patience = patience)", quick | patience)
    page.get_by_role("button", name="Read them from the car").click()


def ends(page: Page, state: str) -> dict[str, Any]:
    """Wait for the end; the adapter is free then. Return what the page and the adapter know."""
    expect(page.locator("code-reader")).to_have_attribute("data-state", state)
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    assert page.evaluate("car.isOpen") is False
    words = page.locator(f"template[data-words={state}]").evaluate("({ content }) => content.textContent")
    expect(page.get_by_role("status")).to_have_text(" ".join(words.split()))
    return {"codes": page.get_by_label("Codes").input_value(), **page.evaluate("car")}


def test_without_bluetooth_in_the_browser_there_is_no_button(reader: Page) -> None:
    reader.evaluate("Object.defineProperty(navigator, 'bluetooth', { configurable: true, value: undefined })")
    reader.evaluate("import('trouble_codes/adapter')")
    expect(reader.locator("code-reader")).to_be_hidden()


def test_stored_pending_and_permanent_codes_come_into_the_field_once(reader: Page) -> None:
    """Beside what was typed, which stays; each notification has 20 octets."""
    told = {"03": "SEARCHING...\r00A\r0:430401010302\r1:03030304000000\r\r>", "07": "47020302C100\r\r>"}
    plug_in(reader, answers=told | {"0A": "4A010101\r\r>"})
    reader.get_by_label("Codes").fill("p0301 since Monday")
    start(reader)
    found = ends(reader, "read")
    assert found["codes"] == "p0301 since Monday P0101 P0302 P0303 P0304 U0100"
    assert found["asked"] == ["ATZ", "ATE0", "ATL0", "ATS0", "ATH0", "ATSP0", "03", "ATDPN", "07", "0A"]
    expect(reader.locator("code-reader .mono")).to_have_text("P0101, P0302, P0303, P0304, U0100")


def test_the_field_hears_of_it_and_a_second_reading_adds_nothing(reader: Page) -> None:
    plug_in(reader)
    reader.evaluate("window.inputs = 0; codes.addEventListener('input', () => inputs++)")
    start(reader)
    ends(reader, "read")
    assert reader.evaluate("inputs") == 1
    reader.get_by_role("button", name="Read them from the car").click()
    reader.wait_for_function("inputs === 2")
    assert ends(reader, "read")["codes"] == "P0301"


def test_a_car_without_codes(reader: Page) -> None:
    plug_in(reader, answers={"03": "4300\r\r>"})
    start(reader)
    assert ends(reader, "none")["codes"] == ""


def test_more_codes_than_the_field_takes(reader: Page) -> None:
    codes = "".join(f"03{number:02X}" for number in range(1, 15))
    octets = f"430E{codes}"
    frames = [octets[:12], *(octets[at : at + 14] for at in range(12, len(octets), 14))]
    text = "\r".join([f"{len(octets) // 2:03X}", *(f"{number:X}:{frame}" for number, frame in enumerate(frames))])
    plug_in(reader, answers={"03": f"{text}\r\r>"})
    start(reader)
    assert len(ends(reader, "too-many")["codes"].split()) == 12


COPIES: dict[str, dict[str, Any]] = {
    "an octet at a time": {"cut": 1},
    "all at once": {"cut": 500},
    "knows no settings": {"answers": {command: "?\r\r>" for command in READY if command != "ATZ"}},
    "echoes, blanks, breaks": {"answers": {"03": "03\r\nSEARCHING...\r\n43 01 03 01 \r\n\r\n>"}},
    "empty octets": {"answers": {"03": "\x00\x00430103\x0001\r\x00\r>"}},
    "tells and takes exchanged": {"services": [[{"writeWithoutResponse": True}, {"indicate": True}]]},
    "other services first": {"services": [[{"read": True}], [{"notify": True}], [BOTH]]},
    "knows stored codes only": {"answers": {"07": "NO DATA\r\r>", "0A": "?\r\r>"}},
    "old car": {"answers": {"ATDPN": "A3\r\r>", "03": "BUS INIT: ...OK\r43030100000000\r\r>"}},
    "does not say hello": {"answers": {"ATZ": ">"}},
}


@pytest.mark.parametrize("odd", COPIES.values(), ids=COPIES)
def test_copies_are_read_too(reader: Page, odd: dict[str, Any]) -> None:
    plug_in(reader, **odd)
    start(reader)
    assert ends(reader, "read")["codes"] == "P0301"


FAILURES: dict[str, tuple[dict[str, Any], dict[str, int], str]] = {
    "Bluetooth is off": ({"available": False}, {}, "off"),
    "nothing chosen": ({"refuses": "NotFoundError"}, {}, "unchosen"),
    "not allowed": ({"refuses": "SecurityError"}, {}, "denied"),
    "cannot be reached": ({"connects": "fails"}, {}, "unreachable"),
    "is never reached": ({"connects": "never"}, {"connect": 1}, "unreachable"),
    "no service": ({"services": []}, {}, "no-adapter"),
    "a lamp": ({"services": [[{"write": True}]]}, {}, "no-adapter"),
    "says nothing": ({"answers": {"ATZ": ""}}, {"reset": 1}, "silent"),
    "falls silent": ({"answers": {"03": "SEARCHING"}}, {"car": 1}, "silent"),
    "ignition off": ({"answers": {"03": "SEARCHING...\rUNABLE TO CONNECT\r\r>"}}, {}, "no-car"),
    "nonsense": ({"answers": {"03": "HELLO WORLD\r\r>"}}, {}, "garbled"),
    "without an end": ({"answers": {"03": ""}, "garbage": True, "cut": 5_000}, {}, "garbled"),
    "taken out": ({"breaksAt": "03"}, {}, "lost"),
    "taken out before it was asked": ({"breaksAt": "ATS0"}, {}, "lost"),
}


@pytest.mark.parametrize(("odd", "patience", "state"), FAILURES.values(), ids=FAILURES)
def test_each_failure_has_words_and_lets_the_adapter_go(
    reader: Page, odd: dict[str, Any], patience: dict[str, int], state: str
) -> None:
    plug_in(reader, **odd)
    start(reader, **patience)
    assert ends(reader, state)["codes"] == ""


def test_what_was_read_stays_if_the_adapter_falls_silent_after_it(reader: Page) -> None:
    plug_in(reader, answers={"07": "", "0A": ""})
    start(reader, more=1)
    assert ends(reader, "read")["codes"] == "P0301"


def test_the_person_stops_it_and_nothing_is_entered(reader: Page) -> None:
    plug_in(reader, answers={"03": "SEARCHING"})
    start(reader)
    reader.wait_for_function("car.asked.includes('03')")
    reader.get_by_role("button", name="Stop").click()
    assert ends(reader, "stopped")["codes"] == ""


@pytest.mark.parametrize(
    "goes", ["document.querySelector('code-reader').remove()", "dispatchEvent(new Event('pagehide'))"]
)
def test_who_leaves_lets_the_adapter_go(reader: Page, goes: str) -> None:
    plug_in(reader, answers={"03": "SEARCHING"})
    start(reader)
    reader.wait_for_function("car.asked.includes('03')")
    reader.evaluate(goes)
    reader.wait_for_function("!car.isOpen")


def test_an_adapter_that_is_not_listed_is_found_among_all_devices(reader: Page) -> None:
    plug_in(reader, refuses="NotFoundError")
    start(reader)
    ends(reader, "unchosen")
    plug_in(reader)
    reader.get_by_role("button", name="My adapter is not in the list").click()
    found = ends(reader, "read")
    assert found["requests"][0]["acceptAllDevices"] is True
    assert found["requests"][0]["optionalServices"] == [0xFFE0, 0xFFF0, 0x18F0]
