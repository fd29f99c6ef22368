"""Bundles: contents, validity, and the scripts that pages name with and without a bundle."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from autodoctor.scripts import sources
from autodoctor.scripts.building import OLD_FILES_KEPT, CannotBuild, build
from autodoctor.scripts.bundles import MANIFEST, Bundle, read

MARK = "counted once"


def entry(name: str) -> str:
    return f"{{% script '{name}.js' %}}"


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """Two pages whose modules share a third."""
    files = {
        "templates/base.html": entry("lib/page"),
        "room/templates/room/room.html": entry("room/page/room"),
        "static/lib/page.js": 'import { count } from "room/count";\ncount();\n',
        "room/static/room/page/room.js": 'import { count } from "room/count";\ncount();\ncount();\n',
        "room/static/room/count.js": f'export const counts = [];\nexport const count = () => counts.push("{MARK}");\n',
    }
    for name, text in files.items():
        path = tmp_path / "product" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "product"


@pytest.fixture
def folder(tmp_path: Path, product: Path) -> Path:
    build(tmp_path / "bundles", product)
    return tmp_path / "bundles"


def bundle_of(folder: Path, product: Path) -> Bundle | None:
    return read(folder / MANIFEST, product)


def scripts_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.js")}


def test_a_module_of_two_entries_is_in_one_file_that_both_load(folder: Path, product: Path) -> None:
    bundle = bundle_of(folder, product)
    assert bundle
    (shared,) = [name for name, text in scripts_of(folder).items() if MARK.encode() in text]
    own, *rest = bundle.files["room/page/room"]
    assert own.startswith("room/page/room-")
    assert (rest, bundle.files["lib/page"]) == ([shared], [shared])
    assert set(bundle.files) == {"lib/page", "room/page/room"}
    assert all((folder / f"{name}.map").is_file() for name in scripts_of(folder))


def test_however_many_entries_share_modules_each_loads_three_files_at_most(product: Path, tmp_path: Path) -> None:
    entries = ["lib/page", "room/page/room", "board", "list"]
    (product / "templates/lists.html").write_text(entry("board") + entry("list") + entry("alone"))
    for name, imported in {"toasts": "", "feed": "", "clock": "", "board": "feed clock", "list": "feed toasts"}.items():
        lines = "".join(f'import "{each}";\n' for each in imported.split())
        (product / "static" / f"{name}.js").write_text(f'{lines}window.loaded.push("{name}");\n')
    (product / "static/lib/page.js").write_text('import "toasts";\n')
    (product / "static/alone.js").write_text("window.alone = true;\n")
    (product / "room/static/room/page/room.js").write_text('import "toasts";\nimport "clock";\nwindow.room = true;\n')
    build(tmp_path / "bundles", product)
    bundle = bundle_of(tmp_path / "bundles", product)
    assert bundle
    assert {name: len(bundle.files[name]) for name in [*entries, "alone"]} == {
        "lib/page": 1, "room/page/room": 3, "board": 3, "list": 3, "alone": 1,
    }  # fmt: skip
    assert len({file for name in entries for file in bundle.files[name]}) == 5
    texts = scripts_of(tmp_path / "bundles").values()
    assert all(sum(f'"{name}"'.encode() in text for text in texts) == 1 for name in ("toasts", "feed", "clock"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("room/static/room/count.js", "export const count = () => 2;\n"),
        ("room/static/room/new.js", ""),
        ("room/templates/room/check.html", entry("room/count")),
        ("room/static/room/room.css", "p { margin: 0; }\n"),
    ],
    ids=["changed module", "new module", "new entry", "new style sheet"],
)
def test_a_bundle_of_older_sources_is_invalid_until_it_is_built_again(
    folder: Path, product: Path, name: str, text: str
) -> None:
    (product / name).write_text(text)
    assert bundle_of(folder, product) is None
    build(folder, product)
    assert bundle_of(folder, product)


def test_a_style_sheet_is_one_file_with_all_that_it_imports(product: Path, tmp_path: Path) -> None:
    (product / "static/styles").mkdir()
    (product / "static/styles/tokens.css").write_text(":root {\n  --ink: #123456;\n}\n")
    (product / "static/site.css").write_text('@import "styles/tokens.css";\np {\n  color: var(--ink);\n}\n')
    (product / "templates/base.html").write_text("{% stylesheet 'site.css' %}")
    build(tmp_path / "bundles", product)
    bundle = bundle_of(tmp_path / "bundles", product)
    assert bundle
    (file,) = bundle.files["site.css"]
    text = (tmp_path / "bundles" / file).read_text()
    assert text.startswith(":root{--ink: #123456}p{color:var(--ink)}")


def test_a_bundle_is_valid_again_once_its_modules_are_restored(folder: Path, product: Path) -> None:
    module = product / "room/static/room/count.js"
    before = module.read_text()
    module.write_text(before + "// more\n")
    assert bundle_of(folder, product) is None
    module.write_text(before)
    assert bundle_of(folder, product)


def test_a_bundle_is_invalid_when_one_of_its_modules_is_gone(folder: Path, product: Path) -> None:
    (product / "room/static/room/page/room.js").unlink()
    assert bundle_of(folder, product) is None


def test_the_same_sources_make_the_same_files(folder: Path, product: Path, tmp_path: Path) -> None:
    build(tmp_path / "again", product)
    assert scripts_of(tmp_path / "again") == scripts_of(folder)
    assert (tmp_path / "again" / MANIFEST).read_text() == (folder / MANIFEST).read_text()


def test_bundle_files_of_the_previous_build_stay_for_a_day(folder: Path, product: Path) -> None:
    old, older = folder / "room/room-OLD.js", folder / "room/room-OLDER.js"
    for path, age in ((old, OLD_FILES_KEPT - 600), (older, OLD_FILES_KEPT + 600)):
        path.touch()
        made = path.stat().st_mtime - age
        os.utime(path, (made, made))
    build(folder, product)
    assert (old.exists(), older.exists()) == (True, False)


def test_the_build_names_an_imported_module_that_does_not_exist(product: Path, tmp_path: Path) -> None:
    (product / "static/lib/page.js").write_text('import "page/nowhere";\n')
    with pytest.raises(CannotBuild, match="page/nowhere"):
        build(tmp_path / "bundles", product)
    assert bundle_of(tmp_path / "bundles", product) is None


def test_where_esbuild_is_missing_the_command_says_how_to_get_it(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BUNDLES = tmp_path / "bundles"
    monkeypatch.setattr(sources, "PRODUCT", tmp_path)
    with pytest.raises(CommandError, match="bin/setup test"):
        call_command("bundle")


def test_templates_name_every_module_by_the_tag() -> None:
    by_hand = re.compile(r'<script[^>]*type="module"|<script[^>]*type="importmap"')
    templates = list(sources.PRODUCT.rglob("*.html"))
    assert [path.name for path in templates if by_hand.search(path.read_text())] == []
    named = {name for path in templates for name in re.findall(r"{%\s*script\s+(\S+)\s*%}", path.read_text())}
    assert {f"'{name}.js'" for name in sources.entries()} == named - {"…"}


def test_templates_name_every_style_sheet_by_the_tag() -> None:
    by_hand = re.compile(r'<link rel="stylesheet"')
    alone = {"failure.html", "base.html of the sandbox"}  # without a request; a server of its own
    found = {
        "base.html of the sandbox" if "sandbox" in path.parts else path.name
        for path in sources.PRODUCT.rglob("*.html")
        if by_hand.search(path.read_text())
    }
    assert found == alone
    assert "autodoctor.css" in sources.sheet_entries()


def test_every_style_sheet_is_linked_or_imported_and_every_import_is_there() -> None:
    sheets = sources.sheets()
    imported = {
        (Path(name).parent / target).as_posix()
        for name, path in sheets.items()
        for target in re.findall(r'^@import "([^"]+)";$', path.read_text(), re.MULTILINE)
    }
    assert imported | set(sources.sheet_entries()) == set(sheets)


def test_every_entry_and_every_import_is_a_module() -> None:
    modules = sources.modules()
    imported = {
        name
        for path in modules.values()
        for name in re.findall(r'^(?:import|export|}) [^"=\n]*"([^"]+)";$', path.read_text(), re.MULTILINE)
    }
    assert imported
    assert imported | set(sources.entries()) <= set(modules)


@pytest.fixture
def static_root(settings: Settings, tmp_path: Path) -> Path:
    """Set a directory of collected static files that is read again for each page."""
    settings.STATIC_ROOT = tmp_path / "static"
    settings.BUNDLES = tmp_path / "bundles"
    settings.SERVESTATIC_AUTOREFRESH = True
    settings.STATIC_ROOT.mkdir()
    return Path(settings.STATIC_ROOT)


def page(client: Client) -> str:
    return client.get("/sign-in/").content.decode()


def is_plain(html: str) -> bool:
    own = ('type="importmap"', 'src="/static/lib/page.js"', 'href="/static/autodoctor.css"')
    return all(each in html for each in own) and "/bundles/" not in html


def test_pages_load_what_was_bundled_and_collected(
    db: None, client: Client, static_root: Path, settings: Settings
) -> None:
    assert is_plain(page(client))
    call_command("bundle")
    assert is_plain(page(client))  # not collected yet
    shutil.copytree(settings.BUNDLES, static_root / "bundles")
    html = page(client)
    assert "importmap" not in html
    entries = json.loads((static_root / "bundles" / MANIFEST).read_text())["entries"]
    own, *chunks = entries["lib/page"]
    (sheet,) = entries["autodoctor.css"]
    assert html.count('rel="stylesheet"') == html.count(f'<link rel="stylesheet" href="/static/bundles/{sheet}">') == 1
    assert f'<script type="module" src="/static/bundles/{own}"></script>' in html
    assert all(html.count(f'<link rel="modulepreload" href="/static/bundles/{chunk}">') == 1 for chunk in chunks)


def test_a_bundle_of_older_modules_is_not_used(db: None, client: Client, static_root: Path) -> None:
    build(static_root / "bundles")
    manifest = static_root / "bundles" / MANIFEST
    kept = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(kept | {"sources": "of before"}))
    assert is_plain(page(client))


def test_bundles_can_be_switched_off(db: None, client: Client, static_root: Path, settings: Settings) -> None:
    build(static_root / "bundles")
    settings.BUNDLED_SCRIPTS = False
    assert is_plain(page(client))


def test_without_a_bundle_modules_find_each_other_by_the_import_map(db: None, client: Client) -> None:
    answer = client.get("/sign-in/")
    (nonce, text) = re.findall(
        r'<script type="importmap" nonce="([^"]+)">(.*?)</script>', answer.content.decode(), re.DOTALL
    )[0]
    assert json.loads(text)["imports"] == {name: f"/static/{name}.js" for name in sources.modules()}
    assert f"'nonce-{nonce}'" in answer.headers["Content-Security-Policy"]
