"""What is said in a call: who agreed to a transcript, the sound until it is text, and the text."""

from django.db import models

from autodoctor.accounts.models import User
from autodoctor.sessions.models import Session


class Voice(models.Model):
    """One participant of one session: whether they agree to a transcript now, and how much of them was recorded."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="voices", db_index=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    role = models.CharField(max_length=10)
    name = models.CharField(max_length=80)  # as in the log: a later change of name does not change history
    agreed_at = models.DateTimeField(null=True)  # None: they do not agree, or not any more
    pieces_taken = models.PositiveIntegerField(default=0)  # ever, also of those that are deleted
    bytes_taken = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "user"], name="one_voice_per_person")]

    def __str__(self) -> str:
        return f"{self.role} of {self.session_id}"


class Piece(models.Model):
    """Some seconds of one voice, on their way to become text. `take` and `number` name it, so that it counts once."""

    voice = models.ForeignKey(Voice, models.CASCADE, related_name="pieces", db_index=False)
    take = models.UUIDField()  # one run of one page's recorder
    number = models.PositiveIntegerField()
    began_at = models.DateTimeField()
    seconds = models.FloatField()
    key = models.CharField(max_length=60, unique=True)  # name in the file store
    sent_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["voice", "take", "number"], name="a_piece_counts_once")]

    def __str__(self) -> str:
        return f"{self.number} of {self.take}"


class Line(models.Model):
    """What one voice said without a pause."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="lines", db_index=False)
    voice = models.ForeignKey(Voice, models.CASCADE, related_name="+")
    at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        ordering = ("at", "id")
        indexes = [models.Index(fields=["session", "at"], name="line_of_session")]

    def __str__(self) -> str:
        return f"{self.voice_id} at {self.at:%H:%M:%S}"
