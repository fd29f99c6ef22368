"""Plans, extension options, customers' vehicles, and which intake became which session, about which vehicle."""

import uuid
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from autodoctor.accounts.models import User
from autodoctor.payments import currencies
from autodoctor.payments.formatting import format_cents
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import Kind

IN_CENTS = _("In the smallest unit of the currency: 999 is $9.99, and 1500 is ¥1,500.")


class Plan(models.Model):
    """A plan with its length and price. Support edits these rows; each session keeps a copy of its terms."""

    slug = models.SlugField(_("address"), max_length=40, unique=True, help_text=_("As in /book/?plan=chat."))
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    summary = models.CharField(_("in one sentence"), max_length=160)
    includes = models.TextField(_("what is in it"), max_length=1000, blank=True, help_text=_("One line each."))
    duration = models.DurationField(_("time"), validators=[MinValueValidator(timedelta(seconds=1))])
    price_cents = models.PositiveIntegerField(_("price in cents"), help_text=IN_CENTS)
    currency = models.CharField(_("currency"), max_length=3, choices=currencies.CHOICES, default="usd")
    active = models.BooleanField(_("shown"), default=True)
    bookable = models.BooleanField(_("can be booked"), default=True, help_text=_("Off: shown as “Opens soon”."))
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        ordering = ("position", "price_cents")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        check_price(self.price_cents, self.currency)

    @property
    def price(self) -> str:
        return format_cents(self.price_cents, self.currency)

    @property
    def time(self) -> str:
        return span_in_words(self.duration)

    @property
    def lines(self) -> list[str]:
        return [line.strip() for line in self.includes.splitlines() if line.strip()]


class ExtensionOption(models.Model):
    """An extension that a customer can buy during a session."""

    duration = models.DurationField(_("time"), validators=[MinValueValidator(timedelta(seconds=1))])
    price_cents = models.PositiveIntegerField(_("price in cents"), help_text=IN_CENTS)
    currency = models.CharField(_("currency"), max_length=3, choices=currencies.CHOICES, default="usd")
    active = models.BooleanField(_("offered"), default=True)

    class Meta:
        ordering = ("duration",)
        constraints = (models.UniqueConstraint(fields=["duration", "currency"], name="one_option_per_time"),)

    def __str__(self) -> str:
        return f"+{self.time}"

    @property
    def time(self) -> str:
        return span_in_words(self.duration)

    @property
    def seconds(self) -> int:
        return int(self.duration.total_seconds())

    def clean(self) -> None:
        check_price(self.price_cents, self.currency)

    @property
    def price(self) -> str:
        return format_cents(self.price_cents, self.currency)


class Vehicle(models.Model):
    """A customer's vehicle: offered for the next booking, a page of the garage. Written by `vehicles.py`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, models.CASCADE, related_name="vehicles", db_index=False)
    nickname = models.CharField(_("name"), max_length=40, blank=True)  # the owner's own: only they read it
    vin = models.CharField(_("VIN"), max_length=17, blank=True)
    year = models.PositiveSmallIntegerField(_("year"), null=True, blank=True)
    make = models.CharField(_("make"), max_length=40, blank=True)
    model = models.CharField(_("model"), max_length=60, blank=True)
    mileage = models.PositiveIntegerField(_("mileage"), null=True, blank=True)  # as it was read last
    used_at = models.DateTimeField()

    class Meta:
        ordering = ("-used_at", "id")
        indexes = [models.Index(fields=["owner", "-used_at", "id"], name="vehicles_of_owner")]
        constraints = (
            models.UniqueConstraint(fields=["owner", "vin"], condition=~models.Q(vin=""), name="one_vehicle_per_vin"),
        )

    def __str__(self) -> str:
        return f"{self.nickname}: {self.words}" if self.nickname else self.words

    @property
    def title(self) -> str:
        """Return what the owner calls it, else what it is."""
        return self.nickname or self.words

    @property
    def words(self) -> str:
        """Return what it is, else the VIN."""
        return self.described or self.vin

    @property
    def described(self) -> str:
        """Return year, make and model, "2014 Volvo V60", as far as they are known."""
        return " ".join(str(part) for part in (self.year, self.make, self.model) if part)

    def as_values(self) -> dict[str, Any]:
        """Return the values that a session copies."""
        return {
            "vin": self.vin,
            "year": self.year,
            "make": self.make,
            "model": self.model,
            "mileage": self.mileage,
        }


class VehicleSession(models.Model):
    """Says which vehicle a session was about. The session's own copy of the vehicle stays as it was sold."""

    session = models.OneToOneField(Session, models.CASCADE, primary_key=True, related_name="about_vehicle")
    vehicle = models.ForeignKey(Vehicle, models.CASCADE, related_name="booked", db_index=False)
    booked_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["vehicle", "-booked_at", "-session"], name="sessions_of_vehicle")]

    def __str__(self) -> str:
        return f"{self.session_id} about {self.vehicle_id}"


class MileageReading(models.Model):
    """What the odometer showed: said with a booking, or by itself."""

    vehicle = models.ForeignKey(Vehicle, models.CASCADE, related_name="readings", db_index=False)
    session = models.OneToOneField(Session, models.CASCADE, related_name="+", null=True)
    mileage = models.PositiveIntegerField()
    read_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["vehicle", "-read_at", "-id"], name="readings_of_vehicle")]

    def __str__(self) -> str:
        return f"{self.mileage} of {self.vehicle_id}"


class Booking(models.Model):
    """A sent intake. Sending the same intake again finds its session."""

    customer = models.ForeignKey(User, models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    session = models.ForeignKey(Session, models.CASCADE, related_name="+", null=True)
    # The versions of the texts that were agreed to, with this intake.
    terms_version = models.CharField(max_length=20, blank=True)
    cancellation_version = models.CharField(max_length=20, blank=True)
    agreed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["customer", "key"], name="one_booking_per_intake"),)

    def __str__(self) -> str:
        return f"booking of {self.session_id}"


def span_in_words(duration: timedelta) -> str:
    """Format whole minutes as minutes, anything else as seconds: both are allowed."""
    seconds = int(duration.total_seconds())
    if seconds % 60:
        return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}
    return ngettext("%(count)d minute", "%(count)d minutes", seconds // 60) % {"count": seconds // 60}


def check_price(cents: int | None, currency: str) -> None:
    """Raise ValidationError for a price that no card can be charged."""
    if cents is None or currency not in currencies.CURRENCIES or currencies.chargeable_cents(cents, currency):
        return
    least = format_cents(currencies.smallest_charge_cents(currency), currency)
    sentence = _("Cards cannot be charged less than %(least)s. Set a higher price.")
    raise ValidationError({"price_cents": ValidationError(sentence, params={"least": least}, code="too_small")})
