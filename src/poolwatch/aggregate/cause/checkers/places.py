"""Where it mines: own nodes and pools, relays without a name, names; and what was permitted."""

from __future__ import annotations

from poolwatch.aggregate.cause.context import Context, Evidence, cite, found
from poolwatch.catalog.grounds import Parameters
from poolwatch.terms import Citation


def own_pool(context: Context, parameters: Parameters) -> Evidence | None:
    """The pool, or the node it asks for work, stands inside."""
    node = parameters.of("what") == ("node",)
    dialects = set(parameters.of("dialects"))
    citations: list[Citation] = []
    for value, where in context.facts("own_pool"):
        dialect, address, port = value.split(" ")
        if (dialect in dialects) is node:
            citations.append(cite(f"{address}:{port}", where))
    return found(citations, ends=", ".join(citation.what for citation in citations))


def bare_pool(context: Context, parameters: Parameters) -> Evidence | None:
    """A pool that nobody lists, without a name, behind a port of the web."""
    ports = parameters.numbers_of("ports")
    citations: list[Citation] = []
    for value, where in context.facts("bare_end"):
        address, _, port = value.partition(" ")
        if int(port) in ports:
            citations.append(cite(f"{address}:{port}", where))
    return found(citations, ends=", ".join(citation.what for citation in citations))


def named(context: Context, parameters: Parameters) -> Evidence | None:
    """It spoke with one of these names."""
    names = parameters.of("names")
    citations = [cite(value, where) for value, where in context.facts("name") if value in names]
    return found(citations, names=", ".join(citation.what for citation in citations))


def exempt(context: Context, parameters: Parameters) -> Evidence | None:
    """A row of the exemption register names it, and holds for all of the time it was seen."""
    return _of_register(context, parameters, holding=True)


def exempt_otherwise(context: Context, parameters: Parameters) -> Evidence | None:
    """Rows of the exemption register name it, and none holds for all of that time."""
    return _of_register(context, parameters, holding=False)


def _of_register(context: Context, parameters: Parameters, *, holding: bool) -> Evidence | None:
    finding = context.finding
    kinds = parameters.of("registered")
    rows = [row for row in context.exempt() if row.kind.replace("_", " ") in kinds]
    fitting = [row for row in rows if row.holds(finding.first_ns, finding.last_ns)]
    used = fitting if holding else ([] if fitting else rows)
    citations = [Citation(row.what, source=row.place) for row in used]
    documents = ", ".join(dict.fromkeys(row.document or "–" for row in used))
    times = ", ".join(dict.fromkeys(row.times for row in used))
    return found(citations, document=documents, times=times)
