"""The pages for people: pay, confirm with the bank, and the overview.

They stand for another company's: no session, no CSRF token, a policy of their own.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.template import Context, Engine
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from autodoctor.sandbox import bank, cards, checkouts
from autodoctor.sandbox.errors import ApiError, CardError
from autodoctor.sandbox.request_context import Desk
from autodoctor.sandbox.store import Json
from autodoctor.sandbox.webhooks import body_of

_FOLDER = Path(__file__).parent / "templates"
_SCRIPTS = Path(__file__).parent / "scripts"
FILES = {
    "/sandbox.css": ("text/css", _FOLDER / "sandbox.css"),
    "/card.css": ("text/css", _FOLDER / "card.css"),
    **{f"/{path.name}": ("text/javascript", path) for path in sorted(_SCRIPTS.glob("*.js"))},
}
_ZERO_DECIMAL = ("jpy",)
_BUTTONS = {"decline": cards.DECLINING, "authenticate": cards.AUTHENTICATING}
_SHOWN = 20


@dataclass(frozen=True)
class Page:
    status: int = 200
    html: str = ""
    location: str = ""  # target of a redirect
    leads_to: tuple[str | None, ...] = ()  # allowed targets of its forms: see `policy`
    framed: bool = False  # a part of somebody's page, with a script

    @property
    def policy(self) -> str:
        """Return the content security policy. Chromium applies `form-action` to redirects, so those are listed."""
        origins = sorted({f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" for url in self.leads_to if url})
        frame = "script-src 'self'; connect-src 'self'; frame-ancestors *" if self.framed else "frame-ancestors 'none'"
        return f"default-src 'none'; img-src data:; style-src 'self'; base-uri 'none'; {frame}; " + " ".join(
            ["form-action 'self'", *origins]
        )


@cache
def _engine() -> Engine:
    libraries = {"i18n": "django.templatetags.i18n"}
    return Engine(dirs=[str(_FOLDER)], libraries=libraries, builtins=["django.templatetags.i18n"])


def render(template: str, root: str, **context: Any) -> str:
    return _engine().get_template(template).render(Context(context | {"root": root}))


def money(cents: int, currency: str) -> str:
    amount = f"{cents}" if currency in _ZERO_DECIMAL else f"{cents / 100:.2f}"
    return f"${amount}" if currency == "usd" else f"{amount} {currency.upper()}"


def file(path: str) -> tuple[str, str]:
    """Return the type and the text of a style sheet or a script."""
    kind, file = FILES[path]
    return kind, file.read_text()


def card(root: str) -> Page:
    """Show the frame of the Payment Element."""
    return Page(html=render("card.html", root), framed=True)


def not_there(root: str) -> Page:
    sentence = _("There is no such page in this sandbox.")
    return Page(404, render("notice.html", root, title=_("Not found"), sentence=sentence))


def pay(desk: Desk, root: str, id_: str) -> Page:
    session = desk.find("checkout.session", id_)
    if session["status"] != "open":
        return _closed(root, session)
    intent = desk.find("payment_intent", session["payment_intent"]) if session["payment_intent"] else None
    error = intent["last_payment_error"] if intent else None
    html = render(
        "pay.html",
        root,
        session=session,
        id=id_,
        items=[_shown(item) for item in checkouts.line_items(session)],
        total=money(session["amount_total"], session["currency"]),
        cards=[(name, cards.CARDS[name]) for name in cards.OFFERED],
        holds=session["_intent"].get("capture_method") == "manual",
        keeps=session["_intent"].get("setup_future_usage"),
        problem=error and error["message"],
    )
    return Page(html=html, leads_to=(session["success_url"], session["cancel_url"]))


def _shown(item: Json) -> Json:
    return item | {"amount": money(item["amount_total"], item["currency"])}


def _closed(root: str, session: Json) -> Page:
    if session["status"] == "expired":
        sentence = _("This page has expired. Nothing was charged. Go back to the shop to start again.")
        back = session["cancel_url"]
        return Page(410, render("notice.html", root, title=_("Expired"), sentence=sentence, back=back))
    sentence = _("This payment is already complete. Do not pay again.")
    back = checkouts.success_url(session)
    return Page(html=render("notice.html", root, title=_("Already complete"), sentence=sentence, back=back))


def act(desk: Desk, root: str, id_: str, form: dict[str, Any]) -> Page:
    """Handle a button of the pay page. A decline keeps the Checkout open and is shown."""
    session = desk.find("checkout.session", id_)
    again = Page(303, location=f"{root}/pay/{id_}")
    action = form.get("action")
    if session["status"] != "open":
        return _after(session) if session["status"] == "complete" else again
    if action == "leave":
        return Page(303, location=session["cancel_url"]) if session["cancel_url"] else again
    card = _BUTTONS.get(str(action), str(form.get("card", "")))
    if card not in cards.CARDS:
        return again
    try:
        intent = checkouts.pay(desk, session, card)
    except CardError:
        return again
    if intent["status"] == "requires_action":
        return Page(303, location=f"{root}/authenticate/{intent['id']}")
    return _after(session)


def _after(session: Json) -> Page:
    return Page(303, location=checkouts.success_url(session))


def authenticate(desk: Desk, root: str, id_: str) -> Page:
    intent = desk.find("payment_intent", id_)
    if intent["status"] != "requires_action":
        sentence = _("This payment does not need a confirmation.")
        return Page(html=render("notice.html", root, title=_("Nothing to confirm"), sentence=sentence))
    amount = money(intent["amount"], intent["currency"])
    html = render("authenticate.html", root, id=id_, amount=amount, description=intent["description"])
    return Page(html=html, leads_to=(intent["_return_url"],), framed=not intent["_return_url"])


def answer_bank(desk: Desk, root: str, id_: str, form: dict[str, Any]) -> Page:
    intent = desk.find("payment_intent", id_)
    if intent["status"] != "requires_action" or form.get("action") not in ("approve", "fail"):
        return Page(303, location=f"{root}/authenticate/{id_}")
    return_url = intent["_return_url"]
    try:
        intent = bank.answer_bank(desk, intent, approved=form["action"] == "approve")
    except CardError:
        intent = desk.find("payment_intent", id_)
    if intent["_checkout"]:
        return _back_to_checkout(desk, root, intent)
    succeeded = intent["status"] in ("succeeded", "requires_capture")
    if return_url:
        return Page(303, location=_with_result(return_url, intent, succeeded=succeeded))
    title = _("Confirmed") if succeeded else _("Not confirmed")
    return Page(html=render("answered.html", root, title=title), framed=True)


def _back_to_checkout(desk: Desk, root: str, intent: Json) -> Page:
    session = desk.find("checkout.session", intent["_checkout"])
    if intent["status"] == "requires_payment_method":
        return Page(303, location=f"{root}/pay/{session['id']}")
    checkouts.complete(desk, intent)
    return _after(session)


def _with_result(url: str, intent: Json, *, succeeded: bool) -> str:
    parts = urlsplit(url)
    result = {
        "payment_intent": intent["id"],
        "payment_intent_client_secret": intent["client_secret"],
        "redirect_status": "succeeded" if succeeded else "failed",
    }
    query = "&".join(filter(None, [parts.query, urlencode(result)]))
    return urlunsplit(parts._replace(query=query))


def overview(desk: Desk, root: str) -> Page:
    """Show recent objects and deliveries to the developer."""
    deliveries = desk.store.rows("SELECT * FROM delivery ORDER BY id DESC LIMIT ?", _SHOWN)
    things = [
        thing
        for kind in (
            "checkout.session",
            "payment_intent",
            "charge",
            "refund",
            "dispute",
            "transfer",
            "transfer_reversal",
        )
        for thing in desk.store.find(kind, limit=_SHOWN)
    ]
    html = render(
        "overview.html",
        root,
        things=[_listed(thing) for thing in sorted(things, key=lambda thing: -thing["created"])[:_SHOWN]],
        deliveries=[dict(row) | {"type": (desk.store.get(row["event"]) or {}).get("type", "")} for row in deliveries],
        kept=_saved_cards(desk),
        accounts=[_account(account) for account in desk.store.find("account", limit=_SHOWN)],
        policy={"copies": 1, "delay_seconds": 0, "jitter_seconds": 0} | desk.store.setting("webhooks", {}),
        choices={"copies": (1, 2, 3), "seconds": (0, 5, 30)},
    )
    return Page(html=html)


def _saved_cards(desk: Desk) -> list[Json]:
    """Return the saved cards, and the bank's behavior for each."""
    methods = [method for method in desk.store.find("payment_method", limit=_SHOWN) if method["customer"]]
    return [method | {"owner": _email_of(desk, method), "choices": _behaviors(method)} for method in methods]


def _account(account: Json) -> Json:
    """Return a connected account, with its possible outcomes."""
    takes = account["capabilities"]["transfers"] == "active"
    words = _("takes transfers") if takes else account["requirements"]["disabled_reason"]
    outcomes = {"enabled": _("Let it work"), "restricted": _("Restrict"), "rejected": _("Reject")}
    return account | {"words": words, "outcomes": list(outcomes.items())}


def _email_of(desk: Desk, method: Json) -> str:
    owner = desk.store.get(method["customer"]) or {}
    return str(owner.get("email") or method["customer"])


def _behaviors(method: Json) -> list[Json]:
    names = dict.fromkeys((method["_card"], *cards.BEHAVIORS))
    return [{"name": name, "words": _behavior(cards.CARDS[name])} for name in names]


def _behavior(card: cards.Card) -> str:
    refuses = _("declines: %(reason)s") % {"reason": card.decline} if card.decline else ""
    asks = _("asks to confirm") if card.authenticates else ""
    return ", ".join(filter(None, [asks, refuses])) or _("pays")


_DECIDED: list[tuple[Promise, str, dict[str, str]]] = [
    (gettext_lazy("Won"), "disputes", {"dispute": "id", "won": "yes"}),
    (gettext_lazy("Lost"), "disputes", {"dispute": "id", "won": "no"}),
]
# Actions on objects by type and status: label, verb, form fields.
_ACTIONS: dict[tuple[str, str], list[tuple[Promise, str, dict[str, str]]]] = {
    ("checkout.session", "open"): [(gettext_lazy("Expire"), "checkouts", {"checkout": "id"})],
    ("charge", "succeeded"): [
        (gettext_lazy("Dispute"), "disputes", {"charge": "id", "reason": "fraudulent"}),
        (gettext_lazy("Dispute: not as promised"), "disputes", {"charge": "id", "reason": "product_unacceptable"}),
    ],
    ("refund", "succeeded"): [(gettext_lazy("Let it fail"), "refunds", {"refund": "id"})],
    ("transfer", ""): [(gettext_lazy("Take back"), "transfers", {"transfer": "id"})],
    ("dispute", "needs_response"): [(gettext_lazy("Evidence is sent"), "disputes", {"dispute": "id"}), *_DECIDED],
    ("dispute", "under_review"): _DECIDED,
}
_PAGES = {("checkout.session", "open"): "/pay/", ("payment_intent", "requires_action"): "/authenticate/"}


def _listed(thing: Json) -> Json:
    cents = thing["amount_total"] if thing["object"] == "checkout.session" else thing["amount"]
    status = thing.get("status", _("taken back") if thing.get("reversed") else "")
    stands = (thing["object"], status)
    page = f"{_PAGES[stands]}{thing['id']}" if stands in _PAGES else ""
    actions = [
        {"label": label, "verb": verb, "fields": {name: thing.get(value, value) for name, value in fields.items()}}
        for label, verb, fields in _ACTIONS.get(stands, [])
        if verb != "disputes" or thing["object"] == "dispute" or (thing["captured"] and not thing["disputed"])
    ]
    more = {"status": status, "page": page, "actions": actions, "json": body_of(thing)}
    return thing | more | {"shown": money(cents, thing["currency"])}


def problem(root: str, error: ApiError) -> Page:
    if error.status == 404:
        return not_there(root)
    return Page(error.status, render("notice.html", root, title=_("That did not work"), sentence=str(error)))
