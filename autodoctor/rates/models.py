"""What every process counts together: rows that lose their meaning with time, and are deleted then."""

from django.db import models
from django.db.models import F
from django.db.models.functions import Cast

SECONDS_OF_AN_HOUR = 3600


class Count(models.Model):
    """How far somebody has used up one limit: from `full_at` on (seconds since 1970) all of it is theirs again."""

    key = models.CharField(max_length=120, primary_key=True)  # the limit, and who is counted
    full_at = models.FloatField()
    # What moves with every use has no index: PostgreSQL then writes the row alone, at its place in the page. The hour
    # (rounded by PostgreSQL, cut off by SQLite) hardly moves, and finds what has gone by.
    hour = models.GeneratedField(
        expression=Cast(F("full_at") / SECONDS_OF_AN_HOUR, models.IntegerField()),
        output_field=models.IntegerField(),
        db_persist=True,
        db_index=True,
    )

    def __str__(self) -> str:
        return self.key


class Kept(models.Model):
    """An entry of Django's cache: the sign-in library keeps its counts and used codes there."""

    key = models.CharField(max_length=64, primary_key=True)  # a hash
    value = models.TextField()  # JSON
    expires_at = models.FloatField(db_index=True)  # seconds since 1970

    def __str__(self) -> str:
        return self.key
