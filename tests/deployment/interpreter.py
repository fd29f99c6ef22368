"""The Python of this machine, where everybody may run it: that of the tests may lie in the folder of one person."""

import shutil
import sys
from pathlib import Path

SYSTEM = "/usr"
LEFT_OUT = shutil.ignore_patterns("test", "site-packages", "__pycache__", "*.a")


def environment(prefix: Path) -> dict[str, str]:
    """Return what its processes need, where it is built with a shared library."""
    return {} if sys.base_prefix == SYSTEM else {"LD_LIBRARY_PATH": str(prefix / "lib")}


def folder(prefix: Path) -> Path:
    """Return the folder of a `python` and a `python3`; below the prefix unless it is the system's own."""
    if sys.base_prefix == SYSTEM:
        return _named(prefix / "bin", Path(SYSTEM) / "bin" / _name())
    shutil.copytree(Path(sys.base_prefix) / "lib", prefix / "lib", symlinks=True, ignore=LEFT_OUT, dirs_exist_ok=True)
    (prefix / "bin").mkdir(parents=True, exist_ok=True)
    shutil.copy2(Path(sys.base_prefix) / "bin" / _name(), prefix / "bin")
    return _named(prefix / "bin", Path(_name()))


def _name() -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def _named(programs: Path, program: Path) -> Path:
    programs.mkdir(parents=True, exist_ok=True)
    for name in ("python", "python3"):
        (programs / name).symlink_to(program)
    return programs
