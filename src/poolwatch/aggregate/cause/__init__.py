"""Why a host mines: grounds for and against deliberate, malware and research, never summed up."""

from __future__ import annotations

from poolwatch.aggregate.cause.ranker import CAUSES, UNDETERMINED, Ranker, cause_of

__all__ = ["CAUSES", "UNDETERMINED", "Ranker", "cause_of"]
