"""The mileage of a car over time: its readings, and the lines of a small chart, which the server draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from autodoctor.booking.models import MileageReading, Vehicle

READINGS_SHOWN = 40
WIDTH, HEIGHT = 300.0, 100.0  # of the drawing; the page stretches it
MARGIN = 6.0
MONTH = timedelta(days=30.44)
SHORTEST = timedelta(days=14)  # before that a pace says nothing


@dataclass(frozen=True)
class Mileage:
    """The latest readings, the oldest first."""

    readings: Sequence[MileageReading]

    @property
    def first(self) -> MileageReading:
        return self.readings[0]

    @property
    def last(self) -> MileageReading:
        return self.readings[-1]

    @property
    def newest_first(self) -> list[MileageReading]:
        return list(reversed(self.readings))

    @property
    def is_drawn(self) -> bool:
        """Whether there is a line: one reading is none."""
        return len(self.readings) > 1

    @cached_property
    def least(self) -> int:
        return min(reading.mileage for reading in self.readings)

    @cached_property
    def most(self) -> int:
        return max(reading.mileage for reading in self.readings)

    @property
    def a_month(self) -> int | None:
        """Return the pace between the first and the last reading; None if they are too near or go backwards."""
        span, way = self.last.read_at - self.first.read_at, self.last.mileage - self.first.mileage
        if not self.is_drawn or span < SHORTEST or way <= 0:
            return None
        return round(way / (span / MONTH))

    @cached_property
    def points(self) -> list[tuple[float, float]]:
        """Return where each reading lies in the drawing: later ones further right, larger ones further up."""
        begin, span = self.first.read_at, self.last.read_at - self.first.read_at
        height = self.most - self.least
        return [
            (
                _along(WIDTH, (reading.read_at - begin) / span if span else 0.5),
                _along(HEIGHT, 1 - (reading.mileage - self.least) / height if height else 0.5),
            )
            for reading in self.readings
        ]

    @property
    def line(self) -> str:
        """Return the way of the line, as SVG writes it."""
        return "M" + " L".join(f"{x} {y}" for x, y in self.points)

    @property
    def dots(self) -> str:
        """Return a line without length at each reading: with a round end it is a dot, however wide the drawing is."""
        return " ".join(f"M{x} {y}h0" for x, y in self.points)


def of_car(car: Vehicle) -> Mileage | None:
    """Return the car's latest readings; None without any."""
    latest = list(car.readings.order_by("-read_at", "-id")[:READINGS_SHOWN])
    return Mileage(latest[::-1]) if latest else None


def _along(length: float, share: float) -> float:
    return round(MARGIN + share * (length - 2 * MARGIN), 1)
