"""Files of 10 MB up and down, several at once; beside it nginx accepting and serving the same bytes in the same run.

Each server is one process with one core to itself, the clients have the others. Nothing of ours is left out: who asks,
the form, the type, the position blanked, the bytes on the disk (fsync), the row and the event committed. nginx stores
what it is sent (PUT, no fsync) and sends files with sendfile.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.kit import ground, machine
from bench.kit.figures import Arguments, Figure
from bench.kit.machine import Cores
from bench.kit.serving import ORIGIN, OURS, serving, web_processes

ROOT = Path(__file__).resolve().parents[1]
A_SESSION = 40  # uploads; there is room for fifty
AIMS = "Aims: at least half of nginx each way, memory at most 32 MB over idle."
UNITS = {
    "up_a_second": "upload, a second",
    "up_a_cpu_second": "upload, a CPU second",
    "down_a_second": "download, a second",
    "grown_mb": "memory at most, over idle",
}
NGINX = """
daemon off; worker_processes 1; error_log {folder}/error.log; pid {folder}/nginx.pid; {user}
events {{ worker_connections 256; }}
http {{
    access_log off; sendfile on; client_body_buffer_size 128k; tcp_nopush on; default_type video/mp4;
    client_max_body_size 12m; client_body_temp_path {folder}/incoming;
    proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{
        listen 127.0.0.1:{port};
        location / {{ root {folder}/stored; dav_methods PUT; create_full_put_path on; }}
    }}
}}
"""


def run(arguments: Arguments = None) -> list[Figure]:
    options = _options(arguments)
    cores = machine.share_cores()
    found: dict[str, list[dict[str, float]]] = {}
    for number in range(options.rounds):
        for name, result in _round(options, cores):
            found.setdefault(name, []).append(result)
            print(f"round {number + 1}: {name}: {_figures(result)}", file=sys.stderr, flush=True)
    rows = {name: _median(results) for name, results in found.items()}
    _print(rows, options)
    ours, peer = rows["this project"], rows.get("nginx", {})
    return [Figure(UNITS[key], "MB", ours[key], peer.get(key), "nginx") for key in UNITS]


def _options(arguments: Arguments) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench files", description=__doc__)
    parser.add_argument("--megabytes", type=float, default=9.99, help="size of each file")
    parser.add_argument("--count", type=int, default=160, help="files per direction")
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3, help="number of rounds; the median is shown")
    return parser.parse_args(arguments)


def _round(options: argparse.Namespace, cores: Cores) -> Iterator[tuple[str, dict[str, float]]]:
    yield "this project", _ours(options, cores)
    if shutil.which("nginx"):
        with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / ".data") as folder:
            yield "nginx", _nginx(Path(folder), options, cores)
    else:
        print("nginx is not installed, so there is nothing to compare with.", file=sys.stderr)


def _ours(options: argparse.Namespace, cores: Cores) -> dict[str, float]:
    sessions = max(-(-(options.count + 2) // A_SESSION), options.at_once)
    with ground.on_sqlite(sessions) as (environment, seats):
        (web,) = webs = web_processes(OURS, environment, cores)
        with serving(webs):
            return _load({"kind": "ours", "seats": seats[::2], "origin": ORIGIN}, web.pid, web.port, options)


def _nginx(folder: Path, options: argparse.Namespace, cores: Cores) -> dict[str, float]:
    (web,) = webs = web_processes(["nginx", "-c", str(folder / "nginx.conf")], dict(os.environ), cores)
    (folder / "stored").mkdir()
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=web.port, user=user))
    with serving(webs):
        (worker,) = Path(f"/proc/{web.pid}/task/{web.pid}/children").read_text().split()
        with _killed(int(worker)):
            return _load({"kind": "nginx"}, int(worker), web.port, options)


@contextmanager
def _killed(pid: int) -> Iterator[None]:
    """A worker outlives a master that is killed."""
    try:
        yield
    finally:
        os.kill(pid, 9)


def _load(plan: dict[str, Any], pid: int, port: int, options: argparse.Namespace) -> dict[str, float]:
    plan |= {
        "pid": pid,
        "port": port,
        "bytes": int(options.megabytes * 1024 * 1024),
        "count": options.count,
        "at_once": options.at_once,
    }
    load = [sys.executable, "-m", "bench.files_load"]
    done = subprocess.run(load, input=json.dumps(plan).encode(), cwd=ROOT, stdout=subprocess.PIPE, check=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def _median(results: list[dict[str, float]]) -> dict[str, float]:
    return {key: sorted(result[key] for result in results)[len(results) // 2] for key in results[0]}


def _figures(found: dict[str, float]) -> str:
    return (
        f"up {found['up_a_second']:,.0f} MB/s ({found['up_a_cpu_second']:,.0f} per CPU second), "
        f"down {found['down_a_second']:,.0f} MB/s ({found['down_a_cpu_second']:,.0f} per CPU second), "
        f"{found['idle_mb']:.0f} MB idle, at most {found['grown_mb']:.1f} MB more"
    )


def _print(rows: dict[str, dict[str, float]], options: argparse.Namespace) -> None:
    print(
        f"\n{options.count} files of {options.megabytes:g} MB each way, {options.at_once} at once; "
        f"median of {options.rounds}."
    )
    for name, found in rows.items():
        print(f"{name:14} {_figures(found)}")
    if "nginx" in rows:
        ratios = {key: rows["this project"][key] / rows["nginx"][key] for key in rows["nginx"]}
        print(
            f"of nginx: up {ratios['up_a_second']:.2f} ({ratios['up_a_cpu_second']:.2f} per CPU second), "
            f"down {ratios['down_a_second']:.2f} ({ratios['down_a_cpu_second']:.2f} per CPU second)"
        )
    print(AIMS)


if __name__ == "__main__":
    run()
