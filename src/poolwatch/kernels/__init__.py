"""Numba kernels: arrays in, arrays out. `@kernel` is the only door to the compiler; what is
only a part of kernels is a `@helper`.

A kernel is compiled for its one signature when its module is imported, or loaded from a
cache directory named by a hash of the kernel sources, so that an edited helper is never
served stale. Import a kernel module only where packets are about to be read.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
from numba.core import types
from numba.core.types.containers import NamedTuple as NumbaNamedTuple

from poolwatch import layouts

_CARRIER_SIDE = ("decode", "carriers")
_NAME_SIDE = ("frames", "gate", "endpoints", "names", "dns", "tls", "openings")
_LIVE = ("ring", "sights", "recent")
_LOGS = ("logs", "templates", "logfind")
_BESIDE = ("walk", "intervals", "neighbours", *_LIVE, *_LOGS)
_WARM = (*_CARRIER_SIDE, *_NAME_SIDE, *_BESIDE, "flows", "companions", "companion_merge", "merge")
MODULES = (*_WARM, "doors")
"""The kernel modules; `warm` compiles all that poolwatch itself uses.

The first two groups know nothing of each other, and the third is nobody's affair; `flows` needs
the first two.
"""

F = TypeVar("F", bound=Callable[..., Any])

BYTES: Any = types.Array(types.uint8, 1, "C", readonly=True)
WRITABLE: Any = types.Array(types.uint8, 1, "C")
SLOTS: Any = types.Array(types.uint64, 1, "C")
INT32S: Any = types.Array(types.int32, 1, "C")
INT64S: Any = types.Array(types.int64, 1, "C")
i8: Any = types.int64
u8: Any = types.uint64
b1: Any = types.boolean
void: Any = types.void


def row(dtype: np.dtype[Any]) -> Any:
    """The compiler's type of one row of `dtype`, passed by reference."""
    return numba.from_dtype(dtype)


def rows(dtype: np.dtype[Any], *, readonly: bool = False) -> Any:
    """The compiler's type of a contiguous array of rows of `dtype`."""
    return types.Array(numba.from_dtype(dtype), 1, "C", readonly=readonly)


def bundle(kind: type[Any], *members: Any) -> Any:
    """The compiler's type of a named tuple of arrays, so that they travel together."""
    return NumbaNamedTuple(members, kind)


def kernel(signature: Any, *, inline: bool = False) -> Callable[[F], F]:
    """Compile a function for `signature` alone; any other argument types raise TypeError.

    `inline`: a helper of other kernels, merged into each of them.
    """

    def decorate(function: F) -> F:
        with _numba_cache() as cached:
            compiled: F = numba.njit(
                signature,
                cache=cached,
                nogil=True,
                error_model="numpy",
                boundscheck=_checked(),
                forceinline=inline,
                _nrt=False,
            )(function)
        return compiled

    return decorate


def part(signature: Any, *, inline: bool = False) -> Callable[[F], F]:
    """A part of kernels, compiled for `signature` once a kernel that calls it is compiled.

    Nothing else may call it: its code stands in the cached code of its callers, so that a
    process which loads those spends nothing on it.
    """

    def decorate(function: F) -> F:
        compiled: Any = numba.njit(
            nogil=True,
            error_model="numpy",
            boundscheck=_checked(),
            forceinline=inline,
            _nrt=False,
        )(function)
        as_called = compiled.get_call_template

        def as_declared(args: Any, kwargs: Any) -> Any:
            if not compiled.signatures:
                compiled.compile(signature)
                compiled.disable_compile()
            return as_called(args, kwargs)

        compiled.get_call_template = as_declared
        result: F = compiled
        return result

    return decorate


def helper(function: F) -> F:
    """A part of kernels, compiled into each that calls it and never by itself.

    Its types are those of its callers. Loading a kernel from the cache costs milliseconds;
    importing a helper costs none, so what nothing else calls is one.
    """
    compiled: F = numba.njit(nogil=True, error_model="numpy", boundscheck=_checked(), _nrt=False)(
        function
    )
    return compiled


def warm() -> None:
    """Compile what poolwatch uses, or load it from the cache, and remember that it was done."""
    directory = cache_directory()
    if directory is not None and is_cold():
        _compile_in_two()
    _import(_WARM)
    if directory is not None:
        (directory / "ready").touch()


def _compile_in_two() -> None:
    """Compile what can be at the same time, part of it in another process, into the cache.

    Whatever that one leaves undone is compiled when it is imported.
    """
    with _compiling_elsewhere(_CARRIER_SIDE):
        _import(_NAME_SIDE)
    with _compiling_elsewhere(_BESIDE):
        _import(("flows", "companions", "companion_merge", "merge"))


@contextmanager
def _compiling_elsewhere(names: tuple[str, ...]) -> Iterator[None]:
    """Another process compiles these meanwhile."""
    modules = ", ".join(f"poolwatch.kernels.{name}" for name in names)
    with subprocess.Popen(  # noqa: S603 — nothing foreign in it; -P: no module of the working folder
        [sys.executable, "-P", "-c", f"import {modules}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ):
        yield


def _import(names: tuple[str, ...]) -> None:
    for name in names:
        importlib.import_module(f"poolwatch.kernels.{name}")


def is_cold() -> bool:
    """Whether the next import of a kernel module has to compile."""
    directory = cache_directory()
    return directory is None or not (directory / "ready").exists()


def cache_directory() -> Path | None:
    """Where compiled kernels are kept, made if need be; None when nowhere is writable.

    The files hold machine code that is loaded as it stands, so a directory that is not
    this user's own is not used.
    """
    base = os.environ.get("POOLWATCH_CACHE") or os.environ.get("XDG_CACHE_HOME")
    root = Path(base) if base else Path.home() / ".cache"
    name = f"kernels-{_source_digest()}" + ("-checked" if _checked() else "")
    directory = root / "poolwatch" / name
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        owner = directory.stat()
        private = owner.st_uid == os.getuid() and not owner.st_mode & stat.S_IWOTH
    except (OSError, RuntimeError):
        return None
    return directory if private and os.access(directory, os.W_OK | os.X_OK) else None


def _checked() -> bool:
    """Bounds checking, switched on by the tests that fuzz the kernels."""
    return os.environ.get("POOLWATCH_BOUNDSCHECK") == "1"


@cache
def _source_digest() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    here = Path(__file__).parent
    for path in [*sorted(here.glob("*.py")), Path(layouts.__file__)]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _numba_cache() -> Iterator[bool]:
    """Point Numba at our cache directory while one function is decorated."""
    directory = cache_directory()
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(directory or "")
    try:
        yield directory is not None
    finally:
        numba.config.CACHE_DIR = before
