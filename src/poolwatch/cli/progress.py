"""A progress line on standard error while captures are read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from poolwatch.messages import printable

if TYPE_CHECKING:
    from poolwatch.engine import Engine, Item
    from poolwatch.messages import Messages

_EVERY_SECONDS = 0.2


def run_with_progress(engine: Engine, inputs: list[str], messages: Messages) -> Iterator[Item]:
    """Run the engine, showing the capture being read and the packets read of it."""
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[packets]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = progress.add_task(messages.say("progress.scanning"), total=None, packets="")
    shown = 0.0

    def show(path: str, packets: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown >= _EVERY_SECONDS:
            shown = now
            progress.update(
                task,
                description=f"{messages.say('progress.scanning')} {printable(path)}",
                packets=f"{packets:,}",
            )

    with progress:
        yield from engine.run(inputs, show)
