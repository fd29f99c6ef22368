"""Addresses of pages stand in the `urls.py` of who answers there; everybody else names the page."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PRODUCT = Path(__file__).resolve().parents[1] / "autodoctor"
ADDRESS = re.compile(r"/(sessions|dashboard|support|book|account|sign-in|sign-up|mechanics)/")
# These modules compare paths of requests; the settings define LOGIN_URL.
MATCHERS = {"core/request_limits.py", "health/request_ids.py", "room/socket/handshake.py", "settings.py"}
WRITTEN_OUT = re.compile(r"site_url }}/\w")
PATH_IN_MARKUP = re.compile(r"""(?:[\w-]+=|== )["'](/[^/"'][^"']*|/)["']""")
# The contracts of docs/protocol.md, and the front of a file's address, to which a script adds the file.
PATHS_WITHOUT_A_PAGE = re.compile(r"/(?:api|ws)/|/sessions/{{[^}]*}}/files/$")
TEMPLATES_WITHOUT_URLS = {"failure.html"}  # rendered even when the URL configuration cannot be loaded


def modules() -> Iterator[Path]:
    for path in sorted(PRODUCT.rglob("*.py")):
        name = str(path.relative_to(PRODUCT))
        if name not in MATCHERS and path.name != "urls.py" and not {"tests", "sandbox"} & set(path.parts):
            yield path


def addresses_in(path: Path) -> list[str]:
    """Strings of addresses, but for those that declare a route of the API."""
    tree = ast.parse(path.read_text())
    routes = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for decorator in function.decorator_list
        for node in ast.walk(decorator)
    }
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in routes)
    return [str(node.value) for node in texts if isinstance(node.value, str) and ADDRESS.match(node.value)]


def test_no_module_writes_out_the_address_of_a_page() -> None:
    found = {str(path.relative_to(PRODUCT)): written for path in modules() if (written := addresses_in(path))}
    assert not found


MAILS = sorted(path for path in PRODUCT.glob("*/templates/**/mail/**/*") if path.is_file())


@pytest.mark.parametrize("template", MAILS, ids=lambda path: path.name)
def test_no_mail_writes_out_the_address_of_a_page(template: Path) -> None:
    assert not WRITTEN_OUT.search(template.read_text())


PAGES = sorted(
    path
    for path in PRODUCT.rglob("*.html")
    if not {"tests", "sandbox"} & set(path.parts) and path.name not in TEMPLATES_WITHOUT_URLS
)


def paths_in(markup: str) -> list[str]:
    """Addresses of pages that are written out in attributes and comparisons."""
    return [path for path in PATH_IN_MARKUP.findall(markup) if not PATHS_WITHOUT_A_PAGE.match(path)]


@pytest.mark.parametrize("template", PAGES, ids=lambda path: str(path.relative_to(PRODUCT)))
def test_no_template_writes_out_the_address_of_a_page(template: Path) -> None:
    assert not paths_in(template.read_text())


@pytest.mark.parametrize(
    "markup",
    ['<a href="/dashboard/">', "<form action='/book/'>", '{% if request.path == "/support/" %}', '<a href="/">'],
)
def test_an_address_in_markup_is_found(markup: str) -> None:
    assert paths_in(markup)


def test_an_address_that_is_written_out_is_found(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('@router.get("/sessions/a/")\ndef a(): return f"/sessions/{id}/"\n')
    assert addresses_in(module) == ["/sessions/"]
