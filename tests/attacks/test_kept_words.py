"""What somebody types into a form whose sign-in has expired stands in the form again after the next sign-in.

Every address that takes a form is listed: with what is typed there, or among those where nothing is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session as BrowserSession
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.booking.models import Plan, Vehicle
from autodoctor.conversations import asking
from autodoctor.core import kept_words
from autodoctor.room.tests.live_session import live_session
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job
from autodoctor.sessions.lifecycle import help_requests
from autodoctor.sessions.states import State
from autodoctor.summaries.tests.desk import Desk
from autodoctor.support.case_actions import ACTS
from tests.attacks.routes import PAGES

pytestmark = pytest.mark.django_db
People = dict[str, User]
Typed = dict[str, str | list[str]]
WORDS = "It “rattles” & <b>knocks</b>\n\nbehind the dash"
LINE = 'Two "clamps" & <i>one</i> hose'


@dataclass(frozen=True)
class Case:
    """A form at `address`, on the `page` of `who`, with what `is_typed` and what else the browser sends."""

    address: str
    page: str
    who: str
    typed: Typed
    sent: tuple[tuple[str, str], ...] = ()


SUMMARY: Typed = {
    **dict.fromkeys(("findings", "steps", "next_steps", "safe_why"), WORDS),
    "safe": "care",
    "part_name": ["Clamp", LINE],
    "part_number": ["", "VOL-31346572"],
    "part_quantity": ["1", "two"],
    "part_price": ["14.50", "$3"],
}
CAR: Typed = {"nickname": LINE, "vin": "YV1RS61R722", "year": "2002", "make": "Volvo & Co", "model": "V70 <T5>"}
APPLICATION: Typed = {"name": "Ö", "headline": LINE, "years_experience": "x", "skills": WORDS, "certifications": WORDS}
ROOM, CASE = "/sessions/{live}/", "/support/sessions/{live}/"
CASES = [
    *(
        Case(f"/sessions/{{ended}}/summary/{to}", "/sessions/{ended}/summary/", "mechanic", SUMMARY)
        for to in ("", "draft/", "preview/")
    ),
    Case("/sessions/{told}/summary/corrections/", "/sessions/{told}/summary/", "mechanic", {"text": WORDS}),
    Case("/sessions/{told}/question/", "/sessions/{told}/question/", "customer", {"text": WORDS}),
    Case("/sessions/{told}/rating/", "/sessions/{told}/", "customer", {"stars": "4", "line": LINE}),
    Case("/sessions/{live}/help/", "/sessions/{live}/help/", "customer", {"reason": "behaviour", "text": WORDS}),
    Case("/sessions/{live}/substitute/", ROOM, "mechanic", {"note": WORDS}),
    Case("/help/", "/help/", "customer", {"topic": "account", "text": WORDS}),
    Case("/help/{conversation}/", "/help/{conversation}/", "customer", {"text": WORDS}),
    Case("/garage/add/", "/garage/add/", "customer", CAR | {"mileage": "84.000"}),
    Case("/garage/{car}/edit/", "/garage/{car}/edit/", "customer", CAR),
    Case("/garage/{car}/links/", "/garage/{car}/links/", "customer", {"label": LINE, "days": "7"}),
    Case("/garage/{car}/mileage/", "/garage/{car}/", "customer", {"mileage": "84 000 miles"}),
    Case("/account/", "/account/", "customer", {"name": LINE}),
    Case("/mechanics/apply/", "/mechanics/apply/", "customer", APPLICATION),
    *(Case(f"{CASE}{act}/", CASE, "support", {"reason": WORDS}) for act in ("end", "extend")),
    *(
        Case(f"/support/sessions/{{accepted}}/{act}/", "/support/sessions/{accepted}/", "support", {"reason": WORDS})
        for act in ("release", "cancel")
    ),
    Case(f"{CASE}message/", CASE, "support", {"text": WORDS}),
    Case(f"{CASE}help/", f"{CASE}help/", "support", {"text": WORDS}, (("to", "mechanic"),)),
    Case("/support/conversations/{conversation}/", "", "support", {"text": WORDS}, (("act", "answer"),)),
    Case("/support/conversations/{conversation}/", "", "support", {"note": LINE}, (("act", "close"),)),
    Case("/support/people/{person}/", "", "support", {"reason": LINE}, (("act", "ban"),)),
    Case("/support/people/{person}/", "", "support", {"reason": LINE}, (("act", "sign_out"),)),
    Case("/support/mechanics/{applicant}/", "/support/mechanics/", "support", {"reason": LINE}, (("act", "decline"),)),
    Case("/support/jobs/{job}/", "/support/jobs/", "support", {"reason": LINE}, (("act", "dismiss"),)),
    Case("/admin/booking/plan/add/", "", "support", {"name": LINE, "price_cents": "ten"}),
    Case("/admin/booking/plan/{plan}/change/", "", "support", {"name": LINE, "price_cents": "ten"}),
]
# Forms without a text: a button, a choice, a check mark, a file, a card.
NOTHING_TYPED = {
    "/account/card/",
    "/account/devices/<subscription_id>/remove/",
    "/account/sign-out-elsewhere/",
    "/dashboard/earnings/account/",
    "/garage/<vehicle_id>/advice/",
    "/garage/<vehicle_id>/links/<link_id>/revoke/",
    "/garage/<vehicle_id>/merge/",
    "/garage/<vehicle_id>/remove/",
    "/garage/<vehicle_id>/sessions/",
    "/mechanics/<mechanic_id>/favorite/",
    "/mechanics/skills/",
    "/mechanics/taking-sessions/",
    "/sessions/<session_id>/accept/",
    "/sessions/<session_id>/cancel/",
    "/sessions/<session_id>/checkout/",
    "/sessions/<session_id>/end/",
    "/sessions/<session_id>/extension/page/",
    "/sessions/<session_id>/follow-up/",
    "/sessions/<session_id>/release/",
    "/sessions/<session_id>/solved/",
    "/sessions/<session_id>/start/",
    "/sessions/<session_id>/summary/parts/<position>/",
    "/sessions/<session_id>/transcript/agreement/",
    "/support/money/",
    "/support/sessions/<session_id>/alerts/<seq>/",
}
# Passwords and codes are typed anew. What else the library that guards these pages asks for is an address or a name.
OF_THE_SIGN_IN = {address for address in PAGES if address.startswith("/account/") and address.count("/") > 2}
# The button stands in the form of the summary where a service is configured.
LIKE_THE_SUMMARY = {"/sessions/<session_id>/summary/proposals/"}
READ_ONLY = {
    "/dashboard/",
    "/dashboard/earnings.csv",
    "/dashboard/earnings/",
    "/dashboard/earnings/account/done/",
    "/dashboard/queue/",
    "/dashboard/sessions/",
    "/dashboard/summaries/",
    "/garage/",
    "/garage/<vehicle_id>/",
    "/garage/<vehicle_id>/links/<link_id>/",
    "/mechanics/<mechanic_id>/",
    "/sessions/<session_id>/",
    "/sessions/<session_id>/documents/<document_id>.pdf",
    "/sessions/<session_id>/extension/",
    "/sessions/<session_id>/files/<file_id>/",
    "/sessions/<session_id>/files/<file_id>/thumbnail/",
    "/sessions/<session_id>/help/files/<file_id>/",
    "/sessions/<session_id>/help/files/<file_id>/thumbnail/",
    "/sessions/<session_id>/help/thread/",
    "/sessions/<session_id>/more-time/",
    "/sessions/<session_id>/panel/",
    "/sessions/<session_id>/receipt.pdf",
    "/sessions/<session_id>/receipt/",
    "/sessions/<session_id>/summary/summary.pdf",
    "/sessions/<session_id>/summary/workshop/",
    "/sessions/<session_id>/transcript/",
    "/sessions/open/",
    "/summaries/last/",
    "/support/",
    "/support/jobs/",
    "/support/mechanics/",
    "/support/numbers/",
    "/support/numbers/numbers.csv",
    "/support/open/",
    "/support/search/",
    "/support/sessions/<session_id>/",
    "/support/sessions/<session_id>/evidence.pdf",
    "/support/sessions/<session_id>/evidence.zip",
    "/support/sessions/<session_id>/live/",
}
NAMES = {
    "live": "session_id",
    "accepted": "session_id",
    "ended": "session_id",
    "told": "session_id",
    "conversation": "conversation_id",
}
NAMES |= {"car": "vehicle_id", "person": "user_id", "applicant": "profile_id", "job": "job_id"}


class Fields(HTMLParser):
    """The names and values of a page's fields that show something; of the chosen one of several."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.shown: list[tuple[str, str]] = []
        self.hidden: dict[str, str] = {}
        self._area = self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        name, value, kind = said.get("name", ""), said.get("value", ""), said.get("type", "text")
        if tag == "textarea":
            self._area = name
            self.shown.append((name, ""))
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in said:
            self.shown.append((self._select, value))
        elif tag == "input" and kind == "hidden":
            self.hidden[name] = value
        elif tag == "input" and (kind != "radio" or "checked" in said):
            self.shown.append((name, value))

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            name, text = self.shown.pop()
            self.shown.append((name, text + data))


def expected(typed: Typed) -> set[tuple[str, str]]:
    every = {name: [given] if isinstance(given, str) else given for name, given in typed.items()}
    return {(name, value) for name, values in every.items() for value in values if value}


def fields(answer: Any) -> set[tuple[str, str]]:
    return {(name, value.removeprefix("\n")) for name, value in Fields(answer.content.decode()).shown}


class Browser:
    """One browser, in which one person after another signs in, always through the form."""

    def __init__(self) -> None:
        self.client = Client()

    def sign_in(self, person: User, address: str = "/sign-in/") -> Any:
        return self.client.post(address, {"login": person.email, "password": "demo"}, follow=True)

    def let_expire(self) -> None:
        BrowserSession.objects.all().delete()

    def send(self, address: str, typed: Any, page: str, **headers: str) -> Any:
        sent_from = {"Referer": f"http://testserver{page}"} if page else {}
        return self.client.post(address, typed, headers={**sent_from, **headers})


@pytest.fixture
def people(customer: User, mechanic: User, support: User, stranger: User) -> People:
    return {"customer": customer, "mechanic": mechanic, "support": support, "stranger": stranger}


@pytest.fixture
def things(people: People, mechanic2: User) -> dict[str, object]:
    """One of each thing that the forms are about."""
    customer, mechanic = people["customer"], people["mechanic"]
    now = timezone.now()
    told = Desk(customer, mechanic)
    told.submit()
    question = asking.Question(topic="account", text="I cannot sign in")
    plan, live = Plan.objects.first(), live_session(customer, mechanic)
    for person in (customer, mechanic):
        help_requests.ask_support(session_id=live.id, by=person, reason="other", text="It hangs", now=now)
    job = Job.objects.create(
        kind="mail.send", key="k", payload={}, lane=Lane.STRIPE, due_at=now, run_at=now, parked_at=now
    )
    applicant = User.objects.create_user("applicant@example.com", name="Ada Applicant")
    profile = MechanicProfile.objects.create(user=applicant, headline="Diesels", years_experience=1, skills="All")
    return {
        "told": told.id,
        "ended": Desk(customer, mechanic).id,
        "live": live.id,
        "accepted": live_session(customer, mechanic2, state=State.ACCEPTED).id,
        "conversation": asking.ask(question, by=customer, now=now).pk,
        "car": Vehicle.objects.create(owner=customer, make="Ford", used_at=now).pk,
        "person": customer.pk,
        "applicant": profile.pk,
        "job": job.pk,
        "plan": plan.pk if plan else 0,
    }


def test_every_form_is_listed() -> None:
    with_words = {
        case.address.format_map({key: f"<{name}>" for key, name in NAMES.items()} | {"plan": ""}) for case in CASES
    }
    acts = {f"/support/sessions/<session_id>/{act}/" for act in ACTS}
    with_words = {"/support/sessions/<session_id>/<name>/" if one in acts else one for one in with_words}
    known = with_words | NOTHING_TYPED | OF_THE_SIGN_IN | LIKE_THE_SUMMARY | READ_ONLY
    assert {address for address, (access, _statuses) in PAGES.items() if access != "anyone"} - known == set()
    assert not with_words & (NOTHING_TYPED | READ_ONLY)


@pytest.fixture(params=CASES, ids=lambda case: f"{case.address}:{'-'.join(case.typed)}")
def case(request: pytest.FixtureRequest, things: dict[str, object]) -> Case:
    one: Case = request.param
    page = one.page or one.address
    return Case(one.address.format(**things), page.format(**things), one.who, one.typed, one.sent)


@pytest.fixture
def browser_of(people: People) -> Callable[[Case], tuple[Browser, Any]]:
    """Return the browser in which this person has sent the form too late, and the answer."""

    def send(case: Case) -> tuple[Browser, Any]:
        browser = Browser()
        browser.sign_in(people[case.who])
        page = browser.client.get(case.page)
        assert page.status_code == 200
        assert not expected(case.typed) <= fields(page)
        mark = {name: value for name, value in Fields(page.content.decode()).hidden.items() if name == kept_words.MARK}
        browser.let_expire()
        return browser, browser.send(case.address, case.typed | dict(case.sent) | mark, case.page)

    return send


def test_what_was_typed_stands_in_its_form_after_the_next_sign_in_once(
    case: Case, people: People, browser_of: Callable[[Case], tuple[Browser, Any]]
) -> None:
    browser, asked = browser_of(case)
    assert asked.headers["Location"] == f"/sign-in/?next={case.page}"
    said = browser.client.get(asked.headers["Location"]).content.decode()
    assert "so nothing was sent. What you typed is there again when you have signed in." in said
    shown = browser.sign_in(people[case.who], asked.headers["Location"])
    assert shown.request["PATH_INFO"] == case.page
    assert expected(case.typed) <= fields(shown)
    assert not expected(case.typed) <= fields(browser.client.get(case.page))


def test_a_colleague_or_the_other_one_of_the_session_does_not_read_it_either(
    case: Case, people: People, browser_of: Callable[[Case], tuple[Browser, Any]]
) -> None:
    colleague = User.objects.create_user("colleague@example.com", "demo", name="Chris Colleague", is_staff=True)
    EmailAddress.objects.create(user=colleague, email=colleague.email, verified=True, primary=True)
    others = {"customer": "mechanic", "mechanic": "customer"}
    browser, asked = browser_of(case)
    other = people[others[case.who]] if case.who in others else colleague
    browser.sign_in(other, asked.headers["Location"])
    page = browser.client.get(case.page).content.decode()
    assert "behind the dash" not in page
    assert escape(LINE) not in page


def test_a_stranger_who_signs_in_at_the_browser_reads_nothing(
    case: Case, people: People, browser_of: Callable[[Case], tuple[Browser, Any]]
) -> None:
    browser, asked = browser_of(case)
    words = {value for _name, value in expected(case.typed) if " " in value}
    for answer in (
        browser.sign_in(people["stranger"], asked.headers["Location"]),
        browser.client.get(case.page),
        browser.client.get("/dashboard/"),
    ):
        page = Fields(answer.content.decode())
        assert not words & {value.removeprefix("\n") for _name, value in page.shown}
        assert "behind the dash" not in answer.content.decode()


@pytest.mark.parametrize("case", [case for case in CASES if case.page and case.page != case.address])
def test_a_form_that_was_refused_at_its_own_address_leads_back_to_the_page_above_it(
    case: Case, things: dict[str, object], people: People
) -> None:
    """The browser is then at an address that only takes the form, and says so as the page before."""
    browser = Browser()
    browser.client.defaults["HTTP_SEC_FETCH_MODE"] = "navigate"
    address, page = (path.format(**things) for path in (case.address, case.page))
    asked = browser.send(address, case.typed | dict(case.sent), address)
    shown = browser.sign_in(people[case.who], asked.headers["Location"])
    assert shown.request["PATH_INFO"] == page
    assert expected(case.typed) <= fields(shown)


def test_every_address_of_a_form_leads_to_a_page(things: dict[str, object], people: People) -> None:
    for role, person in people.items():
        client = Client(headers={"Sec-Fetch-Mode": "navigate"})
        client.force_login(person)
        for address in sorted(address for address, (access, _statuses) in PAGES.items() if access != "anyone"):
            answer = client.get(address.replace("<session_id>", str(things["live"])).replace("<name>", "message"))
            assert answer.status_code != 405, (role, address)
