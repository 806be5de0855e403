"""One pipeline thread's side of keeping: its pre-trigger buffers and the flows it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from poolwatch.capture.source import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFlow:
    """A mining flow whose packets are wanted.

    `record` and `first_packet` are its FLOW_START row's number and column; with `record` -1 it
    is looked for by `first_packet`. `last_ns`: of a flow that has closed, its last packet.
    """

    flow_id: int
    first_packet: int
    host: str  # the host its finding is about
    record: int = -1
    last_ns: int | None = None


class Lane:
    """Made by `Keeper.lane`; used by the one thread that owns its flow table."""

    def see(self, batch: Batch) -> None:
        """Look at a batch the table has just scanned, before the next one is.

        Copies what may turn out to be a flow's beginning, hands on packets of kept flows.
        """
        raise NotImplementedError

    def take(self, flow: KeptFlow) -> bool:
        """Keep a flow from now on, and what the buffers have of it. Again: nothing happens.

        Call it before the next batch is scanned, after `see`. False: a bound bit.
        """
        raise NotImplementedError

    def sweep(self, now_ns: int) -> None:
        """Go over a part of the flow table, for summaries; call it about ten times a second."""
        raise NotImplementedError

    def close(self) -> None:
        """The thread ends: summarise and let go of all flows."""
        raise NotImplementedError
