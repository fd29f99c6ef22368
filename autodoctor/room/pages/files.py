"""The attachments of the session, and the photo checklist."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from autodoctor.files.listing import files_of
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


SHOTS = (
    Shot("dashboard", "gauge", _("Dashboard lights"), _("Turn the ignition on, so that every warning light shows.")),
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
        """Return the attachments, newest first."""
        return list(files_of(self.session.id))

    @cached_property
    def may_share(self) -> bool:
        return attachments.may_share(self.session, self.view.viewer)

    @property
    def shots(self) -> list[Shot]:
        """Return the photo checklist for the waiting customer."""
        return shot_list(self.rows)
