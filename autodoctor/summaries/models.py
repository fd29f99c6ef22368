"""The written summary of a session: draft, submitted summary, corrections."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.models import User
from autodoctor.files.models import StoredFile
from autodoctor.sessions.models import Session
from autodoctor.summaries import content as bounds
from autodoctor.summaries.content import Content, PartLine, Safe


class Draft(models.Model):
    """The form so far. `version` grows with every save, so that two pages notice each other."""

    session = models.OneToOneField(Session, models.CASCADE, primary_key=True, related_name="summary_draft")
    typed = models.JSONField()  # content.Typed
    version = models.PositiveIntegerField()
    saved_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"draft {self.version} of {self.session_id}"


class ServiceLines(models.Model):
    """Lines that the configured service proposes for a summary: asked for by a press, gone once it is submitted."""

    class State(models.TextChoices):
        ASKED = "asked", _("Asked")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    session = models.OneToOneField(Session, models.CASCADE, primary_key=True, related_name="service_lines")
    state = models.CharField(max_length=6, choices=State)
    lines = models.JSONField(default=list)  # of drafter.DraftedLine
    asked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"lines for {self.session_id}"


class Summary(models.Model):
    """Submitted once, never changed. Changes are corrections."""

    session = models.OneToOneField(Session, models.PROTECT, primary_key=True, related_name="summary")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    findings = models.TextField(_("findings"), max_length=bounds.TEXT_MAX)
    steps = models.TextField(_("steps performed"), max_length=bounds.TEXT_MAX)
    next_steps = models.TextField(_("next steps"), max_length=bounds.TEXT_MAX)
    safe = models.CharField(_("safe to drive"), max_length=4, choices=Safe)
    safe_why = models.TextField(_("why"), max_length=bounds.WHY_MAX, blank=True)
    submitted_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True, blank=True)  # the mail server took it

    class Meta:
        verbose_name_plural = "summaries"

    def __str__(self) -> str:
        return f"summary of {self.session_id}"

    @property
    def content(self) -> Content:
        return Content(
            findings=self.findings,
            steps=self.steps,
            next_steps=self.next_steps,
            safe=self.safe,
            safe_why=self.safe_why,
            parts=tuple(part.line for part in self.parts.all()),
            photos=tuple(photo.file_id for photo in self.photos.all()),
        )


class Part(models.Model):
    summary = models.ForeignKey(Summary, models.CASCADE, related_name="parts")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(_("part"), max_length=bounds.PART_NAME_MAX)
    number = models.CharField(_("part number"), max_length=bounds.PART_NUMBER_MAX, blank=True)
    quantity = models.PositiveSmallIntegerField(_("quantity"))
    price_cents = models.PositiveIntegerField(_("estimated price, each, in cents"), null=True, blank=True)
    bought_at = models.DateTimeField(null=True, blank=True)  # the customer ticked it off their shopping list

    class Meta:
        ordering = ("position",)

    def __str__(self) -> str:
        return self.name

    @property
    def line(self) -> PartLine:
        return PartLine(self.name, self.number, self.quantity, self.price_cents)


class Photo(models.Model):
    summary = models.ForeignKey(Summary, models.CASCADE, related_name="photos")
    position = models.PositiveSmallIntegerField()
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+")

    class Meta:
        ordering = ("position",)
        constraints = [models.UniqueConstraint(fields=["summary", "file"], name="one_photo_once_a_summary")]

    def __str__(self) -> str:
        return self.file.name


class Correction(models.Model):
    summary = models.ForeignKey(Summary, models.CASCADE, related_name="corrections")
    number = models.PositiveSmallIntegerField()  # 1 is the first
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    text = models.TextField(max_length=bounds.CORRECTION_MAX)
    written_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("number",)
        constraints = [models.UniqueConstraint(fields=["summary", "number"], name="corrections_in_order")]

    def __str__(self) -> str:
        return f"correction {self.number} of {self.summary_id}"
