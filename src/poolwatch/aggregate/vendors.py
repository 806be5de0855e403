"""Who made a network card, by the first half of its hardware address (OUI).

The table is IEEE's, as the package netaddr ships it (BSD-3); it is loaded when it is first asked.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import metadata

_LOCAL = 1 << 41  # locally administered (IEEE 802): no vendor gave it


def is_local(mac: int) -> bool:
    """Whether a hardware address was made up: by a phone against tracking, by a hypervisor."""
    return bool(mac & _LOCAL)


@lru_cache(maxsize=4096)
def vendor_of(mac: int) -> str | None:
    """The vendor of a hardware address, None for one that is made up or not registered."""
    from netaddr import EUI, NotRegisteredError

    if is_local(mac):
        return None
    try:
        return str(EUI(mac, version=48).oui.registration().org)
    except NotRegisteredError:
        return None


@lru_cache(maxsize=1)
def vendor_table() -> str:
    """Which table `vendor_of` goes by."""
    return f"IEEE OUI, netaddr {metadata.version('netaddr')}"


def mac_text(mac: int) -> str:
    """A hardware address as text."""
    return ":".join(f"{byte:02x}" for byte in mac.to_bytes(6, "big"))
