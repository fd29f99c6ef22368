"""Acts of support outside a session: with accounts and with failed jobs."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.models import User


class ActionKind(models.TextChoices):
    BANNED = "account.banned", _("Banned")
    UNBANNED = "account.unbanned", _("Ban lifted")
    SIGNED_OUT = "account.signed_out", _("Signed out everywhere")
    APPROVED = "mechanic.approved", _("Approved as a mechanic")
    DECLINED = "mechanic.declined", _("Declined as a mechanic")
    RETRIED = "job.retried", _("Tried again")
    DISMISSED = "job.dismissed", _("Dismissed")


OF_JOBS = (ActionKind.DISMISSED, ActionKind.RETRIED)


class StaffAction(models.Model):
    """An action of a support person, with its reason. Written only by `staff_actions`, never changed."""

    Kind = ActionKind
    kind = models.CharField(max_length=20, choices=ActionKind)
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    subject = models.CharField(max_length=190)  # a person's id, or a job's kind and key
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["subject", "-at"], name="staffaction_about"),
            models.Index(fields=["-at"], condition=models.Q(kind__in=OF_JOBS), name="staffaction_on_jobs"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
