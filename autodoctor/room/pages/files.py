"""The attachments of the session, and the photo checklist."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.models import Role
from autodoctor.files.models import StoredFile
from autodoctor.room.pages.viewing import Panel
from autodoctor.sessions.lifecycle import attachments


@dataclass(frozen=True)
class Shot:
    """An item of the checklist. A file belongs to the item whose key it was shared with."""

    key: str
    icon: str
    title: "str | Promise"
    hint: "str | Promise"
    pick: str = "camera"
    file: StoredFile | None = None


ODOMETER = "odometer"  # may have been taken in the intake: the customer's device keeps it until the request is paid
SHOTS = (
    Shot("dashboard", "gauge", _("Dashboard lights"), _("Turn the ignition on, so that every warning light shows.")),
    Shot(ODOMETER, "odometer", _("Odometer"), _("The mileage, with the ignition on.")),
    Shot("engine", "engine", _("Engine bay"), _("The whole engine bay, from the front.")),
    Shot("tyre", "tyre", _("Tire"), _("The sidewall, and the tread if you can.")),
    Shot("leak", "drop", _("Leak"), _("The spot under the car and where it drips.")),
    Shot("sound", "sound", _("The sound"), _("Ten seconds are enough. You can also send a video."), "sound"),
)


def shot_list(files: Iterable[StoredFile]) -> list[Shot]:
    """Return each item with its newest file; `files` come newest first."""
    taken: dict[str, StoredFile] = {}
    for file in files:
        taken.setdefault(file.shot, file)
    return [replace(shot, file=taken.get(shot.key)) for shot in SHOTS]


class FilesPanel(Panel):
    @cached_property
    def rows(self) -> list[StoredFile]:
        """Return the attachments that this person sees, newest first."""
        return attachments.list_visible(self.view.viewer, self.session)

    @cached_property
    def may_share(self) -> bool:
        return attachments.may_share(self.session, self.view.viewer)

    @property
    def intake_photo(self) -> Shot | None:
        """Return the item that a photo kept on the customer's device answers; None for everybody else."""
        is_theirs = self.view.role == Role.CUSTOMER and self.session.intake_token is not None
        return next(shot for shot in SHOTS if shot.key == ODOMETER) if is_theirs else None

    @property
    def shots(self) -> list[Shot]:
        """Return the photo checklist for the waiting customer."""
        return shot_list(self.rows)
