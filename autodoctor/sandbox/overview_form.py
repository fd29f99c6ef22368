"""The buttons of the overview: the verbs of `control`, from a form."""

from collections.abc import Callable, Mapping

from autodoctor.sandbox.store import Json

Form = Mapping[str, str]


def _webhooks(form: Form) -> Json:
    return {
        "paused": form.get("paused") == "yes",
        "copies": _between(form.get("copies"), 1, 10),
        "delay_seconds": _between(form.get("delay_seconds"), 0, 600),
        "jitter_seconds": _between(form.get("jitter_seconds"), 0, 600),
    }


def _flush(form: Form) -> Json:
    return {"order": form.get("order", "as_sent"), "copies": _between(form.get("copies"), 1, 10)}


def _dispute(form: Form) -> Json:
    if "charge" in form:
        return {"charge": form["charge"], "reason": form.get("reason", "fraudulent")}
    return {"dispute": form["dispute"]} | ({"won": form["won"] == "yes"} if "won" in form else {})


def _named(*names: str) -> Callable[[Form], Json]:
    return lambda form: {name: form[name] for name in names}


_READ: dict[str, Callable[[Form], Json]] = {
    "webhooks": _webhooks,
    "flush": _flush,
    "disputes": _dispute,
    "refunds": _named("refund"),
    "checkouts": _named("checkout"),
    "cards": _named("payment_method", "behaves_as"),
    "accounts": _named("account", "outcome"),
    "transfers": _named("transfer"),
}


def read(verb: str, form: Form) -> Json:
    """Return the arguments for `control`. Raises KeyError for an unknown button, ValueError for an invalid number."""
    return _READ[verb](form)


def _between(text: str | None, least: int, most: int) -> int:
    return max(least, min(most, int(text or least)))
