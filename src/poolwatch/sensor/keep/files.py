"""Files that nobody else may read, in a folder that nobody else may enter."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from poolwatch.errors import UsageError

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
_OLD = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW


def make_private(directory: Path) -> None:
    """Make a folder with mode 0700, or see that an existing one is ours. Raises UsageError."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise UsageError(
                f"{directory}: not a folder of the user that runs this", "choose another"
            )
        if stat.S_IMODE(found.st_mode) != 0o700:
            directory.chmod(0o700)
    except OSError as error:
        raise UsageError(f"{directory}: {error.strerror or error}") from error


def create(path: Path) -> int:
    """A new file for appending, mode 0600. Raises OSError."""
    return _own(os.open(path, _NEW, 0o600))


def append_to(path: Path) -> int:
    """A file for appending, made with mode 0600 if need be; links are refused. Raises OSError."""
    return _own(os.open(path, _OLD, 0o600))


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it. Raises OSError; some of it may stand in the file then."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def append_whole(descriptor: int, data: bytes) -> None:
    """Write all of it or, as far as the disk lets us, nothing. Raises OSError."""
    before = os.fstat(descriptor).st_size
    try:
        write_all(descriptor, data)
    except BaseException:
        os.ftruncate(descriptor, before)
        raise


def sync_directory(directory: Path) -> None:
    """Make names in a folder durable. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_whole(path: Path, data: bytes) -> None:
    """Give a file other content, all of it or nothing, durably. Raises OSError."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    descriptor = create(new)
    try:
        write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    new.replace(path)
    sync_directory(path.parent)


def _own(descriptor: int) -> int:
    os.fchmod(descriptor, 0o600)  # whatever the umask is
    return descriptor
