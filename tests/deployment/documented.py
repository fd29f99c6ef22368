"""The commands of docs/production.md, as they stand there, on a folder that stands for the machine."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.kit.processes import ROOT


def block(heading: str) -> str:
    """Return the first block of commands below a heading or a numbered step: `**3.` or `## Several`."""
    text = (ROOT / "docs" / "production.md").read_text()
    return text.partition(f"\n{heading}")[2].partition("\n```sh\n")[2].partition("\n```")[0]


@dataclass(frozen=True)
class Machine:
    """`root` stands for `/`; ports are those of this run for those of the document."""

    root: Path
    group: int
    ports: Mapping[int, int]

    def here(self, text: str) -> str:
        text = text.replace("--group autodoctor", f"--group {self.group}")
        text = re.sub(r"(?<![\w.])/(?=(?:etc|var|tmp|srv)/)", f"{self.root}/", text)
        return re.sub(r"\b(?:8000|8001|6379)\b", lambda found: str(self.ports[int(found[0])]), text)

    def path(self, inside: str) -> Path:
        return self.root / inside.lstrip("/")
