"""The onboarding page of a connected account."""

from autodoctor.sandbox import connect
from autodoctor.sandbox.pages import Page, not_there, render
from autodoctor.sandbox.request_context import Desk
from autodoctor.sandbox.store import Json

_BUTTONS = {"finish": "enabled", "restricted": "restricted"}


def show(desk: Desk, root: str, id_: str) -> Page:
    link = _link(desk, id_)
    if link is None:
        return not_there(root)
    if link["used"] or link["expires_at"] <= desk.now:
        return Page(303, location=link["refresh_url"])
    account = desk.find("account", link["account"])
    html = render("onboarding.html", root, id=id_, account=account, due=account["requirements"]["currently_due"])
    return Page(html=html, leads_to=(link["return_url"], link["refresh_url"]))


def act(desk: Desk, root: str, id_: str, form: dict[str, str]) -> Page:
    """Handle a button. "Leave" returns without finishing."""
    link = _link(desk, id_)
    if link is None:
        return not_there(root)
    if link["used"]:
        return Page(303, location=link["refresh_url"])
    if outcome := _BUTTONS.get(form.get("action", "")):
        waits = outcome == "enabled" and desk.switched("onboarding_takes_time")
        connect.become(desk, desk.find("account", link["account"]), "checking" if waits else outcome)
    desk.save(link | {"used": True})
    return Page(303, location=link["return_url"])


def _link(desk: Desk, id_: str) -> Json | None:
    found = desk.store.get(id_)
    return found if found and found["object"] == "_account_link" else None
