"""The summary's page as the mechanic writes it and as everybody else finds it."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.sessions.event_data import MessageData
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import EventKind, State
from autodoctor.summaries import actions
from autodoctor.summaries.content import PARTS_MAX, TEXT_MAX
from autodoctor.summaries.models import Draft, Summary
from autodoctor.summaries.tests.desk import CONTENT, FORM, Desk

JSON = {"Accept": "application/json"}


def send(desk: Desk, where: str = "", form: dict[str, Any] | None = None, **more: Any) -> Any:
    """Send the summary from a fresh page, unless `form` says otherwise."""
    draft = Draft.objects.filter(session_id=desk.id).first()
    version = {"version": draft.version if draft else 0}
    return desk.client().post(desk.page + where, {**FORM, **version, **(form or {})}, **more)


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_the_summary_page_shows_the_mechanic_a_form_and_others_when_it_is_due(
    desk: Desk, support: User, stranger: User
) -> None:
    assert 'name="findings"' in text(desk.client().get(desk.page))
    for person in (desk.customer, support):
        answer = desk.client(person).get(desk.page)
        assert answer.status_code == 200
        assert "<form" not in text(answer).split("<main")[1]
    assert "by email by" in text(desk.client(desk.customer).get(desk.page))
    assert desk.client(stranger).get(desk.page).status_code == 404


def test_the_form_offers_the_codes_of_intake_and_chat(customer: User, mechanic: User) -> None:
    """Also before the chat was read for the search."""
    desk = Desk(customer, mechanic, state=State.LIVE, ended_at=None, trouble_codes=["P0301", "P1234"])
    with session_transaction(desk.id, desk.now) as state:
        data = MessageData(text="Now it says p0455 and P0301")
        event_log.append_event(state.session, EventKind.MESSAGE_POSTED, at=desk.now, data=data)
        state.session.state, state.session.ended_at = State.COMPLETED, desk.now
    page = text(desk.client().get(desk.page))
    assert re.findall(r'data-line="([^"]*)"', page) == [
        "P0301: Misfire in cylinder 1",
        "P1234: The maker&#x27;s own code",
        "P0455: Fuel vapor system: large leak",
    ]


def test_a_form_without_codes_offers_none(desk: Desk) -> None:
    assert "<code-lines" not in text(desk.client().get(desk.page))


@pytest.mark.parametrize("state", [State.LIVE, State.CANCELLED])
def test_there_is_no_page_for_a_session_that_is_not_completed(customer: User, mechanic: User, state: State) -> None:
    desk = Desk(customer, mechanic, state=state)
    for person in (customer, mechanic):
        assert desk.client(person).get(desk.page).status_code == 404


def test_a_summary_is_sent_and_shown_to_all(desk: Desk, support: User, stranger: User) -> None:
    photos = [str(file_id) for file_id in desk.photos(2)]
    answer = send(desk, form={"photos": photos})
    assert (answer.status_code, answer.headers["Location"]) == (303, desk.page)
    assert desk.summary.content == CONTENT.__class__(**{**vars(CONTENT), "photos": desk.summary.content.photos})
    assert [str(file_id) for file_id in desk.summary.content.photos] == photos
    for person in (desk.customer, desk.mechanic, support):
        page = text(desk.client(person).get(desk.page))
        for words in (
            "Drive with care",
            CONTENT.next_steps,
            "Battery clamp, negative",
            "$14.50",
            "$21.40",
            "2014 Volvo V60",
        ):
            assert words in page
        assert page.count("/thumbnail/") == 2
    assert desk.client(stranger).get(desk.page).status_code == 404


def test_missing_parts_are_named_and_typed_text_stays(desk: Desk) -> None:
    answer = send(desk, form={"next_steps": " ", "safe_why": "", "part_price": ["a lot", "", "", ""]})
    assert answer.status_code == 422
    page = text(answer)
    for words in (
        "what the customer should do next",
        "Explain why",
        "Enter an amount like 24.50",
        "a lot",
        CONTENT.findings,
    ):
        assert words in page
    assert not Summary.objects.exists()
    assert Draft.objects.get().typed["findings"] == CONTENT.findings


def test_a_summary_form_outside_the_bounds_is_refused(desk: Desk) -> None:
    many = {f"part_{name}": ["1"] * (PARTS_MAX + 5) for name in ("name", "number", "quantity", "price")}
    for form in ({"findings": "x" * (TEXT_MAX + 1)}, many, {"photos": [str(desk.id)] * 25}, {"safe": "perhaps"}):
        assert send(desk, form=form).status_code == 422, form
    for quantity in ("0", "-1", "1000", "1.5", "9" * 50, "½"):
        assert send(desk, form={"part_quantity": [quantity]}).status_code == 422, quantity
    for price in ("-1", "1e3", "1.005", "100000.01", "x", "12.50.1"):
        assert send(desk, form={"part_price": [price]}).status_code == 422, price
    for unseen in ("\u200b", "\u202e\u2060 \u0301", "\u2800"):
        assert send(desk, form={"findings": unseen}).status_code == 422, unseen
        assert send(desk, form={"safe_why": unseen}).status_code == 422, unseen
        assert send(desk, form={"part_name": [unseen], "part_quantity": ["1"]}).status_code == 422, unseen
    assert not Summary.objects.exists()
    assert send(desk, form={"findings": "x" * TEXT_MAX, "part_price": ["100,000"]}).status_code == 303


def test_a_price_with_a_decimal_comma_is_the_same_price(desk: Desk) -> None:
    assert send(desk, form={"part_price": ["24,50", "", "", ""]}).status_code == 303
    assert desk.summary.parts.get(price_cents__isnull=False).price_cents == 2450


def test_an_amount_that_can_be_read_in_two_ways_is_asked_back(desk: Desk) -> None:
    answer = send(desk, form={"part_price": ["1.234"]})
    assert answer.status_code == 422
    assert "two amounts" in text(answer)
    assert "1.234" in text(answer)


def test_line_breaks_of_a_summary_count_once_and_unstorable_characters_are_removed(desk: Desk) -> None:
    send(desk, form={"findings": "a\r\n" * (TEXT_MAX // 2 - 1) + "b\0"})
    assert desk.summary.findings == "a\n" * (TEXT_MAX // 2 - 1) + "b"


def test_a_second_submission_of_a_summary_shows_the_first_and_keeps_the_typed_text(desk: Desk) -> None:
    desk.submit()
    answer = send(desk, form={"findings": "Written in another window"})
    assert answer.status_code == 409
    page = text(answer)
    for words in ("Written in another window", "already sent", CONTENT.findings.split("\n")[0], "Terminal grease"):
        assert words in page
    refused = send(desk, "draft/", headers=JSON)
    assert (refused.status_code, refused.json()["error"]) == (409, "already_submitted")


def test_a_saved_summary_draft_is_filled_into_the_form_again(desk: Desk) -> None:
    saved = send(desk, "draft/", {"version": "0", "part_price": ["a lot"]}, headers=JSON)
    assert saved.status_code == 200
    assert saved.json()["version"] == 1
    page = text(desk.client().get(desk.page))
    for words in (CONTENT.findings, "a lot", 'name="version" value="1"', "Terminal grease"):
        assert words in page
    changed = send(desk, "draft/", {"version": "0", "findings": "Other"}, headers=JSON)
    assert (changed.status_code, changed.json()["error"], changed.json()["version"]) == (409, "draft_changed", 1)


def test_a_form_without_scripts_asks_which_of_two_summary_drafts_counts(desk: Desk) -> None:
    send(desk, "draft/", {"version": "0", "findings": "From the one"})
    answer = send(desk, form={"version": "0", "findings": "From the other"})
    assert answer.status_code == 409
    assert "From the other" in text(answer)
    assert 'name="version" value="1"' in text(answer)
    assert not Summary.objects.exists()
    assert send(desk, form={"version": "1", "findings": "From the other"}).status_code == 303


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 30, "²"])
def test_a_summary_draft_with_an_invalid_version_is_saved(desk: Desk, version: str) -> None:
    assert send(desk, "draft/", {"version": version}, headers=JSON).status_code == 200
    assert Draft.objects.get(session_id=desk.id).typed["findings"]


def test_the_preview_is_what_the_customer_will_see(desk: Desk) -> None:
    answer = send(desk, "preview/", {"version": "0", "photos": [str(desk.photo().id)]})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{desk.page}preview/")
    preview = text(desk.client().get(f"{desk.page}preview/"))
    desk.submit(photos=(UUID(Draft.objects.get().typed["photos"][0]),))
    page = text(desk.client(desk.customer).get(desk.page))
    assert body_of(preview) == body_of(page)


def body_of(page: str) -> str:
    """Return the document's text without the time of submission."""
    return page.split("</header>", 2)[2].split("</article>", maxsplit=1)[0]


def test_an_incomplete_draft_has_no_preview(desk: Desk) -> None:
    assert send(desk, "preview/", {"next_steps": ""}).status_code == 422
    assert desk.client().get(f"{desk.page}preview/").headers["Location"] == desk.page
    assert desk.client(desk.customer).get(f"{desk.page}preview/").headers["Location"] == desk.page


def test_a_correction_is_shown_with_its_date(desk: Desk) -> None:
    desk.submit()
    client = desk.client()
    assert client.post(f"{desk.page}corrections/", {"text": " "}).status_code == 422
    assert client.post(f"{desk.page}corrections/", {"text": "It is the plus clamp."}).status_code == 303
    page = text(desk.client(desk.customer).get(desk.page))
    assert "It is the plus clamp." in page
    assert CONTENT.findings.split("\n")[0] in page
    assert desk.client(desk.customer).post(f"{desk.page}corrections/", {"text": "No!"}).status_code == 303
    assert desk.summary.corrections.count() == 1


def test_what_another_window_saves_in_the_moment_of_the_submission_is_not_lost(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = actions.submit

    def after_another_window(**given: Any) -> Summary:
        assert send(desk, "draft/", {"findings": "The alternator, too"}, headers=JSON).status_code == 200
        return submit(**given)

    monkeypatch.setattr(actions, "submit", after_another_window)
    answer = send(desk)
    assert answer.status_code == 409
    assert "The minus clamp" in text(answer)
    assert Draft.objects.get(session_id=desk.id).typed["findings"] == "The alternator, too"
    assert not Summary.objects.exists()


def test_a_correction_that_is_refused_stays_on_the_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.submit()
    assert desk.client().post(f"{desk.page}corrections/", {"text": "\u200b\u2800"}).status_code == 422
    monkeypatch.setattr(actions, "CORRECTIONS_MAX", 0)
    answer = desk.client().post(f"{desk.page}corrections/", {"text": "It is the plus clamp."})
    assert answer.status_code == 409
    assert "It is the plus clamp." in text(answer)
    assert "too many corrections" in text(answer)


def test_only_the_mechanic_can_write_a_summary_on_its_pages(desk: Desk, stranger: User, support: User) -> None:
    for where in ("", "draft/", "preview/", "corrections/"):
        assert desk.client(stranger).post(desk.page + where, FORM).status_code == 404
        assert Client().post(desk.page + where, FORM).status_code == 302
        for person in (desk.customer, support):
            answer = desk.client(person).post(desk.page + where, FORM, headers=JSON)
            assert answer.status_code in {303, 403}, where
    assert not Draft.objects.exists()
    assert not Summary.objects.exists()


def test_the_pdf_of_a_summary_exists_once_the_summary_is_submitted(desk: Desk, stranger: User) -> None:
    address = f"{desk.page}summary.pdf"
    assert desk.client(desk.customer).get(address).status_code == 404
    desk.submit()
    answer = desk.client(desk.customer).get(address)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="summary-2014-volvo-v60-')
    assert answer.content.startswith(b"%PDF-")
    assert desk.client(stranger).get(address).status_code == 404


@pytest.mark.parametrize(("zone", "day"), [("Pacific/Kiritimati", "2027-01-01"), ("Pacific/Pago_Pago", "2026-12-30")])
def test_the_name_of_the_pdf_has_the_day_of_its_reader(desk: Desk, zone: str, day: str) -> None:
    desk.now = datetime(2026, 12, 31, 10, 45, tzinfo=UTC)
    desk.submit()
    User.objects.filter(pk=desk.customer.pk).update(time_zone=zone)
    answer = desk.client(desk.customer).get(f"{desk.page}summary.pdf")
    assert answer.headers["Content-Disposition"].endswith(f'-{day}.pdf"')


def test_the_dashboards_link_to_the_summary(desk: Desk) -> None:
    mechanics = text(desk.client().get("/dashboard/"))
    assert mechanics.index("Summaries to write") < mechanics.index("Waiting for a mechanic")
    assert f'href="{desk.page}"' in mechanics
    assert "Summary due" in text(desk.client(desk.customer).get("/dashboard/"))
    desk.submit()
    assert "Summaries to write" not in text(desk.client().get("/dashboard/"))
    assert f'href="{desk.page}"' in text(desk.client(desk.customer).get("/dashboard/"))


def test_the_room_links_to_the_summary(desk: Desk) -> None:
    room = f"/sessions/{desk.id}/"
    assert f'data-to="{desk.page}"' in text(desk.client().get(room))
    assert 'data-to="/dashboard/"' in text(desk.client(desk.customer).get(room))
    assert "writes you a summary" in text(desk.client(desk.customer).get(room))
    desk.submit()
    assert f'href="{desk.page}"' in text(desk.client(desk.customer).get(room))


def test_a_summary_says_how_much_time_was_lost(customer: User, mechanic: User) -> None:
    desk = Desk(customer, mechanic, mechanic_lost_seconds=65, unpaused_lost_seconds=30)
    send(desk)
    said = (
        f"1 min 5 s given back: {mechanic.name} was away. 30 s not given back: {customer.name} was away for too long."
    )
    for person in (customer, mechanic):
        assert said in text(desk.client(person).get(desk.page))
