"""Options that pools take where a password would stand: only these are ever kept.

A value must have the form its option asks for; everything else is a password, and is dropped
where it is read. Sources: help pages of zergpool and zpool (`c=`, `mc=`, `m=solo`, `d=`, `sd=`);
litecoinpool and ckpool (`d=`); prohashing (`a=`, `d=`, `m=`); MoneroOcean/nodejs-pool
(`worker~algorithm`).
"""

from __future__ import annotations

import re

_NUMBER = r"\d{1,15}(?:\.\d{1,8})?"
_COIN = r"[A-Za-z][A-Za-z0-9]{1,7}"
_ALGORITHM = (
    r"(?:rx|cn|cn-lite|cn-heavy|cn-pico|argon2|panthera|astrobwt|xel)/[a-z0-9_]{1,16}"
    r"|randomx|ghostrider|kawpow|ethash|etchash|autolykos2?|verushash|verthash|equihash"
    r"|scrypt|sha256d?|sha3x|x11|x13|x16rv?2?|lyra2rev?[23]|neoscrypt|groestl|skein|qubit"
)
_SHAPES = {
    "c": rf"{_COIN}",
    "mc": rf"{_COIN}(?:/{_COIN}){{0,4}}",
    "d": _NUMBER,
    "sd": _NUMBER,
    "md": _NUMBER,
    "diff": _NUMBER,
    "m": "solo|party|pplns|prop",
    "a": _ALGORITHM,
    "algo": _ALGORITHM,
}
_OPTIONS = {name: re.compile(shape) for name, shape in _SHAPES.items()}
_BETWEEN = re.compile(r"[,;&\s]+")
_TILDE = re.compile(rf"[^~]*~({_ALGORITHM})")
_LONGEST = 512


def password_options(text: object) -> list[str] | None:
    """The options in a password, as `name=value`; None without any."""
    if not isinstance(text, str) or not 0 < len(text) <= _LONGEST:
        return None
    found = [option for part in _BETWEEN.split(text) if (option := _option(part))]
    algorithm = _TILDE.fullmatch(text)
    if algorithm:
        found.append(f"algo={algorithm[1]}")
    return found or None


def _option(part: str) -> str:
    name, equals, value = part.partition("=")
    shape = _OPTIONS.get(name.lower()) if equals else None
    return f"{name.lower()}={value}" if shape and shape.fullmatch(value) else ""
