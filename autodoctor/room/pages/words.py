"""What is said in the call: whether it becomes a transcript, for this person."""

from functools import cached_property
from urllib.parse import urlsplit

from django.conf import settings

from autodoctor.room.pages.viewing import Panel
from autodoctor.transcripts import consent, reading
from autodoctor.transcripts.consent import Agreement
from autodoctor.transcripts.engines import Engine, engine
from autodoctor.transcripts.reading import Stage


class WordsPanel(Panel):
    @cached_property
    def offered(self) -> bool:
        """Return whether this person can agree to a transcript now."""
        return self.view.has_stage and consent.offers_transcript(self.session)

    @cached_property
    def _agreement(self) -> Agreement:
        return consent.agreement_of(self.session)

    @property
    def is_on(self) -> bool:
        return self.offered and self._agreement.on_since is not None

    @property
    def asks_me(self) -> bool:
        """Return whether the other one waits for this person's answer."""
        return self.offered and self._agreement.asked_by not in {None, self.view.viewer.id}

    @property
    def waits(self) -> bool:
        """Return whether this person waits for the other's answer."""
        return self.offered and self._agreement.asked_by == self.view.viewer.id

    @cached_property
    def stage(self) -> Stage:
        return reading.stage_of(self.session)

    @property
    def may_erase(self) -> bool:
        """Return whether there is a recording that this person can have deleted before it is text."""
        return self.view.takes_part and self.stage in {Stage.RECORDING, Stage.MAKING}

    @property
    def service(self) -> str:
        """Return the host of the service that makes the text; empty if this server does."""
        return (urlsplit(settings.TRANSCRIBER.url).hostname or "") if engine() is Engine.HTTP else ""
