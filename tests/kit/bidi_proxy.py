#!/usr/bin/env python3
"""Starts the Firefox that `FIREFOX` names, and stands between it and Playwright.

Playwright drives any Firefox by WebDriver BiDi. Each of its pages first asks for a command that Debian's release does
not know yet; the proxy answers that one in its place, and passes on everything else.
"""

import asyncio
import json
import os
import re
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

ADDRESS = re.compile(r"(?<=WebDriver BiDi listening on )ws://\S+")
UNKNOWN = "emulation.setMediaFeaturesOverride"  # preferences of the profile say the same


async def main(*command: str) -> int:
    """Run the browser, and print its address with our own in its place. Returns its exit code."""
    browser = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    address = ""
    assert browser.stderr

    async def accept(driver: ServerConnection) -> None:
        await pass_on(driver, f"{address}/session")

    async with serve(accept, "127.0.0.1", 0, max_size=None, ping_interval=None, compression=None) as server:
        ours = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async for line in browser.stderr:
            text = line.decode(errors="replace")
            if found := ADDRESS.search(text):
                address = found[0]
            print(ADDRESS.sub(ours, text), end="", file=sys.stderr, flush=True)
        return await browser.wait()


async def pass_on(driver: ServerConnection, address: str) -> None:
    async with connect(address, max_size=None, ping_interval=None, compression=None) as browser:

        async def answers() -> None:
            async for text in browser:
                await driver.send(text)
            await driver.close()

        back = asyncio.create_task(answers())
        async for text in driver:
            if UNKNOWN in str(text) and (asked := json.loads(text))["method"] == UNKNOWN:
                await driver.send(json.dumps({"type": "success", "id": asked["id"], "result": {}}))
            else:
                await browser.send(text)
        back.cancel()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(os.environ["FIREFOX"], *sys.argv[1:])))
