"""What the garage shows of a person's cars: their sessions, verdicts and files, in a fixed number of queries.

Which session was about which car is read, never found out (`booking/vehicles.py`). A page reads the rows that it shows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, UUIDField

from autodoctor.accounts.models import Role, User
from autodoctor.booking.models import Vehicle, VehicleSession
from autodoctor.booking.vehicles import MOST_VEHICLES
from autodoctor.files.models import StoredFile
from autodoctor.garage.models import Advice
from autodoctor.receipts.models import Document
from autodoctor.sessions import end_reasons
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import OPEN
from autodoctor.summaries.models import Summary

SESSIONS_SHOWN = 10
FILES_SHOWN = 24


@dataclass(frozen=True)
class CarCard:
    """A car in the list."""

    car: Vehicle
    verdict: Summary | None
    open_advice: int


@dataclass(frozen=True)
class CarSession:
    """A session about a car, as its customer reads it."""

    session: Session

    @property
    def summary(self) -> Summary | None:
        return getattr(self.session, "summary", None)

    @property
    def outcome(self) -> str:
        if self.session.state in OPEN:
            return self.session.get_state_display()
        return end_reasons.outcome(self.session, Role.CUSTOMER)


@dataclass(frozen=True)
class SessionsPage:
    """Sessions about one car, the newest first. `older`: the session behind which the next page begins."""

    rows: list[CarSession]
    older: UUID | None

    @property
    def files(self) -> list[StoredFile]:
        """Return the latest files that were shared in these sessions, the newest first."""
        return self._files[:FILES_SHOWN]

    @property
    def has_more_files(self) -> bool:
        return len(self._files) > FILES_SHOWN

    @cached_property
    def _files(self) -> list[StoredFile]:
        ids = [row.session.id for row in self.rows]
        there = StoredFile.objects.filter(owner_id__in=ids, removed_at=None)
        return list(there.order_by("-created_at", "id")[: FILES_SHOWN + 1])

    @cached_property
    def papers(self) -> list[Document]:
        """Return the receipts of these sessions and what followed them, the newest first."""
        ids = [row.session.id for row in self.rows]
        return list(Document.objects.filter(session__in=ids).defer("content", "pdf").order_by("-issued_at", "id"))

    @property
    def has_documents(self) -> bool:
        return bool(self.papers or self.files or any(row.summary for row in self.rows))

    @property
    def pictures(self) -> list[StoredFile]:
        return [file for file in self.files if file.kind == StoredFile.Kind.IMAGE]

    @property
    def documents(self) -> list[StoredFile]:
        return [file for file in self.files if file.kind != StoredFile.Kind.IMAGE]


def cars_of(owner: User) -> list[CarCard]:
    """Return the owner's cars, the one used last first."""
    last = _booked().filter(vehicle=OuterRef("pk"), session__summarized_at__isnull=False).order_by("-booked_at")
    found = owner.vehicles.annotate(judged_in=Subquery(last.values("session_id")[:1], output_field=UUIDField()))
    cars = list(found[:MOST_VEHICLES])
    verdicts = _summaries(car.judged_in for car in cars)
    open_advice = _open_advice(cars)
    return [CarCard(car, verdicts.get(car.judged_in), open_advice.get(car.pk, 0)) for car in cars]


def verdict_of(car: Vehicle) -> Summary | None:
    """Return the summary that said last whether the car may be driven."""
    judged = _booked().filter(vehicle=car, session__summarized_at__isnull=False).order_by("-booked_at")
    found = judged.values_list("session_id", flat=True).first()
    return _summaries([found]).get(found)


def without_car(owner: User, *, behind: UUID | None = None) -> SessionsPage:
    """Return a page of the owner's sessions that were paid for and are with no car of the garage."""
    mine = Session.objects.filter(customer=owner, requested_at__isnull=False)
    mark = mine.filter(pk=behind).first() if behind else None
    older = Q(created_at__lt=mark.created_at) | Q(created_at=mark.created_at, id__lt=mark.pk) if mark else Q()
    alone = mine.filter(older).exclude(Exists(VehicleSession.objects.filter(session=OuterRef("pk"))))
    newest = alone.select_related("customer", "mechanic").order_by("-created_at", "-id")
    return _page(list(newest[: SESSIONS_SHOWN + 1]))


def others(car: Vehicle) -> list[Vehicle]:
    """Return the other cars of its owner."""
    return list(Vehicle.objects.filter(owner=car.owner_id).exclude(pk=car.pk)[:MOST_VEHICLES])


def sessions_of(car: Vehicle, *, behind: UUID | None = None) -> SessionsPage:
    """Return a page of the sessions that were paid for, from behind that session on."""
    mark = VehicleSession.objects.filter(vehicle=car, session=behind).first() if behind else None
    older = Q(booked_at__lt=mark.booked_at) | Q(booked_at=mark.booked_at, session__lt=mark.pk) if mark else Q()
    rows = _booked().filter(older, vehicle=car).order_by("-booked_at", "-session")
    found = rows.select_related("session__customer", "session__mechanic", "session__summary")[: SESSIONS_SHOWN + 1]
    return _page([each.session for each in found])


def _page(found: list[Session]) -> SessionsPage:
    """Return these as a page; one too many says that there are older ones."""
    shown = [CarSession(session) for session in found[:SESSIONS_SHOWN]]
    return SessionsPage(shown, shown[-1].session.id if len(found) > SESSIONS_SHOWN else None)


def _open_advice(cars: Iterable[Vehicle]) -> dict[UUID, int]:
    found = Advice.objects.filter(car__in=cars, done_at=None).order_by().values_list("car")
    return dict(found.annotate(Count("pk")))


def _booked() -> QuerySet[VehicleSession]:
    """Return what was paid for: a booking without a payment shows nothing."""
    return VehicleSession.objects.filter(session__requested_at__isnull=False)


def _summaries(ids: Iterable[UUID | None]) -> dict[UUID | None, Summary]:
    """Return these summaries with their corrections, by session."""
    found = Summary.objects.prefetch_related("corrections").in_bulk([id_ for id_ in ids if id_])
    return dict(found)
