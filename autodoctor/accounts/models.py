"""People and their roles."""

import uuid
from functools import partial
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.indexes import GinIndex
from django.db import models, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.signals import access_changed
from autodoctor.core.folded_columns import FoldedColumns, FoldedField, FoldingQuerySet
from autodoctor.core.folding import folded

LONGEST_EMAIL = 254  # characters: what a column of an address holds


class Role(models.TextChoices):
    CUSTOMER = "customer", _("Customer")
    MECHANIC = "mechanic", _("Mechanic")
    SUPPORT = "support", _("Support")


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(FoldedColumns, AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("email"), unique=True)
    name = models.CharField(_("name"), max_length=80)
    mail_fails_to = models.EmailField(
        blank=True, editable=False
    )  # mails to it came back; another address is unaffected
    search_words = FoldedField(of=("name", "email"), words=lambda user: folded(f"{user.name} {user.email}"))
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    time_zone_chosen = models.BooleanField(default=False)  # chosen by hand: the browser's zone no longer replaces it
    wants_follow_ups = models.BooleanField(_("ask by email whether a repair held"), default=True)
    sign_in_epoch = models.PositiveIntegerField(default=0, editable=False)  # the next one ends all older sessions
    is_active = models.BooleanField(default=True)
    banned_at = models.DateTimeField(null=True, blank=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now)

    # Who works here as a mechanic: approved, not shut out, not support.
    MECHANICS: ClassVar[models.Q] = models.Q(is_active=True, is_staff=False, mechanic_profile__state="approved")

    objects = UserManager.from_queryset(FoldingQuerySet)()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        base_manager_name = "objects"
        indexes = [
            models.Index(fields=["email"], condition=models.Q(is_staff=True), name="support_staff"),
            models.Index(fields=["id"], condition=models.Q(is_active=False), name="person_shut_out"),
            GinIndex(fields=["search_words"], opclasses=["gin_trgm_ops"], name="person_by_words"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        # In the model, because several places change a password: reset, account page, command line.
        password_changed = getattr(self, "_password", None) is not None and not self._state.adding
        super().save(*args, **kwargs)
        if password_changed:
            self.announce_access()

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        # What Django compares in each session: by it a new epoch signs out as a new password does.
        known = f"{self.password}:{self.sign_in_epoch}"
        return salted_hmac("autodoctor.accounts.User", known, secret=secret, algorithm="sha256").hexdigest()

    def end_sessions(self) -> None:
        """Sign this person out of every browser, also where somebody else does so at the same moment."""
        with transaction.atomic():
            # Counted by the database: two who read the same number would both write the next one.
            User.objects.filter(pk=self.pk).update(sign_in_epoch=models.F("sign_in_epoch") + 1)
            self.refresh_from_db(fields=["sign_in_epoch"])
        self.announce_access()

    def announce_access(self) -> None:
        """After commit, announce that this person's access has changed in every browser."""
        transaction.on_commit(partial(access_changed.send_robust, sender=User, user_id=self.pk, session_key=None))

    @property
    def mail_fails(self) -> bool:
        """Return whether mails to this person do not arrive."""
        return bool(self.mail_fails_to) and self.mail_fails_to == self.email

    @property
    def role(self) -> Role:
        """Return the person's role: support, approved mechanic, or customer."""
        if self.is_staff:
            return Role.SUPPORT
        profile = getattr(self, "mechanic_profile", None)
        if profile is not None and profile.state == MechanicProfile.State.APPROVED:
            return Role.MECHANIC
        return Role.CUSTOMER

    @property
    def is_mechanic(self) -> bool:
        """Return whether this person works here as a mechanic: what `MECHANICS` asks the database."""
        return self.is_active and self.role == Role.MECHANIC


class MechanicProfile(models.Model):
    class State(models.TextChoices):
        APPLIED = "applied", _("Applied")
        APPROVED = "approved", _("Approved")
        DECLINED = "declined", _("Declined")

    user = models.OneToOneField(User, models.CASCADE, related_name="mechanic_profile")
    headline = models.CharField(_("headline"), max_length=120)
    years_experience = models.PositiveSmallIntegerField(_("years of experience"))
    skills = models.TextField(_("skills"), max_length=2000)
    certifications = models.TextField(_("certifications"), max_length=2000, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.APPLIED)
    taking_sessions = models.BooleanField(_("taking sessions"), default=False)
    taking_since = models.DateTimeField(null=True, blank=True)  # null: from before this was kept
    missed_requests = models.PositiveSmallIntegerField(_("missed requests in a row"), default=0)
    # Set after too many missed requests; null again once they take sessions.
    switched_off_at = models.DateTimeField(null=True, blank=True)
    applied_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, models.SET_NULL, related_name="+", null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.user} ({self.get_state_display()})"


class Favorite(models.Model):
    """A mechanic whom a customer wants to find again."""

    customer = models.ForeignKey(User, models.CASCADE, related_name="favorites", db_index=False)
    mechanic = models.ForeignKey(User, models.CASCADE, related_name="+")
    added_at = models.DateTimeField()
    tell_until = models.DateTimeField(null=True, blank=True)  # until then the customer hears when they are back, once

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "mechanic"], name="one_favorite_per_mechanic")]
        indexes = [
            models.Index(
                fields=["tell_until"], condition=models.Q(tell_until__isnull=False), name="favorite_to_be_told"
            )
        ]

    def __str__(self) -> str:
        return f"{self.mechanic_id} of {self.customer_id}"


class Notify(models.Model):
    """An address that gets a mail when the next mechanic starts taking sessions."""

    email = models.EmailField(unique=True)
    asked_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "Notify"

    def __str__(self) -> str:
        return self.email
