"""The device check and the call: the camera to use, and the chat price."""

from autodoctor.accounts.models import Role
from autodoctor.payments.formatting import format_cents
from autodoctor.room.pages.viewing import Panel
from autodoctor.sessions.formatting import format_duration


class CallPanel(Panel):
    @property
    def facing(self) -> str:
        """Return which camera a phone uses: the customer shows the car, the mechanic their face."""
        return "environment" if self.view.role == Role.CUSTOMER else "user"

    @property
    def may_choose_chat(self) -> bool:
        return self.view.role == Role.CUSTOMER and not self.view.phone  # it changes the price

    @property
    def full_price(self) -> str:
        return format_cents(self.session.price_cents, self.session.currency)

    @property
    def chat_time(self) -> str:
        """Return how long the session lasts once it is a chat, in words."""
        session = self.session
        return format_duration(min(session.granted_seconds, session.chat_seconds or session.granted_seconds))

    @property
    def chat_price(self) -> str:
        """Return the chat price in words; empty if it is not lower."""
        session = self.session
        cents = session.price_cents if session.chat_price_cents is None else session.chat_price_cents
        return format_cents(cents, session.currency) if cents < session.price_cents else ""
