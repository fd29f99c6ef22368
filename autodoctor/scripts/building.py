"""Bundle the modules and the style sheets with esbuild. The modules of every page are one chunk, all others that
several entries import another: nothing runs twice, and a page asks for few files. A style sheet holds what it imports.
"""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autodoctor.scripts import sources
from autodoctor.scripts.bundles import MANIFEST

OPTIONS = (
    *("--bundle", "--splitting", "--format=esm", "--target=es2022", "--minify", "--sourcemap", "--log-level=warning"),
    *("--entry-names=[dir]/[name]-[hash]", "--chunk-names=chunks/[name]-[hash]", "--outdir=."),
)
REPORT = "report.json"
OLD_FILES_KEPT = 24 * 60 * 60  # seconds: for servers that run meanwhile


class CannotBuild(Exception):
    """The build failed; the message says why."""


def build(folder: Path, product: Path = sources.PRODUCT) -> None:
    """Write the bundle into the folder, the manifest last. Raises `CannotBuild`."""
    folder.mkdir(exist_ok=True)
    _forget_old_files(folder)
    digest = sources.digest(product)
    with tempfile.TemporaryDirectory(dir=folder) as made:
        entries = _bundle(Path(made), product)
        (Path(made) / MANIFEST).write_text(json.dumps({"sources": digest, "entries": entries}, indent=2))
        _move(Path(made), folder)


def _bundle(made: Path, product: Path) -> dict[str, list[str]]:
    sheets = sources.sheets(product)
    paths = {name: os.path.relpath(sheets[name], made) for name in sources.sheet_entries(product)}
    starts = _write_starts(made, product)
    outputs = _run(made, starts | paths, product)
    for start in starts.values():
        (made / start).unlink()
    file_of = {output["entryPoint"]: file for file, output in outputs.items() if "entryPoint" in output}
    return {name: _needed(file_of[path], outputs) for name, path in (starts | paths).items()}


def _write_starts(made: Path, product: Path) -> dict[str, str]:
    """Write a module for each entry that imports it, and before it each group of shared modules of which it needs any:
    esbuild makes one chunk of what the same entries import.
    """
    paths = {name: os.path.relpath(path, made) for name, path in sources.modules(product).items()}
    starts = {}
    for number, (entry, names) in enumerate(sources.shared(product).items()):
        starts[entry] = f"start-{number}.js"
        imports = (f"import {json.dumps(paths[name])};\n" for name in [*names, entry])
        (made / starts[entry]).write_text("".join(imports))
    return starts


def _run(made: Path, paths: dict[str, str], product: Path) -> dict[str, Any]:
    """Run esbuild and return its outputs. Paths are relative, so that they are the same everywhere."""
    program = next(sources.PRODUCT.parent.glob("node_modules/@esbuild/*/bin/esbuild"), None)
    if program is None:
        raise CannotBuild("esbuild is missing: run `bin/setup test`, or `npm ci --ignore-scripts` by your own Node.")
    command = [
        str(program),
        *(f"{name.removesuffix('.css')}={path}" for name, path in paths.items()),
        *OPTIONS,
        f"--metafile={REPORT}",
    ]
    environment = os.environ | {"NODE_PATH": os.pathsep.join(map(str, sources.folders(product)))}
    done = subprocess.run(  # noqa: S603 a program and paths of this project
        command, cwd=made, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CannotBuild(done.stderr)
    outputs: dict[str, Any] = json.loads((made / REPORT).read_text())["outputs"]
    (made / REPORT).unlink()
    return outputs


def _needed(file: str, outputs: dict[str, Any]) -> list[str]:
    """Return the file and all its imports, direct or indirect. A file that only imports another is the other."""
    imported = [one["path"] for one in outputs[file]["imports"] if one["kind"] == "import-statement"]
    if len(imported) == 1 and not any(one["bytesInOutput"] for one in outputs[file]["inputs"].values()):
        return _needed(imported[0], outputs)
    found = [file]
    for each in found:  # grows meanwhile
        imported = [one["path"] for one in outputs[each]["imports"] if one["kind"] == "import-statement"]
        found += [path for path in imported if path not in found]
    return found


def _move(made: Path, folder: Path) -> None:
    files = sorted(_files(made), key=lambda path: path.name == MANIFEST)  # last
    for path in files:
        target = folder / path.relative_to(made)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)


def _forget_old_files(folder: Path) -> None:
    for path in _files(folder):
        if path.stat().st_mtime < time.time() - OLD_FILES_KEPT:
            path.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
