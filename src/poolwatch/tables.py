"""What is read before packets are: signatures, whose the addresses are, where they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from poolwatch.aggregate.places import Inside
    from poolwatch.catalog import Catalog
    from poolwatch.inventory.exemptions import Exemptions
    from poolwatch.inventory.geo import Geo
    from poolwatch.inventory.units import UnitTable


class Tables(NamedTuple):
    """The tables of one moment; a sensor exchanges them together."""

    catalog: Catalog
    inside: Inside
    units: UnitTable | None = None
    geo: Geo | None = None
    exemptions: Exemptions | None = None
    zone: str = "UTC"  # in which offices are open
