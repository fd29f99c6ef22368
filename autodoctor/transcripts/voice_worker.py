"""Decode recordings and recognize speech in a separate process with limited memory and time.

`python voice_worker.py` reads an order as JSON from standard input, and answers as JSON on standard output:
`{"engine", "model", "language", "folder", "megabytes", "cpu_seconds", "pieces": [{"path", "container", "at"}]}`, where
`at` is in seconds. Pieces that follow each other are one sound. With an engine the answer is `{"lines": [{"at",
"text"}]}`; without one the sounds are written into `folder` as WAV: `{"sounds": [{"path", "at"}]}`. `unreadable` counts
pieces that could not be decoded. Exit status 4: none of them could.
"""

import io
import json
import resource
import sys
import wave
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import IO, Any

RATE = 16_000  # samples a second, of one channel, sixteen bits each: what all engines take
SAMPLE_BYTES = 2
LONGEST_PIECE = 60  # seconds that one piece may decode to, whatever it claims
SAME_SOUND = 1.5  # seconds: pieces of one speaker with less between them, or less of them at once, are one sound
LONGEST_SOUND = 600  # seconds
CONTAINERS = ("matroska", "ogg", "mp4")
UNREADABLE = 4
MEGABYTE = 1024 * 1024
Lines = Iterator[tuple[float, str]]


def main() -> int:
    order = json.load(sys.stdin)
    most = order["megabytes"] * MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (order["cpu_seconds"], order["cpu_seconds"]))
    sounds, unreadable = join(order["pieces"])
    if not sounds and unreadable:
        return UNREADABLE
    recognize = ENGINES.get(order["engine"])
    answer = recognized(sounds, recognize, order) if recognize else written(sounds, Path(order["folder"]))
    print(json.dumps({**answer, "unreadable": unreadable}))  # noqa: T201 the answer to the process that asked
    return 0


def join(pieces: list[dict[str, Any]]) -> tuple[list[tuple[float, bytearray]], int]:
    """Return the sounds with when they begin, and how many pieces are unreadable."""
    sounds: list[tuple[float, bytearray]] = []
    unreadable = 0
    for piece in sorted(pieces, key=lambda each: float(each["at"])):
        try:
            samples = decode(piece["path"], piece["container"])
        except (Exception, MemoryError):  # decoders of hostile bytes raise all there is
            unreadable += 1
            continue
        gap = piece["at"] - _end_of(sounds[-1]) if sounds else SAME_SOUND
        if sounds and -SAME_SOUND < gap < SAME_SOUND and len(sounds[-1][1]) < LONGEST_SOUND * RATE * SAMPLE_BYTES:
            sounds[-1][1].extend(bytes(max(0, round(gap * RATE)) * SAMPLE_BYTES))  # silence keeps the time right
            sounds[-1][1].extend(samples)
        else:
            sounds.append((piece["at"], bytearray(samples)))
    return sounds, unreadable


def _end_of(sound: tuple[float, bytearray]) -> float:
    return sound[0] + len(sound[1]) / SAMPLE_BYTES / RATE


def decode(path: str, container: str) -> bytes:
    """Return the samples of one piece. Only its own format is tried: others would open further files."""
    import av

    if container not in CONTAINERS:
        raise ValueError(container)
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    samples, most = bytearray(), LONGEST_PIECE * RATE * SAMPLE_BYTES
    with av.open(path, format=container, metadata_errors="ignore") as opened:
        for frame in opened.decode(audio=0):
            for done in resampler.resample(frame):
                samples += bytes(done.planes[0])[: done.samples * SAMPLE_BYTES]
            if len(samples) > most:
                break
    for done in resampler.resample(None):
        samples += bytes(done.planes[0])[: done.samples * SAMPLE_BYTES]
    return bytes(samples[:most])


def written(sounds: list[tuple[float, bytearray]], folder: Path) -> dict[str, Any]:
    """Write each sound as a WAV file."""
    found = []
    for number, (at, samples) in enumerate(sounds):
        path = folder / f"{number}.wav"
        with path.open("wb") as file:
            _write_wav(file, bytes(samples))
        found.append({"path": str(path), "at": at})
    return {"sounds": found}


def _write_wav(file: IO[bytes], samples: bytes) -> None:
    with wave.open(file, "wb") as out:
        out.setparams((1, SAMPLE_BYTES, RATE, 0, "NONE", ""))
        out.writeframes(samples)


def recognized(
    sounds: list[tuple[float, bytearray]], recognize: Callable[[bytes, dict[str, Any]], Lines], order: dict[str, Any]
) -> dict[str, Any]:
    lines = [
        {"at": at + begin, "text": text} for at, samples in sounds for begin, text in recognize(bytes(samples), order)
    ]
    return {"lines": lines}


def with_pocketsphinx(samples: bytes, order: dict[str, Any]) -> Lines:
    """Recognize with the model of the wheel, or one in a directory with the same names."""
    from pocketsphinx import Decoder, Segmenter, get_model_path

    folder = Path(order["model"] or get_model_path("en-us"))
    names = {"hmm": "en-us", "lm": "en-us.lm.bin", "dict": "cmudict-en-us.dict"}
    model = {name: str(folder / file) for name, file in names.items()}
    decoder = Decoder(samprate=RATE, loglevel="FATAL", **model)
    for spoken in Segmenter(sample_rate=RATE).segment(io.BytesIO(samples)):
        decoder.start_utt()
        decoder.process_raw(spoken.pcm, full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        if found and found.hypstr.strip():
            yield spoken.start_time, found.hypstr.strip()


def with_faster_whisper(samples: bytes, order: dict[str, Any]) -> Lines:
    """Recognize with the model in the directory that the order names; nothing is fetched."""
    whisper = import_module("faster_whisper")  # installed only where it is wanted
    model = whisper.WhisperModel(order["model"], device="cpu", compute_type="int8", local_files_only=True)
    sound = io.BytesIO()
    _write_wav(sound, samples)
    sound.seek(0)
    segments, _ = model.transcribe(sound, language=order["language"] or None, vad_filter=True)
    for segment in segments:
        if text := segment.text.strip():
            yield segment.start, text


ENGINES = {"pocketsphinx": with_pocketsphinx, "faster-whisper": with_faster_whisper}

if __name__ == "__main__":
    sys.exit(main())
