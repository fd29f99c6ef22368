"""Who is signed in, read once for each request."""

from uuid import UUID

from allauth.account.auth_backends import AuthenticationBackend

from autodoctor.accounts.models import User
from autodoctor.core.raw_sql import rows_beside


class Backend(AuthenticationBackend):  # type: ignore[misc]
    def get_user(self, user_id: UUID | str) -> User | None:
        """Return the person with what decides about their role, in one query; None if they must not sign in."""
        found = rows_beside(User, "mechanic_profile", "accounts_user.id = %s", UUID(str(user_id)))
        return next(filter(self.user_can_authenticate, found), None)
