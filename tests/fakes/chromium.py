"""The browser of the journeys. `python -m tests.fakes.chromium` finds one, or installs it where it can."""

import os
import shutil
import sys

from playwright.sync_api import sync_playwright

from tests.fakes import installing

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
]


def flags() -> list[str]:
    return [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS


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
    found = find()
    print(found or "No Chromium, and none to be had: install one to run the journeys.")
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
