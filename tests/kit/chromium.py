"""The browser of the journeys. `python -m tests.kit.chromium` finds a browser, or installs one where possible.

There are two kinds: the whole browser, and the headless shell. The shell is the same engine without windows and opens a
page for a fifth of the CPU time. It asks for no permissions, shows no notifications and offers no choice of cameras.
"""

import os
import shutil
import sys
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests.kit import installing

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SHELL = "chromium-headless-shell"
FLAGS = [
    "--renderer-process-limit=1",  # no process in reserve for the next page, which most tests never open
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--enable-features=WebBluetooth",  # as on phones and elsewhere: on Linux it is off, and its policy unknown
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
]
FRAMES = 5  # a second, of the camera: enough to see that it moves, and every picture costs
SHELL_FLAGS = [
    "--use-fake-ui-for-media-stream",  # every page gets devices: a headless browser has no window for the question
]


def options(*, whole: bool = False, frames: int = FRAMES) -> dict[str, Any]:
    """Return the launch options, with a camera of so many frames a second.

    Without a browser the test fails; a skipped test would go unnoticed.
    """
    shell = None if whole else shutil.which(SHELL)
    path = shell or find()
    if path is None:
        pytest.fail("no Chromium: install one to run the tests in a browser")
    flags = [*FLAGS, f"--use-fake-device-for-media-stream=fps={frames}", *(SHELL_FLAGS if shell else [])]
    return {"executable_path": path, "args": [*flags, "--no-sandbox"] if os.geteuid() == 0 else flags}


def find() -> str | None:
    """The system's browser, else the one that Playwright has downloaded before."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.path.exists(path) else None


def install() -> None:
    """Debian's package as root, else Playwright's download. Leaves things as they are where neither is to be had."""
    installing.packages("chromium", "fonts-liberation")
    if find() is None:
        installing.attempt(sys.executable, "-m", "playwright", "install", "chromium")


def main() -> int:
    if find() is None:
        print("Installing a browser …", flush=True)
        install()
    if not shutil.which(SHELL):
        installing.packages(SHELL)
    found = find()
    print(found or "No Chromium, and none to be had: install one to run the journeys.")
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
