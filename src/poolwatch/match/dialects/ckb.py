"""Nervos CKB Stratum (D33): header, height and parent for work, 16 bytes of nonce.

Sources: leifjacky/ckb-gominer-demo README.md; btccom/btcpool.
"""

from __future__ import annotations

from typing import ClassVar

from poolwatch.match.dialects.targeted import Targeted


class Ckb(Targeted):
    """The height is the third parameter of a job."""

    algorithm: ClassVar = "Eaglesong"
    height: ClassVar = 2


DIALECT = Ckb()
