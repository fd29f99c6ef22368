"""Columns of a session that belong together, with what is read from them."""

from django.db import models

from autodoctor.sessions.event_data import LostTime


class LostTimeColumns(models.Model):
    """How long the clock was paused, by cause, without a pause that lasts; how long it ran without the customer."""

    mechanic_lost_seconds = models.FloatField(default=0)
    customer_lost_seconds = models.FloatField(default=0)
    media_lost_seconds = models.FloatField(default=0)
    unpaused_lost_seconds = models.FloatField(default=0)
    unpaused_at = models.DateTimeField(null=True, blank=True)  # the clock runs without the customer since then

    class Meta:
        abstract = True

    @property
    def lenient_seconds_used(self) -> float:
        """Return how much of the pause that a missing customer or lost media may take is used up."""
        return self.customer_lost_seconds + self.media_lost_seconds

    @property
    def lost(self) -> LostTime:
        return LostTime(
            mechanic=round(self.mechanic_lost_seconds),
            customer=round(self.customer_lost_seconds),
            media=round(self.media_lost_seconds),
            not_given_back=round(self.unpaused_lost_seconds),
        )
