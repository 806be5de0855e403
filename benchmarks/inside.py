"""What is timed inside one process: `python -m benchmarks.inside walk|scan FILE`.

Both read through the same source: the same window, the same size of reads, the same record
walker. `walk` does no more; `scan` hands the batches to the matcher and ends the capture.
Imports and the catalogue come before the clock starts. Prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import closing

from poolwatch.aggregate.places import Inside
from poolwatch.capture import open_source
from poolwatch.capture.bytestream import ByteStream
from poolwatch.catalog import load_catalog
from poolwatch.match.companions import inside_rows
from poolwatch.match.matcher import Matcher
from poolwatch.settings import Limits


def walk(path: str) -> tuple[float, int]:
    """Seconds and packets of reading a capture's record headers."""
    limits = Limits()
    begun = time.perf_counter()
    packets = 0
    with closing(ByteStream(path, limits.expansion_ratio)) as stream:
        for batch in open_source(stream, limits).batches():
            packets += batch.count
    return time.perf_counter() - begun, packets


def scan(path: str) -> tuple[float, int]:
    """Seconds and packets of scanning a capture on one thread."""
    limits = Limits()
    catalog = load_catalog(())
    begun = time.perf_counter()
    packets = 0
    matcher = Matcher(catalog, limits, insides=inside_rows(Inside().spans()))
    with closing(ByteStream(path, limits.expansion_ratio)) as stream:
        for batch in open_source(stream, limits).batches():
            packets += batch.count
            matcher.feed(batch)
        matcher.finish()
    return time.perf_counter() - begun, packets


if __name__ == "__main__":
    seconds, count = {"walk": walk, "scan": scan}[sys.argv[1]](sys.argv[2])
    print(json.dumps({"seconds": seconds, "packets": count}))
