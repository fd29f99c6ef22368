"""The files in `deploy/`: they parse, name settings and metrics that exist, and each alert has a section to read."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import kubernetes_validate
import pytest
import yaml

from autodoctor.core import request_limits
from autodoctor.health import collector
from autodoctor.health.metrics import REGISTRY
from tests.kit.ports import free_port
from tests.kit.processes import ROOT

DEPLOY = ROOT / "deploy"
YAML = sorted(DEPLOY.rglob("*.yml"))
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yml"))
OLDEST_KUBERNETES = "1.25"
UNITS = sorted((DEPLOY / "systemd").glob("*"))
PYTHON = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
SECRET = re.compile(r"SECRET|KEY|TOKEN|PASSWORD|DATABASE_URL|EMAIL_URL")
MEGABYTE = 1024 * 1024
METRIC = re.compile(r"\b(?:autodoctor|process)_[a-z_]+")


def documents(path: Path) -> list[Any]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def every_value(part: object, name: str) -> Iterator[Any]:
    """Yield what stands under this name, anywhere."""
    if isinstance(part, dict):
        if name in part:
            yield part[name]
        for value in part.values():
            yield from every_value(value, name)
    elif isinstance(part, list):
        for value in part:
            yield from every_value(value, name)


def settings_known() -> set[str]:
    """Return the variables that docs/production.md lists."""
    table = (ROOT / "docs" / "production.md").read_text().partition("\n## Start")[0]
    cells = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([A-Z0-9_]+)`", cell)} | PYTHON


def compose() -> dict[str, Any]:
    services: dict[str, Any] = documents(DEPLOY / "compose.yml")[0]["services"]
    return services


def of_kubernetes() -> set[str]:
    found = [document for path in MANIFESTS for document in documents(path)]
    maps = {name for document in found if document["kind"] == "ConfigMap" for name in document["data"]}
    return maps | {entry["name"] for entries in every_value(found, "env") for entry in entries}


def given(name: str) -> set[str]:
    """Return the variables of ours that a file sets."""
    text = (DEPLOY / name).read_text() if name != "kubernetes" else ""
    match name:
        case "compose.yml":
            return {each for service in ("web", "clock") for each in compose()[service]["environment"]}
        case "kubernetes":
            return of_kubernetes()
        case "Containerfile":
            final = text[text.index("ENV ") :].replace("\\\n", " ").splitlines()[0]
            return set(re.findall(r"\b([A-Z_]+)=", final))
        case "environment.example":
            return set(re.findall(r"^([A-Z0-9_]+)=", text, re.MULTILINE))
        case _:
            lines = re.findall(r"^Environment=(.*)$", text, re.MULTILINE)
            return {name for line in lines for name in re.findall(r"([A-Z_]+)=", line)}


@pytest.mark.parametrize(
    "name",
    [
        *("compose.yml", "kubernetes", "Containerfile", "environment.example"),
        *("systemd/autodoctor-web@.service", "systemd/autodoctor-clock.service"),
    ],
)
def test_every_variable_that_a_file_sets_is_one_of_ours(name: str) -> None:
    assert given(name)
    assert given(name) - settings_known() == set()


def test_no_file_holds_a_secret_that_would_work() -> None:
    lines = (DEPLOY / "environment.example").read_text().splitlines()
    assert [line for line in lines if SECRET.search(line.partition("=")[0]) and not line.endswith("=")][1:] == []
    kubernetes = (document for path in MANIFESTS for document in documents(path))
    assert [document["metadata"]["name"] for document in kubernetes if document["kind"] == "Secret"] == []
    relay = (DEPLOY / "turnserver.conf").read_text()
    assert not re.search(r"^(static-auth-secret|user|cli-password)=", relay, re.MULTILINE)


@pytest.mark.parametrize("path", YAML, ids=lambda path: path.name)
def test_images_are_pinned_by_version(path: Path) -> None:
    images = list(every_value(documents(path), "image"))
    built = re.findall(r"^FROM (\S+)", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)
    assert [image for image in (*images, *built) if not re.search(r":\d+\.\d+\.?\d*", image)] == []


def test_nothing_of_ours_runs_as_root_or_writes_to_its_own_files() -> None:
    for service in ("web", "clock"):
        assert compose()[service]["read_only"]
        assert compose()[service]["cap_drop"] == ["ALL"]
    found = [document for path in MANIFESTS for document in documents(path)]
    pods = [document["spec"]["template"]["spec"] for document in found if document["kind"] in ("Deployment", "Job")]
    assert len(pods) == 4
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"]
        assert all(one["securityContext"]["readOnlyRootFilesystem"] for one in pod["containers"])


def options_of(text: str) -> set[tuple[str, str]]:
    """Return the options of uvicorn, but those of its place."""
    words = (
        re.sub(r'[",\\\]]', " ", text[text.index("autodoctor.asgi:application") :]).partition("\nRestart")[0].split()
    )
    pairs = zip(words, [*words[1:], ""], strict=True)
    return {(one, "" if two.startswith("--") else two) for one, two in pairs if one.startswith("--")}


@pytest.mark.parametrize("name", ["Containerfile", "systemd/autodoctor-web@.service"])
def test_the_server_is_started_as_the_documentation_says(name: str) -> None:
    documented = (ROOT / "docs" / "production.md").read_text()
    line = documented[documented.index("\nuvicorn ") :].partition("\n```")[0]
    place = {"--host", "--port"}
    started = {pair for pair in options_of((DEPLOY / name).read_text()) if pair[0] not in place}
    assert started == {pair for pair in options_of(line) if pair[0] not in place}


def alerts() -> list[dict[str, Any]]:
    return [rule for group in documents(DEPLOY / "prometheus" / "alerts.yml")[0]["groups"] for rule in group["rules"]]


def asked() -> set[str]:
    """Return the metrics that rules and dashboard ask for."""
    dashboard = json.loads((DEPLOY / "grafana" / "autodoctor.json").read_text())
    expressions = [rule["expr"] for rule in alerts()] + list(every_value(dashboard["panels"], "expr"))
    return {name for expression in expressions for name in METRIC.findall(expression)}


@pytest.mark.django_db
def test_every_metric_that_rules_and_dashboard_ask_for_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "bus", SimpleNamespace(carrier=SimpleNamespace(is_up=True, dropped=0)))
    endings = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
    known = {family.name + ending for family in REGISTRY.collect() for ending in endings.get(family.type, [""])}
    assert asked() - known == set()


def test_every_alert_has_a_section_in_the_runbook() -> None:
    text = (ROOT / "docs" / "runbook.md").read_text()
    anchors = {f"docs/runbook.md#{title.lower()}" for title in re.findall(r"^## (\w+)$", text, re.MULTILINE)}
    led_to = [rule["annotations"]["runbook"] for rule in alerts()]
    assert [f"docs/runbook.md#{rule['alert'].lower()}" for rule in alerts()] == led_to
    assert set(led_to) <= anchors


def run(program: str, *arguments: str) -> str:
    """Run a program that checks a file, and return what it says; skips where there is none."""
    if not (
        found := shutil.which(program, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}:/usr/sbin")
    ):
        pytest.skip(f"{program} is not installed")
    done = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert (done.returncode, said) == (0, said)
    return said


def test_the_containerfile_has_nothing_that_its_linter_names() -> None:
    run("hadolint", "--no-color", str(DEPLOY / "Containerfile"))


def test_the_compose_file_fits_its_schema() -> None:
    run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(DEPLOY / "compose.yml"))


def test_the_workflows_fit_their_schema() -> None:
    workflows = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *map(str, workflows))


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_kubernetes_knows_every_field_of_the_manifests(path: Path) -> None:
    for document in documents(path):
        kubernetes_validate.validate(document, OLDEST_KUBERNETES, strict=True)
        kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


def test_no_proxy_takes_less_than_the_application() -> None:
    """Bodies as long, uploads as slow: what tests of a proxy would have to wait for."""
    largest = max(limit.octets for limit in request_limits.LIMITS.values())
    slowest = max(limit.seconds for limit in request_limits.LIMITS.values())
    caddy = (DEPLOY / "Caddyfile").read_text()
    (ingress,) = (document for path in MANIFESTS for document in documents(path) if document["kind"] == "Ingress")
    size = ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"]
    assert int(size.removesuffix("m")) * MEGABYTE > largest
    sizes = sorted(int(found) * MEGABYTE for found in re.findall(r"max_size (\d+)MiB\n", caddy))
    in_pieces = request_limits.LIMITS[request_limits.PIECE].octets
    assert in_pieces < request_limits.FILE_BYTES  # they come by the way of files
    octets = sorted({limit.octets for limit in request_limits.LIMITS.values() if limit.octets > MEGABYTE} - {in_pieces})
    assert len(sizes) == len(octets)
    assert all(allowed >= needed for allowed, needed in zip(sizes, octets, strict=True))
    minutes = re.search(r"read_body (\d+)m", caddy)
    assert minutes
    assert int(minutes[1]) * 60 > slowest


def test_prometheus_takes_the_rules() -> None:
    run("promtool", "check", "rules", str(DEPLOY / "prometheus" / "alerts.yml"))


def test_each_alert_fires_when_what_it_means_has_happened() -> None:
    """Each is expected in tests/alerts.yml; promtool shows that it comes, and that nothing comes on a quiet day."""
    cases = documents(ROOT / "tests" / "alerts.yml")[0]["tests"]
    expected = {name for labels in every_value(cases, "labels") for name in re.findall(r'"(\w+)"', labels)}
    assert expected == {rule["alert"] for rule in alerts()}
    run("promtool", "test", "rules", str(ROOT / "tests" / "alerts.yml"))


def test_logrotate_takes_its_file_beside_that_of_nginx(tmp_path: Path) -> None:
    """Debian's package of nginx brings a file that rotates all of /var/log/nginx."""
    theirs = "/var/log/nginx/*.log {\n daily\n missingok\n}\n"
    for name, text in {"autodoctor": (DEPLOY / "logrotate.conf").read_text(), "nginx": theirs}.items():
        path = tmp_path / f"{name}.conf"
        path.write_text(re.sub(r"/var/log/", f"{tmp_path}/", re.sub(r"create .*", "create", text)))
        path.chmod(0o644)
    logs = set(re.findall(r"/var/log/\S+\.log", (DEPLOY / "nginx.conf").read_text()))
    for log in logs:
        path = tmp_path / log.removeprefix("/var/log/")
        path.parent.mkdir(exist_ok=True)
        path.touch()
    done = run(
        "logrotate",
        "--debug",
        "--state",
        str(tmp_path / "state"),
        str(tmp_path / "autodoctor.conf"),
        str(tmp_path / "nginx.conf"),
    )
    assert len(logs) == 2
    assert "error:" not in done
    assert all(f"considering log {tmp_path}/{log.removeprefix('/var/log/')}\n" in done for log in logs)


def test_a_unit_counts_as_started_when_its_process_answers() -> None:
    with HTTPServer(("127.0.0.1", 0), Answers) as late:
        waits = subprocess.Popen([ROOT / "bin" / "wait-until-ready", str(late.server_port)])
        late.handle_request()
        assert waits.wait() == 0
    told = subprocess.run(
        [ROOT / "bin" / "wait-until-ready", str(free_port()), "0.2"], capture_output=True, text=True, check=False
    )
    assert told.returncode == 1
    assert "Nobody answers" in told.stderr


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/api/health" else 404)
        self.end_headers()


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        text = re.sub(r"/srv/autodoctor/(?:.venv/)?bin/[a-z-]+", "/bin/true", unit.read_text())
        name = unit.name.replace("@.", "@8000.")
        (tmp_path / name).write_text(text)
    run("systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir())))
