"""The second wall: which rows PostgreSQL shows to whom, and which it takes (ADR 44).

Where a condition is missing in our code, or somebody slips a statement in, the database itself refuses. The system and
support read everything; a person reads what is theirs. The log and the ledger are added to, and never rewritten.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Model

from autodoctor.accounts.models import Favorite, MechanicProfile, User
from autodoctor.booking.models import Booking, MileageReading, Vehicle, VehicleSession
from autodoctor.conversations.models import Conversation
from autodoctor.core.postgres.base import SETTING
from autodoctor.files.models import PartialUpload, StoredFile
from autodoctor.garage.models import Advice, SharedFile, SharedLink
from autodoctor.handover.models import Handover
from autodoctor.payments.models import Dispute, Earning, Movement, Payment, Refund
from autodoctor.receipts.models import Document
from autodoctor.sessions.models import Alert, Connection, NeededSkill, Participant, Session, SessionEvent
from autodoctor.sessions.states import OFFERED, State
from autodoctor.skills.models import KnownSkill
from autodoctor.summaries.models import Correction, Draft, Part, Photo, ServiceLines, Summary
from autodoctor.transcripts.models import Line, Piece, Voice

ACTOR = f"current_setting('{SETTING}', true)"
NOBODY = "false"
ACTIONS = ("read", "add", "change", "remove")


def table(model: type[Model]) -> str:
    return f'"{model._meta.db_table}"'


# In parentheses: asked once a statement, not once a row, and only where what stands before it has not decided.
SYSTEM = f"{ACTOR} = 'system'"
PERSON = f"(SELECT CASE WHEN length({ACTOR}) = 36 THEN {ACTOR}::uuid END)"
SUPPORT = f"(SELECT EXISTS (SELECT FROM {table(User)} WHERE id = {PERSON} AND is_staff AND is_active))"  # noqa: S608
SEES_ALL = f"{SYSTEM} OR {SUPPORT}"
IS_MECHANIC = f"""(SELECT EXISTS (
    SELECT FROM {table(User)} AS person JOIN {table(MechanicProfile)} AS profile ON profile.user_id = person.id
    WHERE person.id = {PERSON} AND person.is_active AND profile.state = '{MechanicProfile.State.APPROVED}'
))"""  # noqa: S608 our own names
# What the application cannot delete itself: a booking that nobody paid, with its log. Nothing else goes.
_UNPAID = f"""
    SELECT id FROM {table(Session)} AS s WHERE id = ANY(sessions) AND {SYSTEM}
    AND state = '{State.CANCELLED}' AND requested_at IS NULL
    AND NOT EXISTS (SELECT FROM {table(Payment)} WHERE owner_id = s.id AND authorized_at IS NOT NULL)
"""  # noqa: S608 our own names
_LEFT_BEHIND = "".join(
    f"DELETE FROM {table(model)} WHERE session_id IN ({_UNPAID});"  # noqa: S608 our own names
    for model in (
        *(SessionEvent, NeededSkill, Alert, Participant, Connection, Draft, Booking),
        *(VehicleSession, MileageReading),
    )
)
FORGET = f"""
CREATE OR REPLACE FUNCTION autodoctor_forget_unpaid(sessions uuid[]) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = {{schema}}, pg_temp AS $$
    {_LEFT_BEHIND}
    DELETE FROM {table(Session)} WHERE id IN ({_UNPAID});
$$;
"""  # noqa: S608 our own names


def _of_session(column: str, condition: str) -> str:
    return f"EXISTS (SELECT FROM {table(Session)} AS s WHERE s.id = {column} AND ({condition}))"


def _of(model: type[Model], column: str, key: str = "id") -> str:
    """Whoever may read that row may read this one, too."""
    return f"EXISTS (SELECT FROM {table(model)} AS up WHERE up.{key} = {column})"


def _of_own(model: type[Model], column: str, owner: str) -> str:
    """Whose row that is: support reads theirs, and changes nothing of it."""
    return f"EXISTS (SELECT FROM {table(model)} AS up WHERE up.id = {column} AND up.{owner} = {PERSON})"


OF_OWN_LINK = f"""EXISTS (
    SELECT FROM {table(SharedLink)} AS l JOIN {table(Vehicle)} AS v ON v.id = l.car_id
    WHERE l.id = link_id AND v.owner_id = {PERSON}
)"""
BOTH = f"s.customer_id = {PERSON} OR s.mechanic_id = {PERSON}"
HEARD = (
    f"s.customer_id = {PERSON} AND audience IN ('both', 'customer') OR "
    f"s.mechanic_id = {PERSON} AND audience IN ('both', 'mechanic')"
)
WRITES = f"s.mechanic_id = {PERSON}"
ASKED = f"EXISTS (SELECT FROM {table(Conversation)} AS c WHERE c.id = owner_id AND c.person_id = {PERSON})"


@dataclass(frozen=True)
class Wall:
    """Conditions on a row of one table. `adds`, `changes`, `removes`: what a person may do; the system may all of it.

    Who may read a row may lock it. `fixed`: columns that nobody changes, whoever acts; with `only` all but these.
    Without `goes` nothing is deleted.
    """

    model: type[Model]
    reads: str
    adds: str = NOBODY
    changes: str = NOBODY
    removes: str = NOBODY
    goes: bool = False
    fixed: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None

    @property
    def changing(self) -> list[str]:
        """Return the columns that may be changed."""
        columns = [field.column for field in self.model._meta.concrete_fields if field.column]
        return [name for name in columns if (name not in self.fixed if self.only is None else name in self.only)]

    def policies(self) -> Iterator[tuple[str, str]]:
        """Return the name and the body of each policy."""
        seen, name = f"{SEES_ALL} OR {self.reads}", table(self.model)
        yield "read", f"ON {name} FOR SELECT USING ({seen})"
        yield "add", f"ON {name} FOR INSERT WITH CHECK ({SYSTEM} OR {self.adds})"
        yield "change", f"ON {name} FOR UPDATE USING ({seen}) WITH CHECK ({SYSTEM} OR {self.changes})"
        if self.goes:
            yield "remove", f"ON {name} FOR DELETE USING ({SYSTEM} OR {self.removes})"


def _of_vehicle(model: type[Model], column: str = "vehicle_id") -> Wall:
    """What belongs to a vehicle: its owner's, and goes with it."""
    own = _of_own(Vehicle, column, "owner_id")
    return Wall(model, reads=own, adds=own, changes=own, removes=own, goes=True)


MINE = f"customer_id = {PERSON} OR mechanic_id = {PERSON}"
OFFER = ", ".join(f"'{state}'" for state in sorted(OFFERED))
FOR_ME = f"(private_until IS NULL OR asked_for_id = {PERSON})"
WALLS = (
    Wall(
        Session,
        # What was asked of one mechanic alone is nobody else's to see.
        reads=f"{MINE} OR state IN ({OFFER}) AND {FOR_ME} AND {IS_MECHANIC}",
        adds=f"customer_id = {PERSON}",
        changes=MINE,
    ),
    Wall(
        SessionEvent,
        reads=_of_session("session_id", HEARD),
        adds=f"actor_id = {PERSON} AND {_of_session('session_id', HEARD)}",
        only=("audience",),  # what a mechanic's page was told becomes support's when another mechanic comes
    ),
    Wall(
        NeededSkill,
        reads=_of(Session, "session_id"),
        adds=_of_session("session_id", f"s.customer_id = {PERSON}"),
        only=(),
    ),
    Wall(  # codes and phones: only what the system does for their person changes them
        Handover,
        reads=f"person_id = {PERSON}",
        goes=True,
        fixed=("id", "session_id", "person_id", "code_hash", "made_at", "expires_at"),
    ),
    Wall(  # everybody reads what a mechanic knows, as on their page
        KnownSkill,
        reads="true",
        adds=f"mechanic_id = {PERSON}",
        removes=f"mechanic_id = {PERSON}",
        goes=True,
        only=(),
    ),
    Wall(
        StoredFile,
        reads=f"uploader_id = {PERSON} OR {_of(Session, 'owner_id')} OR {ASKED}",
        adds=f"uploader_id = {PERSON} AND ({_of_session('owner_id', BOTH)} OR {ASKED})",
        changes=f"uploader_id = {PERSON}",
        goes=True,
        fixed=("id", "owner_id", "uploader_id", "key", "created_at"),
    ),
    Wall(
        PartialUpload,
        reads=f"sender_id = {PERSON}",
        adds=f"sender_id = {PERSON} AND {_of_session('owner_id', BOTH)}",
        changes=f"sender_id = {PERSON}",
        removes=f"sender_id = {PERSON}",
        goes=True,
        fixed=("id", "owner_id", "sender_id", "client_id", "size", "created_at"),
    ),
    Wall(
        Favorite,
        reads=f"customer_id = {PERSON}",
        adds=f"customer_id = {PERSON}",
        changes=f"customer_id = {PERSON}",
        removes=f"customer_id = {PERSON}",
        goes=True,
        fixed=("id", "customer_id", "mechanic_id", "added_at"),
    ),
    Wall(
        Payment,
        reads=f"payer_id = {PERSON} OR {_of_session('owner_id', WRITES)}",
        adds=f"payer_id = {PERSON}",
        fixed=(
            *("id", "owner_id", "payer_id", "purpose", "description", "amount_cents", "currency", "seconds"),
            "created_at",
        ),
    ),
    Wall(
        Refund,
        reads=_of(Payment, "payment_id"),
        fixed=("id", "payment_id", "amount_cents", "reason", "borne_by", "requested_by_id", "created_at"),
    ),
    Wall(Dispute, reads=_of(Payment, "payment_id"), fixed=("id", "payment_id", "stripe_id", "currency", "opened_at")),
    Wall(
        Earning,
        reads=f"mechanic_id = {PERSON}",
        fixed=(
            *("id", "payment_id", "mechanic_id", "share_percent", "gross_cents", "currency", "completed_at"),
            "created_at",
        ),
    ),
    Wall(
        Movement,
        reads=_of(Earning, "earning_id"),
        fixed=("id", "earning_id", "kind", "takes_back_id", "pays_off_id", "amount_cents", "account_id", "created_at"),
    ),
    Wall(
        Document,
        reads=_of_session("session_id", f"s.customer_id = {PERSON}"),
        changes=_of_session("session_id", f"s.customer_id = {PERSON}"),
        only=("pdf",),  # typeset for the first reader
    ),
    Wall(  # who agrees is changed under the lock of the session, by the system; a person counts what they send
        Voice,
        reads=_of_session("session_id", BOTH),
        changes=f"user_id = {PERSON}",
        only=("agreed_at", "pieces_taken", "bytes_taken"),
    ),
    Wall(  # sound is for nobody to hear: the two only learn that there is some
        Piece,
        reads=_of(Voice, "voice_id"),
        adds=_of_own(Voice, "voice_id", "user_id"),
        goes=True,
        only=(),
    ),
    Wall(Line, reads=_of_session("session_id", BOTH), only=()),
    *(
        Wall(
            model,
            reads=_of_session("session_id", WRITES),
            adds=_of_session("session_id", WRITES),
            changes=_of_session("session_id", WRITES),
            removes=_of_session("session_id", WRITES),
            goes=True,
        )
        for model in (Draft, ServiceLines)
    ),
    Wall(
        Summary,
        reads=_of_session("session_id", BOTH),
        adds=f"author_id = {PERSON} AND {_of_session('session_id', WRITES)}",
        only=("mailed_at",),
    ),
    Wall(
        Part,
        reads=_of(Summary, "summary_id", "session_id"),
        adds=_of_session("summary_id", WRITES),
        changes=_of_session("summary_id", f"s.customer_id = {PERSON}"),
        only=("bought_at",),  # the customer's shopping list
    ),
    *(
        Wall(
            model,
            reads=_of(Summary, "summary_id", "session_id"),
            adds=_of_session("summary_id", WRITES),
            only=only,
        )
        for model, only in ((Photo, ()), (Correction, ("mailed_at",)))
    ),
    Wall(
        Vehicle,
        reads=f"owner_id = {PERSON}",
        adds=f"owner_id = {PERSON}",
        changes=f"owner_id = {PERSON}",
        removes=f"owner_id = {PERSON}",
        goes=True,
        fixed=("id", "owner_id"),
    ),
    *map(_of_vehicle, (VehicleSession, MileageReading)),
    *(_of_vehicle(model, "car_id") for model in (Advice, SharedLink)),
    Wall(SharedFile, reads=OF_OWN_LINK, adds=OF_OWN_LINK, removes=OF_OWN_LINK, goes=True, only=()),
)
