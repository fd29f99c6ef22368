"""The browser of the journeys. `python -m tests.fakes.chromium` finds one, or installs it where it can."""

import os
import shutil
import subprocess
import sys

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL_LIMIT = 300  # seconds
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
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _try("apt-get", "update")
        _try("apt-get", "install", "--yes", "--no-install-recommends", "chromium", "fonts-liberation")
    if find() is None:
        _try(sys.executable, "-m", "playwright", "install", "chromium")


def _try(*command: str) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(command, env=environment, capture_output=True, timeout=INSTALL_LIMIT, check=False)
    except subprocess.TimeoutExpired:
        print(f"{command[0]} took over {INSTALL_LIMIT} seconds and was stopped.", file=sys.stderr)


def main() -> int:
    if find() is None:
        print("Installing a browser …", flush=True)
        install()
    found = find()
    print(found or "No Chromium, and none to be had: install one to run the journeys.")
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
