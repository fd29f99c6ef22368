"""The customer's page after a summary: the shopping list with its ticks, and what to say to the workshop."""

from datetime import timedelta
from typing import Any

import pytest

from autodoctor.accounts.models import User
from autodoctor.mail.rendering import render
from autodoctor.summaries import document, workshop_words
from autodoctor.summaries.shopping_list import ShoppingList
from autodoctor.summaries.tests.desk import CONTENT, Desk
from autodoctor.summaries.workshop_words import as_text, sections

JSON = {"Accept": "application/json"}


def words(desk: Desk) -> dict[str, str]:
    return {section.title: section.text for section in sections(document.of(desk.summary))}


def change(desk: Desk, **facts: Any) -> None:
    session = desk.session
    vars(session).update(facts)
    session.save()


def page_of(desk: Desk) -> str:
    return str(desk.client(desk.customer).get(f"{desk.page}workshop/").content.decode())


def tick(desk: Desk, position: int, bought: str, by: User | None = None, **more: Any) -> Any:
    return desk.client(by or desk.customer).post(f"{desk.page}parts/{position}/", {"bought": bought}, **more)


def bought(desk: Desk) -> list[bool]:
    return [part.bought_at is not None for part in desk.summary.parts.all()]


def test_the_list_says_what_to_buy_and_what_it_costs(desk: Desk) -> None:
    desk.submit()
    page = page_of(desk)
    for part in ("Battery clamp, negative", "VOL-31346572", "2 × $3.45", "$6.90", "no estimate", "$21.40"):
        assert part in page
    assert "3 of 3 parts to buy, about $21.40" in page


def test_the_page_is_there_for_its_customer_alone_and_once_the_summary_is(
    desk: Desk, stranger: User, support: User
) -> None:
    assert desk.client(desk.customer).get(f"{desk.page}workshop/").status_code == 404
    assert tick(desk, 0, "yes").status_code == 404
    desk.submit()
    for person in (stranger, support, desk.mechanic):
        assert desk.client(person).get(f"{desk.page}workshop/").status_code == 404
        assert tick(desk, 0, "yes", by=person).status_code == 404
    assert bought(desk) == [False, False, False]
    assert desk.client(desk.customer).get(f"{desk.page}workshop/").status_code == 200


def test_a_tick_is_kept_and_can_be_taken_back_and_twice_is_once(desk: Desk) -> None:
    desk.submit()
    answer = tick(desk, 1, "yes")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{desk.page}workshop/#part-1")
    first = desk.summary.parts.get(position=1).bought_at
    assert tick(desk, 1, "yes", headers=JSON).json() == {"words": "2 of 3 parts to buy, about $14.50"}
    assert desk.summary.parts.get(position=1).bought_at == first
    assert page_of(desk).count('aria-pressed="true"') == 1
    tick(desk, 1, "no")
    assert bought(desk) == [False, False, False]


def test_the_list_says_when_everything_is_bought(desk: Desk) -> None:
    desk.submit()
    for position in range(3):
        tick(desk, position, "yes")
    assert ShoppingList(desk.summary).words == "You have everything."


@pytest.mark.parametrize("position", [3, 99999999999999999999])
def test_a_part_that_is_not_there_is_not_found(desk: Desk, position: int) -> None:
    desk.submit()
    assert tick(desk, position, "yes").status_code == 404


def test_a_summary_without_parts_has_no_list_but_still_the_words(desk: Desk) -> None:
    desk.submit(parts=())
    page = page_of(desk)
    assert "Shopping list" not in page
    assert "What to say to the workshop" in page


def test_the_words_hold_everything_that_a_workshop_needs(desk: Desk) -> None:
    change(desk, trouble_codes=["P0301", "U0100-00"], concern="It does not start.")
    desk.submit()
    found = words(desk)
    assert found["My car"] == "2014 Volvo V60\nVIN: YV1FW075XE1234567\nMileage: 120,000"
    assert found["What is wrong"] == "It does not start."
    assert found["Trouble codes that I read"].startswith("P0301: ")
    assert "U0100-00: " in found["Trouble codes that I read"]
    assert found[f"What {desk.mechanic.name} found"] == CONTENT.findings
    assert found["What was already done"] == CONTENT.steps
    assert found[f"What {desk.mechanic.name} recommends"] == CONTENT.next_steps
    assert "2 × Terminal grease\n1 × Ground strap (30659912)" in found["Parts that may be needed"]
    assert found["Can it be driven?"].startswith("Drive with care.\nIt may not start again.\n")
    assert "wait for my yes" in found["What I ask of you"]


@pytest.mark.parametrize(
    ("safe", "says"), [("yes", "I can bring it"), ("care", "an appointment soon"), ("no", "has to be towed")]
)
def test_what_follows_from_the_verdict_is_said(desk: Desk, safe: str, says: str) -> None:
    desk.submit(safe=safe)
    assert says in words(desk)["Can it be driven?"]


def test_what_is_not_known_is_left_out(desk: Desk) -> None:
    change(desk, vehicle={}, trouble_codes=[])
    desk.submit(parts=())
    assert not words(desk).keys() & {"My car", "Trouble codes that I read", "Parts that may be needed"}


def test_a_correction_stands_above_the_list_and_in_the_words(desk: Desk) -> None:
    desk.submit()
    desk.correct("It is the other clamp.", at=desk.now + timedelta(hours=1))
    assert "It is the other clamp." in as_text(sections(document.of(desk.summary)))
    page = page_of(desk)
    assert page.index("Read this before you buy anything") < page.index("Shopping list")


def test_what_somebody_wrote_is_text_and_no_markup(desk: Desk) -> None:
    desk.submit(findings="</textarea><script>alert(1)</script>")
    page = page_of(desk)
    assert "<script>alert(1)" not in page
    assert "&lt;/textarea&gt;" in page


def test_the_text_to_copy_is_what_the_page_shows(desk: Desk) -> None:
    desk.submit()
    found = workshop_words.sections(document.of(desk.summary))
    text = as_text(found)
    for section in found:
        assert f"{section.title}\n{section.text}" in text


def test_the_summary_and_its_mail_lead_to_the_page(desk: Desk) -> None:
    summary = desk.submit()
    address = f"{desk.page}workshop/"
    assert address in desk.client(desk.customer).get(desk.page).content.decode()
    assert address not in desk.client(desk.mechanic).get(desk.page).content.decode()
    facts = {"document": document.of(summary), "page": "", "is_attached": True}
    assert address in render("summaries/mail/summary", facts, time_zone="UTC").text
