"""The modules of the pages: where the type checker finds them, and what may import what."""

import json

from autodoctor.scripts import sources

ROOT = sources.PRODUCT.parent


def test_the_type_checker_finds_modules_where_the_pages_do() -> None:
    options = json.loads((ROOT / "tsconfig.json").read_text())["compilerOptions"]
    folders = [f"./{folder.relative_to(ROOT).as_posix()}/*" for folder in sources.folders()]
    assert options["paths"] == {"*": [*folders, "./autodoctor/*"]}  # the last for declarations beside Python modules
