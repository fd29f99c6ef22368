"""One table of due work: deadlines, reactions, mail, money."""

from django.db import models


class Job(models.Model):
    """One piece of work that is due at a moment; see `autodoctor.clock.schedule`."""

    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=120)
    due_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)
    payload = models.JSONField(default=dict)
    attempts = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    lease_owner = models.CharField(max_length=40, blank=True)
    parked_at = models.DateTimeField(null=True)  # gave up: support sees it
    last_error = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="one_job_per_kind_and_key")]
        indexes = [models.Index(fields=["due_at"], condition=models.Q(parked_at=None), name="due_work")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
