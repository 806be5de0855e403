"""The shape of each row by which causes are judged: grounds, and what malware is known by."""

from __future__ import annotations

import datetime
from typing import Literal

import msgspec


class GroundRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ground for or against a cause: `grounds.csv`.

    `checker` names the function that looks for it, `parameters` its thresholds and words, as
    `peers>=20 failed>=0.5 ports=22|445`. The sentences name fields the checker fills in.
    """

    id: str
    cause: Literal["deliberate", "malware", "research"]
    direction: Literal["for", "against"]
    rank: Literal["strong", "leaning", "weak"]
    checker: str
    parameters: str
    sources: str
    date: datetime.date
    en: str
    zh: str


class MalwareRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that malware that mines is known by: `malware.csv`.

    `kind`: `wallet` as it stands in logins, `domain` with all names below it, `ip_port` as
    `192.0.2.1:80`, `url` without its scheme, `url_path`. `date`: when the source was looked up.
    """

    value: str
    kind: Literal["wallet", "domain", "ip_port", "url", "url_path"]
    family: str
    confidence: Literal["high", "medium", "low"]
    sources: str
    source_url: str
    date: datetime.date
