"""The wall around the compiler: one door, one signature a kernel, nothing loaded unasked."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba.core.registry import CPUDispatcher

import poolwatch
from poolwatch import kernels
from poolwatch.kernels.doors import decode_frames
from poolwatch.layouts import FRAME, PACKET

PACKAGE = Path(poolwatch.__file__).parent
DOOR = PACKAGE / "kernels" / "__init__.py"
COMPILER = ("njit", "numba.jit", "vectorize", "cfunc")


def dispatchers() -> dict[str, CPUDispatcher]:
    found = {}
    for name in kernels.MODULES:
        module = importlib.import_module(f"poolwatch.kernels.{name}")
        for value in vars(module).values():
            if isinstance(value, CPUDispatcher):
                found[f"{value.__module__}.{value.__name__}"] = value
    return found


def test_only_the_door_names_the_compiler() -> None:
    others = [path for path in PACKAGE.rglob("*.py") if path != DOOR]
    assert "njit" in DOOR.read_text(encoding="utf-8")
    assert len(others) > 10
    naming = [
        path.name
        for path in others
        if any(word in path.read_text(encoding="utf-8") for word in COMPILER)
    ]
    assert not naming


def test_every_module_of_kernels_is_warmed() -> None:
    here = {path.stem for path in DOOR.parent.glob("*.py")} - {"__init__", "intrinsics"}
    assert set(kernels.MODULES) == here
    assert {name.rsplit(".", 1)[0] for name in dispatchers()} == {
        f"poolwatch.kernels.{name}" for name in kernels.MODULES
    }


@pytest.mark.parametrize("dtype", [np.int32, np.float64])
def test_other_types_are_refused(dtype: type) -> None:
    wrong: Any = np.zeros(8, dtype)
    with pytest.raises(TypeError, match="No matching definition"):
        decode_frames(wrong, np.zeros(1, PACKET), 1, np.zeros(1, FRAME))


def test_read_only_bytes_are_accepted_without_another_signature() -> None:
    frames = np.zeros(1, FRAME)
    for buffer in (np.zeros(8, np.uint8), np.frombuffer(bytes(8), np.uint8)):
        decode_frames(buffer, np.zeros(1, PACKET), 1, frames)
    signatures: Any = decode_frames
    assert len(signatures.signatures) == 1


def test_every_kernel_has_one_signature() -> None:
    """A part has it once a kernel that calls it was compiled, and then no other.

    A helper is compiled into its callers, once for the types of each.
    """
    decorator = re.compile(r"^@(kernel|part|helper)\b(?:(?!^def ).*\n)*?def (\w+)\(", re.MULTILINE)
    kinds = {
        f"poolwatch.kernels.{path.stem}.{function}": kind
        for path in DOOR.parent.glob("*.py")
        for kind, function in decorator.findall(path.read_text("utf-8"))
    }
    for name, value in dispatchers().items():
        count = len(value.signatures)
        assert count == 1 or kinds[name] == "helper" or (kinds[name] == "part" and not count), name
        assert kinds[name] == "helper" or not count or not value._can_compile, name


def loaded_after(code: str) -> set[str]:
    """Top-level modules present once `code` has run in a fresh interpreter."""
    script = f"import sys\n{code}\nprint('\\n' + ' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return {name.split(".")[0] for name in done.stdout.splitlines()[-1].split()}


HELP = """
from poolwatch.cli import main
sys.argv = ["poolwatch", *{arguments!r}]
try:
    main()
except SystemExit as end:
    assert not end.code
"""


@pytest.mark.parametrize(
    "code",
    [
        "import poolwatch",
        "import poolwatch.cli",
        HELP.format(arguments=["--help"]),
        HELP.format(arguments=["scan", "--help"]),
        HELP.format(arguments=["warm", "--help"]),
        HELP.format(arguments=["--version"]),
    ],
    ids=["import", "cli", "--help", "scan --help", "warm --help", "--version"],
)
def test_neither_numba_nor_pandas_is_loaded_for_nothing(code: str) -> None:
    loaded = loaded_after(code)
    assert "poolwatch" in loaded
    assert not loaded & {"numba", "llvmlite", "pandas"}


def test_the_check_would_see_numba() -> None:
    assert "numba" in loaded_after("import poolwatch.kernels")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("POOLWATCH_BOUNDSCHECK", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("POOLWATCH_CACHE", str(tmp_path))
    return tmp_path


def test_the_cache_is_private_and_named_by_the_sources(cache: Path) -> None:
    directory = kernels.cache_directory()
    assert directory is not None
    assert directory.parent == cache / "poolwatch"
    assert directory.stat().st_mode & 0o777 == 0o700
    assert kernels.is_cold()
    (directory / "ready").touch()
    assert not kernels.is_cold()


@pytest.mark.usefixtures("cache")
def test_checked_kernels_have_a_cache_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = kernels.cache_directory()
    monkeypatch.setenv("POOLWATCH_BOUNDSCHECK", "1")
    assert kernels.cache_directory() != plain


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("first", ["POOLWATCH_CACHE", "XDG_CACHE_HOME"])
def test_where_the_cache_lies(first: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POOLWATCH_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "XDG_CACHE_HOME"))
    monkeypatch.setenv(first, str(tmp_path / first))
    directory = kernels.cache_directory()
    assert directory is not None
    assert directory.is_relative_to(tmp_path / first)


@pytest.mark.usefixtures("cache")
def test_a_cache_others_can_write_to_is_not_used() -> None:
    directory = kernels.cache_directory()
    assert directory is not None
    directory.chmod(0o777)
    assert kernels.cache_directory() is None
    assert kernels.is_cold()


@pytest.mark.usefixtures("cache")
def test_a_cache_of_somebody_else_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    assert kernels.cache_directory() is None


def test_without_a_cache_it_still_counts_as_runnable(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cache / "file").touch()
    monkeypatch.setenv("POOLWATCH_CACHE", str(cache / "file"))
    assert kernels.cache_directory() is None
    assert kernels.is_cold()
    # One kernel module is enough to see that nothing insists on a cache.
    loaded = loaded_after("import poolwatch.kernels.endpoints")
    assert "numba" in loaded
