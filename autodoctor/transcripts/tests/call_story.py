"""A call in which people agree to a transcript, with sound as a browser records it."""

from datetime import timedelta
from uuid import UUID

from autodoctor.accounts.models import User
from autodoctor.files import storage
from autodoctor.job_registry import HANDLERS
from autodoctor.scheduler.models import Job
from autodoctor.sessions.lifecycle import transitions
from autodoctor.sessions.tests.story import Story
from autodoctor.transcripts import consent, recording
from autodoctor.transcripts.models import Line, Piece
from autodoctor.transcripts.recording import Said
from autodoctor.transcripts.tests import sounds

SOUND = sounds.WEBM
WORDS = "battery is low"  # what the small model understands of it
VIDEO = transitions.PlanTerms(slug="video", name="Video", kind="video", seconds=30 * 60, price_cents=2999)
TAKE = UUID("00000000-0000-4000-8000-0000000000aa")


class CallStory(Story):
    def __init__(self, customer: User, mechanic: User) -> None:
        super().__init__(customer, mechanic, VIDEO)

    def agree(self, *people: User) -> "CallStory":
        for person in people or (self.customer, self.mechanic):
            consent.agree(session_id=self.id, by=person, now=self.now)
        return self

    def stop(self, by: User, *, erase: bool = False) -> "CallStory":
        consent.stop(session_id=self.id, by=by, erase=erase, now=self.now)
        return self

    def on_air(self) -> "CallStory":
        """A running call with the consent of both."""
        self.live()
        return self.agree()

    def says(self, by: User, number: int = 0, *, ago: float = 6, sound: bytes | None = None) -> Piece:
        """Speak into the microphone, `ago` seconds before now."""
        said = Said(TAKE, number, self.now - timedelta(seconds=ago), 5.0)
        content = SOUND.read_bytes() if sound is None else sound
        return recording.take_piece(session_id=self.id, by=by, said=said, sound=content, now=self.now)

    def transcribe(self) -> None:
        """Run the job that waits after the end, as the scheduler does."""
        job = Job.objects.get(kind="session.recording_over", key=str(self.id))
        HANDLERS[job.kind].run(job, self.now)

    @property
    def lines(self) -> list[tuple[str, str]]:
        return list(Line.objects.filter(session=self.id).values_list("voice__role", "text"))

    @property
    def kinds(self) -> list[str]:
        """What the log says of the transcript."""
        return [event.kind for event in self.session.events.filter(kind__startswith="transcript.").order_by("seq")]


def stored() -> set[str]:
    """Return the keys of all sound in the store."""
    return {key for hour in storage.hours("voices") for key in storage.keys_of(f"voices/{hour}")}
