"""Fuzz poolwatch: `make fuzz SECONDS=600`, or `python -m tests.fuzz TARGET --seconds 60`.

With a target this process fuzzes it by atheris and never comes back: the end of the time is
exit status 0, a find another, with the bytes in `.fuzz/`. Without one, all targets run one
after another, each in a process of its own, and share the time.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

WORK = Path(".fuzz")
NAMES = ("walkers", "decoder", "reassembly", "dialects", "logs")
CHECKED = ("walkers", "decoder", "logs")  # of compiled code, which only bounds checks make speak up


def main() -> int:
    """Fuzz one target, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("target", nargs="*", help="targets; by default all")
    parser.add_argument("--seconds", type=int, default=600, help="in all")
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    parser.add_argument("--work", type=Path, default=WORK, help="corpus and finds go there")
    given = parser.parse_args()
    names = given.target or list(NAMES)
    if len(names) == 1:
        fuzz(names[0], given.seconds, given.seed, given.work)
    worst = 0
    for name in names:
        each = max(given.seconds // len(names), 1)
        print(f"{name}: {each} s", file=sys.stderr, flush=True)  # noqa: T201
        options = ["--seconds", str(each), "--seed", str(given.seed), "--work", str(given.work)]
        done = subprocess.run(
            [sys.executable, "-m", "tests.fuzz", name, *options],
            env=os.environ | ({"POOLWATCH_BOUNDSCHECK": "1"} if name in CHECKED else {}),
            check=False,
        )
        worst = max(worst, abs(done.returncode))
    return worst


def fuzz(name: str, seconds: int, seed: int, work: Path) -> None:
    """Fuzz a target for some seconds; ends the process."""
    import atheris

    # Before anything else imports them. Compiled code has no place for counters.
    with atheris.instrument_imports(include=["poolwatch"], exclude=list(_compiled())):
        from tests.fuzz.targets import TARGETS, seeds, words

    corpus = work / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds(name)):
        (corpus / f"seed-{number:03}").write_bytes(data)
    lines = sorted({word.replace("\\", "").replace('"', "") for word in words()})
    (work / "words.dict").write_text("".join(f'"{line}"\n' for line in lines), "utf-8")
    target = TARGETS[name]
    target(b"")  # what is compiled or loaded once is not the fuzzer's time
    options = [
        sys.argv[0],
        f"-max_total_time={seconds}",
        f"-seed={seed}",
        f"-artifact_prefix={work}/{name}-",
        f"-dict={work / 'words.dict'}",
        "-max_len=8192",
        "-timeout=20",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
        "-verbosity=1",
        str(corpus),
    ]
    atheris.Setup(options, target)
    atheris.Fuzz()


def _compiled() -> Iterator[str]:
    """The modules that Numba reads."""
    spec = importlib.util.find_spec("poolwatch")
    assert spec is not None
    assert spec.origin is not None
    yield "poolwatch.kernels"
    for path in (Path(spec.origin).parent / "kernels").glob("*.py"):
        yield f"poolwatch.kernels.{path.stem}"


if __name__ == "__main__":
    sys.exit(main())
