"""How urgent a line of the board is."""

from enum import IntEnum


class Level(IntEnum):
    """The urgency of a session, or of a question without one."""

    CALM = 0
    WATCH = 1
    HANDLED = 2  # in trouble, and a support person has taken its alert
    TROUBLE = 3
    ALARM = 4  # in trouble, and no alert of it is taken

    @property
    def word(self) -> str:
        return self.name.lower()
