"""What the environment says of models: of speech (TRANSCRIBER_…), and of language (DRAFTER_…)."""

from dataclasses import dataclass

from autodoctor.core.env import Environment, exit_with

ENGINES = ("", "faster-whisper", "http", "pocketsphinx")
WEB = ("https://", "http://")
LEAST_SECONDS, MOST_SECONDS = 10, 80 * 60  # of the process; the lane of the job lets it go on for longer
LEAST_MEGABYTES = 256


@dataclass(frozen=True)
class Transcriber:
    """`model`: a directory, or what the service calls it. `seconds` and `megabytes`: what the process may take."""

    engine: str = ""
    model: str = ""
    url: str = ""
    key: str = ""
    language: str = "en"
    seconds: float = 3600
    megabytes: int = 4096


@dataclass(frozen=True)
class Drafter:
    """A service with OpenAI's operation for chats; none without `url`."""

    url: str = ""
    key: str = ""
    model: str = ""


def read_transcriber(env: Environment, *, demo: bool) -> Transcriber:
    """Read what turns speech into text. `demo`: pocketsphinx, whose wheel has a model, where nothing is named."""
    url, model = env.str("TRANSCRIBER_URL", default=""), env.str("TRANSCRIBER_MODEL", default="")
    named = "http" if url else "faster-whisper" if model else "pocketsphinx" if demo else ""
    found = Transcriber(
        engine=env.str("TRANSCRIBER_ENGINE", default=named),
        model=model,
        url=url,
        key=env.str("TRANSCRIBER_KEY", default=""),
        language=env.str("TRANSCRIBER_LANGUAGE", default="en"),
        seconds=env.int("TRANSCRIBER_SECONDS", default=3600),
        megabytes=env.int("TRANSCRIBER_MEGABYTES", default=4096),
    )
    if found.engine not in ENGINES:
        exit_with("TRANSCRIBER_ENGINE is none of faster-whisper, http and pocketsphinx.")
    if url and not url.startswith(WEB):
        exit_with("TRANSCRIBER_URL is not an address of the form https://host.")
    if not LEAST_SECONDS <= found.seconds <= MOST_SECONDS or found.megabytes < LEAST_MEGABYTES:
        exit_with("TRANSCRIBER_SECONDS is 10 to 4800, TRANSCRIBER_MEGABYTES at least 256.")
    return found


def read_drafter(env: Environment) -> Drafter:
    """Read what proposes lines for a summary, beside our rules."""
    names = ("DRAFTER_URL", "DRAFTER_KEY", "DRAFTER_MODEL")
    found = Drafter(*(env.str(name, default="") for name in names))
    if found.url and not (found.url.startswith(WEB) and found.model):
        exit_with("DRAFTER_URL is an address of the form https://host, and needs DRAFTER_MODEL.")
    return found
