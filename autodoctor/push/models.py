"""Browsers that are subscribed to push messages."""

import uuid

from django.db import models

from autodoctor.accounts.models import User

ADDRESS_LENGTH = 1000


class PushSubscription(models.Model):
    """A person's browser. The endpoint is a secret: its holder can write to the browser's push service."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="push_subscriptions")
    endpoint = models.CharField(max_length=ADDRESS_LENGTH, unique=True)
    p256dh = models.CharField(max_length=100)  # the browser's public key, base64url
    auth = models.CharField(max_length=40)  # the browser's shared secret, base64url
    browser = models.CharField(max_length=60)  # a name that people recognize
    signed_in_by = models.CharField(max_length=64)  # a digest of the cookie session it came in
    made_for = models.CharField(max_length=100)  # our public key: the service takes no message that another one signs
    created_at = models.DateTimeField()
    last_ok_at = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)  # failures in a row

    def __str__(self) -> str:
        return f"{self.browser} of {self.user_id}"
