"""The job table: deadlines, reactions, mail, money; and how its lanes run."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

from autodoctor.scheduler.lanes import Lane


class Job(models.Model):
    """One piece of work that is due at a moment. Written only by `scheduler.queue` and `scheduler.leases`."""

    kind = models.CharField(_("kind"), max_length=60)
    key = models.CharField(_("key"), max_length=120)
    due_at = models.DateTimeField(_("due"))  # the deadline as agreed; a retry leaves it as it is
    run_at = models.DateTimeField(_("next run"))  # when the loop takes it: at `due_at`, later after a failure
    session_id = models.UUIDField(_("session"), null=True, db_index=True)  # whose work it is; null: nobody's
    lane = models.CharField(_("lane"), max_length=12, choices=Lane.choices, default=Lane.DEADLINES)
    version = models.PositiveIntegerField(_("version"), default=1)
    payload = models.JSONField(_("payload"), default=dict, encoder=DjangoJSONEncoder)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)  # failed ones
    leased_until = models.DateTimeField(_("leased until"), null=True)
    lease_owner = models.CharField(_("leased by"), max_length=40, blank=True)
    parked_at = models.DateTimeField(_("failed"), null=True)
    last_error = models.TextField(_("last error"), blank=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="one_job_per_kind_and_key")]
        indexes = [models.Index(fields=["lane", "run_at"], condition=models.Q(parked_at=None), name="due_work")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @property
    def idempotency_key(self) -> str:
        """Return a key that is the same over all retries, and another once the work is scheduled anew."""
        return f"{self.kind}:{self.key}:{self.id}.{self.version}"


class LaneState(models.Model):
    """When work of a lane last succeeded, and since when the lane stands still. Written only by `lane_watch`."""

    lane = models.CharField(_("lane"), max_length=12, choices=Lane.choices, primary_key=True)
    last_done_at = models.DateTimeField(_("last done"), null=True)  # to within seconds
    still_since = models.DateTimeField(_("stands still since"), null=True)

    class Meta:
        verbose_name = _("lane")
        verbose_name_plural = _("lanes")

    def __str__(self) -> str:
        return self.get_lane_display()
