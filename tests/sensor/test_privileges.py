"""Rights are given away for all threads, and for whatever is started later."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from poolwatch.errors import PoolwatchError
from poolwatch.sensor.privileges import CAP_NET_RAW, drop

_PROGRAM = """
import json, os, subprocess, sys, threading
from pathlib import Path
from poolwatch.sensor.privileges import drop, held
said = drop()
gate = threading.Event()
thread = threading.Thread(target=gate.wait)
thread.start()
tasks = [held(f"self/task/{task.name}") for task in Path("/proc/self/task").iterdir()]
status = Path("/proc/self/status").read_text()
words = dict(line.split(":\\t", 1) for line in status.splitlines() if ":\\t" in line)
child = subprocess.run(["grep", "CapEff", "/proc/self/status"], capture_output=True, text=True)
gate.set()
thread.join()
print(json.dumps({"said": said, "tasks": tasks, "bounding": int(words["CapBnd"], 16),
    "no_new": words["NoNewPrivs"], "child": int(child.stdout.split()[1], 16)}))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to have rights to give away")
def test_only_the_right_to_capture_is_left() -> None:
    run = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    found = json.loads(run.stdout)
    right = 1 << CAP_NET_RAW
    assert found["said"] == "kept CAP_NET_RAW alone"
    assert found["tasks"] == [right, right]
    assert found["bounding"] == right
    assert found["no_new"] == "1"
    assert found["child"] in (0, right)  # root's children get no more than what is left


def test_with_other_threads_it_is_refused() -> None:
    """Each has its own rights: giving away those of one would only look like it."""
    import threading

    gate = threading.Event()
    thread = threading.Thread(target=gate.wait)
    thread.start()
    try:
        with pytest.raises(PoolwatchError, match="threads run already") as raised:
            drop()
        assert "OPENBLAS_NUM_THREADS" in raised.value.advice()
    finally:
        gate.set()
        thread.join()
