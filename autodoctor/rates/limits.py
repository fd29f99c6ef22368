"""Every limit of how often somebody may do something. `docs/security.md` lists where each one counts.

A limit allows `at_once` uses, and gives one back each `every` seconds. LIMITS in the environment changes single ones.
"""

from dataclasses import dataclass
from enum import Enum

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Who(Enum):
    """Who is counted. The value stands in the documentation."""

    PERSON = "the person; signed out, the client's address"
    SIGNED_IN = "the person"  # somebody who is signed out cannot do it: they count as with any other form
    ASKER = "the person; a visitor's address"
    MAILBOX = "the address that is mailed"
    PAGE = "each open page"
    BROWSER = "the browser, in each process"


TOO_FAST = _("This was too fast.")


@dataclass(frozen=True)
class Limit:
    name: str
    at_once: int
    every: float  # seconds
    who: Who = Who.PERSON
    sentence: Promise = TOO_FAST

    @property
    def pace(self) -> tuple[int, float]:
        """Return how many at once, and the seconds until one more, as the environment says."""
        at_once, every = settings.LIMITS.get(self.name, (self.at_once, self.every))
        return at_once, every


# Counted in the database, by all processes together.
CHANGES = Limit("changes", 120, 0.5)  # whatever a form or a script sends, where nothing else is said
CHECKOUTS = Limit(
    "checkouts", 10, 20, Who.SIGNED_IN, _("You opened many payment pages. Nothing more was charged or held.")
)
LOOKS = Limit("looks", 3, 20, Who.SIGNED_IN)  # calls to Stripe of people who come back from it
DOCUMENTS = Limit("documents", 20, 3, sentence=_("You opened many documents at once."))
SHARED_LINKS = Limit("shared_links", 120, 1, sentence=_("This link was opened very often."))  # right ones and guesses
HANDOVER_CODES = Limit("handover_codes", 10, 60, Who.SIGNED_IN, _("You made many codes at once."))
HANDOVER_TRIES = Limit("handover_tries", 10, 30, sentence=_("Many codes were tried from here."))  # right ones, too
UPLOADS = Limit("uploads", 60, 2, sentence=_("You shared many files at once."))
UPLOAD_PIECES = Limit("upload_pieces", 240, 0.5, sentence=_("You sent many pieces of files at once."))
MEASUREMENTS = Limit("measurements", 20, 3, sentence=_("This connection was measured often."))
BARCODES = Limit("barcodes", 40, 0.5, sentence=_("You sent many pictures of a barcode at once."))
VOICES = Limit("voices", 24, 4, Who.SIGNED_IN)  # pieces of a recorded microphone: one in fifteen seconds
PROPOSALS = Limit("proposals", 5, 30, Who.SIGNED_IN, _("You asked for proposed lines often."))
DEVICE_CHECKS = Limit("device_checks", 20, 1, Who.SIGNED_IN)
STILLS = Limit("stills", 6, 5, Who.SIGNED_IN, _("You asked for many photos at once."))
HELP = Limit(
    "help", 5, 12, Who.SIGNED_IN, _("You sent many messages at once. We read all of them. Wait before you send more.")
)
HELP_FILES = Limit("help_files", 30, 600, Who.ASKER)  # taken from forms and mails to support
QUESTIONS = Limit("questions", 10, 360, sentence=_("You asked our support team many questions."))
MESSAGES = Limit("messages", 40, 0.1, Who.SIGNED_IN)
WAITING_LIST = Limit("waiting_list", 10, 60)
KEPT_WORDS = Limit("kept_words", 20, 60)  # forms of signed-out people that wait in a session until they have signed in
CONFIRMATIONS = Limit("confirmations", 2, 12 * 60 * 60, Who.MAILBOX)

SOCKETS = Limit("sockets", 60, 0.5, Who.BROWSER)  # openings, before anybody is asked who it is

# Frames of one open page, counted where its socket is.
SIGNALS = Limit("signals", 200, 0.02, Who.PAGE)  # a call's beginning is a burst of candidates
TYPING = Limit("typing", 5, 0.5, Who.PAGE)
MEDIA = Limit("media", 10, 0.5, Who.PAGE)
CAMERA = Limit("camera", 20, 0.1, Who.PAGE)  # a zoom that is pulled, a photo on its way
DRAWINGS = Limit("drawings", 80, 0.04, Who.PAGE)  # a stroke is sent while it is drawn
PINGS = Limit("pings", 10, 0.5, Who.PAGE)
JOINS = Limit("joins", 5, 1, Who.PAGE)
UNREADABLE = Limit("unreadable", 10, 1, Who.PAGE)

EVERY_LIMIT = {limit.name: limit for limit in vars().copy().values() if isinstance(limit, Limit)}


def limits_problem() -> str:
    """Return a sentence about what LIMITS in the environment says and cannot be; empty if all of it can be."""
    given = settings.LIMITS
    if not isinstance(given, dict) or not all(map(_is_pace, given.values())):
        return 'LIMITS in the environment is not a JSON object of names, numbers and seconds: {"changes": [120, 0.5]}.'
    unknown = sorted(given.keys() - EVERY_LIMIT.keys())
    return f"LIMITS in the environment names no limit of ours: {', '.join(unknown)}." if unknown else ""


def _is_pace(given: object) -> bool:
    match given:
        case [int(at_once), int() | float() as every]:
            return at_once >= 1 and every > 0 and not isinstance(every, bool)
        case _:
            return False
