"""The photo checklist: pictures and sounds for the mechanic, requested while the customer waits."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from autodoctor.files.models import StoredFile


@dataclass(frozen=True)
class Shot:
    """One item of the checklist. A file belongs to it if it was shared under the item's name."""

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
        taken.setdefault(file.name.rpartition(".")[0], file)
    return [replace(shot, file=taken.get(str(shot.title))) for shot in SHOTS]
