"""Words without a blank, as long as their fields allow, on the pages that show what people typed."""

from collections.abc import Callable, Iterator, Mapping
from uuid import UUID

import pytest
from playwright.sync_api import Page, ViewportSize

from autodoctor.dev import PATIENT_DEADLINES
from tests.journeys import quietly
from tests.journeys.inspection import too_wide
from tests.kit.server import Server, running

SCREENS = (ViewportSize(width=844, height=390), ViewportSize(width=360, height=640))
LETTERS = "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenhaftschaferswesse"
# What people type, by table and column, and how many of these letters.
TYPED: Mapping[str, Mapping[str, int]] = {
    "accounts_mechanicprofile": dict.fromkeys(("headline", "skills", "certifications"), 80),
    "accounts_user": {"name": 80},
    "autodoctor_sessions_session": dict.fromkeys(("concern", "handover_note", "plan_name", "rating_line"), 80),
    "autodoctor_sessions_sessionevent": {"actor_name": 80},
    "booking_plan": dict.fromkeys(("includes", "name", "summary"), 80),
    "booking_vehicle": {"make": 40, "model": 60},
    "conversations_conversation": {"name": 80},
    "conversations_entry": dict.fromkeys(("actor_name", "text"), 80),
    "files_storedfile": {"name": 80},
    "garage_advice": {"words": 80},
    "payments_payment": {"description": 80},
    "summaries_part": {"name": 80, "number": 40},
    "summaries_summary": dict.fromkeys(("findings", "steps", "next_steps", "safe_why"), 80),
    "transcripts_line": {"text": 80},
    "transcripts_voice": {"name": 80},
}
# The same inside of JSON.
WRAPPED: Mapping[tuple[str, str], Mapping[str, int]] = {
    ("autodoctor_sessions_session", "vehicle"): {"make": 40, "model": 60},
    ("autodoctor_sessions_sessionevent", "data"): dict.fromkeys(
        ("text", "line", "file.name", "session.customer.name", "session.mechanic.name"), 80
    ),
}
# Words that a box without a scroll bar cuts off on their right.
CUT_OFF = """() => {
  const cuts = (style) => ["hidden", "clip"].includes(style.overflowX);
  const forgives = (box, style) => ["auto", "scroll"].includes(style.overflowX) || style.textOverflow === "ellipsis"
    || (box.clientWidth <= 1 && style.position === "absolute");  // for screen readers only
  const isCut = (words, right) => {
    for (let box = words; box !== document.body; box = box.parentElement) {
      const style = getComputedStyle(box);
      if (forgives(box, style)) return false;
      if (cuts(style) && right > box.getBoundingClientRect().right + 1) return true;
    }
    return false;
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(texts.currentNode);
    const words = texts.currentNode.parentElement;
    if (isCut(words, range.getBoundingClientRect().right)) found.push(words.outerHTML.slice(0, 120));
  }
  return found.slice(0, 5);
}"""
# Each is opened and closed again.
NARROW_DIALOGS = """() => [...document.querySelectorAll("dialog:not([open])")].filter((dialog) => {
  dialog.showModal();
  const isNarrow = dialog.scrollWidth > dialog.clientWidth;
  dialog.close();
  return isNarrow;
}).map((dialog) => `the dialog ${dialog.id || dialog.className} is too narrow for its words`)"""
UNFOLD = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"


@pytest.fixture(scope="module")
def stage() -> Iterator[Server]:
    """A separate server, because all of its words change."""
    with running(scenario="busy", environment={"DEADLINES": PATIENT_DEADLINES}) as server:
        customer, mechanic = (server.sign_in(f"{name}@example.com") for name in ("customer", "mechanic"))
        quietly.accept(server, mechanic, session_of(server, "requested", "jordan"))
        quietly.ask_support(server, customer, session_of(server, "completed", "customer", "mechanic"), LETTERS)
        lengthen_words(server)
        yield server


def lengthen_words(server: Server) -> None:
    for table, columns in TYPED.items():
        for column, length in columns.items():
            server.sql(f"UPDATE {table} SET {column} = %s WHERE {column} <> ''", LETTERS[:length])
    for (table, column), paths in WRAPPED.items():
        changes = ", ".join("%s, %s" for _ in paths)
        values = [value for path, length in paths.items() for value in (f"$.{path}", LETTERS[:length])]
        server.sql(f"UPDATE {table} SET {column} = json_replace({column}, {changes})", *values)
    server.sql("UPDATE skills_skill SET name = %s || id", LETTERS[:37])  # two may not have the same


def session_of(server: Server, state: str, customer: str, mechanic: str = "") -> str:
    """Return their only session in this state."""
    query = (
        "SELECT s.id FROM autodoctor_sessions_session s JOIN accounts_user c ON c.id = s.customer_id "
        "LEFT JOIN accounts_user m ON m.id = s.mechanic_id "
        "WHERE s.state = %s AND c.email = %s AND coalesce(m.email, '') = %s"
    )
    ((id_,),) = server.sql(query, state, f"{customer}@example.com", mechanic and f"{mechanic}@example.com")
    return str(UUID(id_))


def room_of(server: Server, state: str, customer: str, mechanic: str = "") -> str:
    return f"/sessions/{session_of(server, state, customer, mechanic)}/"


def pages_of_customers(server: Server) -> dict[str, list[str]]:
    mechanic, busy = (server.sign_in(f"{name}@example.com").id for name in ("mechanic", "mechanic3"))
    owner = UUID(server.sign_in("customer@example.com").id).hex
    ((car,),) = server.sql("SELECT id FROM booking_vehicle WHERE owner_id = %s", owner)
    over = room_of(server, "completed", "customer", "mechanic")
    return {
        "customer": [
            *("/dashboard/", f"/book/?ask={busy}", "/garage/", f"/garage/{UUID(car)}/", f"/mechanics/{mechanic}/"),
            *(over, f"{over}summary/", f"{over}summary/workshop/", f"{over}receipt/", f"{over}follow-up/"),
            f"{room_of(server, 'completed', 'customer', 'mechanic2')}question/",
        ],
        "customer2": [room_of(server, "requested", "customer2")],
        "jordan": [room_of(server, "accepted", "jordan", "mechanic")],
        "drew": [room_of(server, "live", "drew", "mechanic3")],
    }


def pages_of_mechanics(server: Server) -> dict[str, list[str]]:
    return {
        "mechanic": ["/dashboard/", "/dashboard/earnings/", room_of(server, "requested", "customer2")],
        "mechanic2": [f"{room_of(server, 'completed', 'quinn', 'mechanic2')}summary/"],
        "mechanic4": [room_of(server, "live", "jamie", "mechanic4")],  # with a call
    }


def pages_of_support(server: Server) -> dict[str, list[str]]:
    mechanic = server.sign_in("mechanic@example.com").id
    ((asked,),) = server.sql("SELECT id FROM conversations_conversation WHERE asker = 'mechanic'")
    over = room_of(server, "completed", "customer", "mechanic")
    return {
        "support": [
            *("/support/", f"/support{over}", f"/support/people/{mechanic}/"),
            *("/support/mechanics/", f"/support/conversations/{UUID(asked)}/"),
            room_of(server, "live", "drew", "mechanic3"),
        ]
    }


@pytest.mark.parametrize("pages_of", [pages_of_customers, pages_of_mechanics, pages_of_support])
def test_long_words_fit_into_the_pages(
    stage: Server, browser_of: Callable[..., Page], pages_of: Callable[[Server], dict[str, list[str]]]
) -> None:
    page = browser_of(None, server=stage)
    problems: dict[str, list[str]] = {}
    for who, paths in pages_of(stage).items():
        cookies = stage.sign_in(f"{who}@example.com").cookies
        page.context.add_cookies([{"name": name, "value": cookies[name], "url": stage.url} for name in cookies])
        for path in paths:
            problems |= look(page, path)
    assert not problems, problems


def look(page: Page, path: str) -> dict[str, list[str]]:
    """Return what is wider than its place, by address and width of the screen."""
    answer = page.goto(path)
    assert answer
    assert answer.status == 200, path
    page.evaluate(UNFOLD)
    problems = {}
    for screen in SCREENS:
        page.set_viewport_size(screen)
        if wide := too_wide(page) + page.evaluate(CUT_OFF) + page.evaluate(NARROW_DIALOGS):
            problems[f"{path} at {screen['width']}"] = wide
    return problems
