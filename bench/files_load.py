"""The clients of one run of `bench.files`: a plan as JSON on standard input, what was measured on standard output.

Threads with plain sockets: sending and receiving needs no Python, so that one core of clients is enough.
"""

import json
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BUFFER_BYTES = 1024 * 1024
SMALL_BYTES = 4096  # of an answer that is read
TOKEN = "a" * 32
BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW0"
MEGABYTE = 1024 * 1024


def main() -> None:
    load = Load(json.load(sys.stdin))
    for number in range(2):  # whatever is loaded once is loaded, and counts as idle
        load.download(load.upload(load.count + number))
    time.sleep(0.5)
    idle = load.resident("VmRSS")
    Path(f"/proc/{load.plan['pid']}/clear_refs").write_text("5")  # the highest starts anew
    up, files = load.all(load.upload, list(range(load.count)))
    down, _ = load.all(load.download, files)
    grown = load.resident("VmHWM") - idle
    memory = {"idle_mb": idle / 1024, "grown_mb": grown / 1024}
    speed = {f"{way}_{per}": value for way, found in (("up", up), ("down", down)) for per, value in found.items()}
    json.dump(speed | memory, sys.stdout)


class Load:
    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.count: int = plan["count"]
        self.content = film(plan["bytes"])
        self.local = threading.local()

    def resident(self, what: str) -> int:
        """In KB."""
        lines = Path(f"/proc/{self.plan['pid']}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(what))

    def cpu(self) -> float:
        """Seconds that the server has computed so far."""
        fields = Path(f"/proc/{self.plan['pid']}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def all(self, do: Callable[[Any], Any], work: list[Any]) -> tuple[dict[str, float], list[Any]]:
        """MB a second and a CPU second, and what each came to."""
        todo, done = list(enumerate(work)), [None] * len(work)

        def some() -> None:
            while todo:
                number, item = todo.pop()
                done[number] = do(item)

        threads = [threading.Thread(target=some) for _ in range(self.plan["at_once"])]
        begun, computed = time.perf_counter(), self.cpu()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if None in done:
            sys.exit("Something was refused: this run says nothing.")
        took, computed = time.perf_counter() - begun, max(self.cpu() - computed, 0.01)
        megabytes = len(work) * len(self.content) / MEGABYTE
        return {"a_second": megabytes / took, "a_cpu_second": megabytes / computed}, done

    def upload(self, number: int) -> str:
        """Where the file can be had."""
        if self.plan["kind"] == "nginx":
            path = f"/{number}.mp4"
            self.request("PUT", path, "", [self.content], expected=201)
            return path
        seat = self.plan["seats"][number % len(self.plan["seats"])]
        before = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="clip.mp4"\r\n\r\n'
        body = [before.encode(), self.content, f"\r\n--{BOUNDARY}--\r\n".encode()]
        headers = (
            f"Origin: {self.plan['origin']}\r\nX-CSRFToken: {TOKEN}\r\nCookie: __Host-sessionid={seat['key']}; "
            f"__Host-csrftoken={TOKEN}\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        )
        path = f"/api/sessions/{seat['session_id']}/files"
        return str(json.loads(self.request("POST", path, headers, body, expected=201))["url"])

    def download(self, path: str) -> bool:
        self.request("GET", path, "", [], expected=200)
        return True

    def request(self, method: str, path: str, headers: str, body: list[bytes], *, expected: int) -> bytes:
        """Over this thread's connection; what comes back is thrown away but for its beginning."""
        connection: socket.socket | None = getattr(self.local, "connection", None)
        if connection is None:
            connection = socket.create_connection(("127.0.0.1", self.plan["port"]))
            self.local.connection, self.local.buffer = connection, bytearray(BUFFER_BYTES)
        host = self.plan.get("origin", "http://localhost").partition("://")[2]
        length = sum(map(len, body))
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Proto: https\r\n{headers}"
            f"Content-Length: {length}\r\n\r\n"
        )
        connection.sendall(head.encode())
        for part in body:
            connection.sendall(part)
        status, answer = self.answer(connection)
        if status != expected:
            sys.exit(f"{method} {path} was answered with {status}: {answer[:300]!r}")
        return answer

    def answer(self, connection: socket.socket) -> tuple[int, bytes]:
        buffer: bytearray = self.local.buffer
        got = b""
        while b"\r\n\r\n" not in got:
            if not (count := connection.recv_into(buffer)):
                sys.exit("The server closed the connection.")
            got += buffer[:count]
        head, _, begin = got.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        left = (int(lengths[0].split(b":")[1]) if lengths else 0) - len(begin)
        while left > 0:
            count = connection.recv_into(buffer)
            left -= count
            if len(begin) < SMALL_BYTES:
                begin += buffer[:count]
        return int(head.split()[1]), begin


def film(size: int) -> bytes:
    """An MP4 of just so many bytes, most of them random."""

    def box(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content) + 8) + name + content

    start = box(b"ftyp", b"mp42" + bytes(4) + b"isom") + box(b"moov", box(b"mvhd", bytes(100)))
    return start + box(b"mdat", os.urandom(size - len(start) - 8))


if __name__ == "__main__":
    main()
