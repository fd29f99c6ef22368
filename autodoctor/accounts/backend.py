"""Who is signed in, read once for each request."""

from allauth.account.auth_backends import AuthenticationBackend

from autodoctor.accounts.models import User


class Backend(AuthenticationBackend):  # type: ignore[misc]
    def get_user(self, user_id: str) -> User | None:
        """Return the person with what decides about their role, in one query; None if they must not sign in."""
        user = User.objects.select_related("mechanic_profile").filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None
