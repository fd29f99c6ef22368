"""Every imported package is declared: an undeclared one may disappear with another package's next release."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OURS = {"autodoctor", "tests", "bench", "conftest"}


def test_imports_of_the_product_are_declared() -> None:
    assert not undeclared(product_files(), declared())


def test_imports_of_the_tests_are_declared() -> None:
    product = set(product_files())
    files = [path for path in all_files() if path not in product]
    assert not undeclared(files, declared() | declared_for_tests())


def undeclared(files: list[Path], known: set[str]) -> dict[str, str]:
    """Packages that are imported and not declared, each with a file that does."""
    homes = {package: {_name(home) for home in found} for package, found in packages_distributions().items()}
    foreign = ((package, path) for path in files for package in imported(path))
    return {
        package: str(path.relative_to(ROOT))
        for package, path in foreign
        if package not in sys.stdlib_module_names | OURS and known.isdisjoint(homes.get(package, ()))
    }


def all_files() -> list[Path]:
    return [path for folder in ("autodoctor", "tests") for path in sorted((ROOT / folder).rglob("*.py"))]


def product_files() -> list[Path]:
    return [path for path in all_files() if path.is_relative_to(ROOT / "autodoctor") and "tests" not in path.parts]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@cache
def _project() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def declared() -> set[str]:
    return {_name(line) for line in _project()["project"]["dependencies"]}


def declared_for_tests() -> set[str]:
    return {_name(line) for line in _project()["dependency-groups"]["test"]}


def _name(requirement: str) -> str:
    """Return the normalized name: lower case, dashes, without version and extras."""
    found = re.match(r"[\w.-]+", requirement)
    return re.sub(r"[-_.]+", "-", found[0] if found else "").lower()
