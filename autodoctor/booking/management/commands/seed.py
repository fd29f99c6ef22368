"""Create the demo people."""

from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from autodoctor.accounts.actions import enroll
from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.booking.models import Vehicle
from autodoctor.skills.actions import choose
from autodoctor.skills.models import Skill

PASSWORD = "demo"  # noqa: S105 known to everybody on purpose: only with DEBUG


class Person(NamedTuple):
    email: str
    name: str
    is_support: bool = False
    headline: str = ""
    knows: tuple[str, ...] = ()  # makes and systems


PEOPLE = [
    Person("customer@example.com", "Casey Carter"),
    Person("customer2@example.com", "Robin Reyes"),
    Person(
        "mechanic@example.com",
        "Morgan Diaz",
        headline="Engines, electrics and no-starts since 2009",
        knows=("Ford", "Honda", "engine and fuel", "electrics and control units"),
    ),
    Person(
        "mechanic2@example.com",
        "Alex Novak",
        headline="Brakes, steering and strange noises",
        knows=("Toyota", "Volvo", "brakes and ABS", "steering and suspension"),
    ),
    Person("support@example.com", "Sasha Lindt", is_support=True),
]


class Command(BaseCommand):
    help = "Create the demo people (password: demo) and a vehicle. Only with DEBUG; safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo people all have the same well-known password: seed runs only with DEBUG=1.")
        there = set(User.objects.values_list("email", flat=True))
        missing = [person for person in PEOPLE if person.email not in there]
        password_hash = make_password(PASSWORD)
        with transaction.atomic():
            for person in missing:
                create(person, password_hash)
        self.stdout.write(f"{len(missing)} demo people created, {len(PEOPLE) - len(missing)} were there.")


def create(person: Person, password_hash: str) -> User:
    user = enroll(
        email=person.email,
        name=person.name,
        password_hash=password_hash,
        is_staff=person.is_support,
        is_superuser=person.is_support,
    )
    if person.headline:
        employ(user, person.headline)
        choose(mechanic=user, skills=Skill.objects.filter(name__in=person.knows))
    elif person.email == PEOPLE[0].email:
        Vehicle.objects.create(
            owner=user, year=2013, make="Ford", model="F-150", mileage=84_000, used_at=timezone.now()
        )
    return user


def employ(user: User, headline: str) -> None:
    """Approve the mechanic and turn "taking sessions" on."""
    MechanicProfile.objects.create(
        user=user,
        headline=headline,
        years_experience=14,
        skills="Diagnosis by ear and by code, starting and charging, brakes, suspension",
        certifications="ASE Master A1-A8",
        state=MechanicProfile.State.APPROVED,
        taking_sessions=True,
        decided_at=timezone.now(),
    )
