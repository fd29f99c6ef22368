"""Firefox, as Debian has it. `python -m tests.kit.firefox` finds it, or installs it where possible.

Playwright drives it by WebDriver BiDi, as it drives any Firefox that it has not built itself: see `bidi_proxy.py`.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.kit import installing

NAMES = ("firefox-esr", "firefox")
OLDEST = 153  # that was tried; 140 does not know what Playwright asks of it
PROXY = Path(__file__).with_name("bidi_proxy.py")
PREFERENCES: dict[str, str | float | bool] = {
    "media.navigator.streams.fake": True,  # a camera and a microphone of its own making …
    "media.navigator.permission.disabled": True,  # … which every page gets
    "media.autoplay.default": 0,  # a page plays sound without having been touched
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "ui.prefersReducedMotion": 1,
    "ui.systemUsesDarkTheme": 0,
    "dom.ipc.processPrelaunch.enabled": False,  # no process in reserve for the next page, which most tests never open
    "fission.autostart": False,  # one process for all pages
    "dom.ipc.processCount": 1,
    "gfx.webrender.software": True,
    "browser.backup.enabled": False,  # nothing that has to do with other sites, or with the next start
    "messaging-system.rsexperimentloader.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
}


def options(*, is_seen: bool = False) -> dict[str, Any]:
    """Return the launch options. Without a browser the test fails; a skipped test would go unnoticed."""
    path = find()
    if path is None:
        pytest.fail(f"no Firefox from {OLDEST} on: install one to run its journeys")
    # The proxy needs the packages of this Python.
    environment = os.environ | {"FIREFOX": path, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return {
        "executable_path": PROXY,
        "channel": "moz-firefox",
        "env": environment,
        "firefox_user_prefs": PREFERENCES,
        "headless": not is_seen,
    }


def find() -> str | None:
    """The system's Firefox, if it is new enough."""
    return next((path for path in map(shutil.which, NAMES) if path and _version(path) >= OLDEST), None)


def _version(path: str) -> int:
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+", told)
    return int(found[0]) if found else 0


def main() -> int:
    if find() is None:
        print("Installing Firefox …", flush=True)
        installing.packages(NAMES[0])
    found = find()
    print(found or f"No Firefox from {OLDEST} on, and none to be had: its journeys are left out.")
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
