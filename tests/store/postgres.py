"""A real PostgreSQL on a temporary folder and port, as a user without rights."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg

PASSWORD = "s3cret-of-tests"
_DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
_TRIED = ("postgres", "nobody")


def find_binaries() -> Path | None:
    """The folder of initdb, pg_ctl and postgres; None where there is none."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    return _DEBIAN[0] if _DEBIAN else None


class Postgres:
    """One server; `start` and `stop` may follow each other."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._folder = Path(tempfile.mkdtemp(prefix="poolwatch-pg-"))
        self._user = _unprivileged() if os.geteuid() == 0 else None
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port: int = listener.getsockname()[1]
        self._databases = 0
        secret = self._folder / "password"
        secret.write_text(PASSWORD)
        if self._user:
            for path in (self._folder, secret):
                shutil.chown(path, self._user)
        data = str(self._data)
        self._run(
            "initdb", "-D", data, "-U", "owner", "-A", "scram-sha-256", "-N", "--pwfile", secret
        )
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(
                f"listen_addresses = '127.0.0.1'\nport = {self.port}\n"
                "unix_socket_directories = ''\nmax_connections = 30\nshared_buffers = '16MB'\n"
            )
        self.start()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        log = self._folder / "log"
        self._run("pg_ctl", "-D", self._data, "-l", log, "-w", "-t", "60", "start")

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-D", self._data, "-m", mode, "-w", "-t", "60", "stop")

    def new_database(self) -> str:
        """The URL of an empty database."""
        self._databases += 1
        name = f"store{self._databases}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, database: str) -> str:
        return f"postgresql://owner:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def remove(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self._folder)

    def _run(self, program: str, *arguments: object) -> None:
        subprocess.run(
            [str(self._binaries / program), *map(str, arguments)],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # no pipe: the server would keep it open
            cwd="/",
            user=self._user,
            group=pwd.getpwnam(self._user).pw_gid if self._user else None,
            extra_groups=[] if self._user else None,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        )


def _unprivileged() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _TRIED if name in names)
