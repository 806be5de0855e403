"""Prints docs/columns.md, made of the declaration in src/poolwatch/outputs/columns.py."""

from __future__ import annotations

from poolwatch.outputs.columns import TABLES, Column, Kind, Table

_HEAD = """# Columns

Of the data frames of a `Report`, and of the files of `--format csv` and `--format parquet`. This
page is made of the declaration in `src/poolwatch/outputs/columns.py` by `make columns`.

What is not known is null: an empty cell, `<NA>`, `NaT`, `None`. Columns are added; none is renamed
while the events are `v: 1`.

| type | data frame | Parquet | CSV |
|---|---|---|---|
"""
_KINDS = {
    Kind.TEXT: ("`string[python]`", "string", "as it is"),
    Kind.WORD: ("`category`", "dictionary of strings", "as it is"),
    Kind.INTEGER: ("`Int64`", "int64", "digits"),
    Kind.REAL: ("`Float64`", "double", "digits with a point"),
    Kind.TRUTH: ("`boolean`", "bool", "`true`, `false`"),
    Kind.TIME: ("`datetime64[us, UTC]`", "timestamp, µs, UTC", "`2026-01-12T08:00:00.000000+0000`"),
    Kind.TEXTS: ("`object`: lists of `str`", "list of strings", "joined by `; `"),
    Kind.INTEGERS: ("`object`: lists of `int`", "list of int64", "joined by `; `"),
    Kind.COUNTS: ("`object`: dicts", "string: JSON", "JSON"),
    Kind.RECORDS: ("`object`: lists of dicts", "string: JSON", "JSON"),
}
_MORE = r"""
In CSV, text is made safe to open, as it comes from the wire: a cell that a spreadsheet program
could take for a formula (it begins with `=`, `+`, `-`, `@` or `'`, wide forms too) has a `'` put
before it; line ends, control and invisible formatting characters are written as JSON escapes
them, `\n`, `\u001b`; a semicolon within a value of a list is written `\u003b`. Spreadsheet
programs round integers of more than 15 digits: import `flow_id` and `finding_id` as text. Where
every byte counts, take Parquet or EVE.

A category's words are always all there, in the order below, so that frames of several scans can
be put together. `grade` and `stage` are ordered: `flows[flows["grade"] >= "probable"]`. Of `role`,
`dialect` and `coin` the known words come first, then others that were met, if any: those of a
newer poolwatch, or coins of your own signatures. The known coins are the symbols in
[signatures/coins.csv](../signatures/coins.csv).
"""


def page() -> str:
    """The whole page."""
    kinds = [f"| {kind.value} | {' | '.join(cells)} |\n" for kind, cells in _KINDS.items()]
    tables = [_section(table) for table in TABLES]
    return _HEAD + "".join(kinds) + _MORE + "".join(tables)


def _section(table: Table) -> str:
    rows = "".join(_row(column) for column in table.columns)
    return (
        f"\n## {table.name}\n\nA row is {table.title}.\n\n"
        f"| column | type | unit | what it is | in the event |\n|---|---|---|---|---|\n{rows}"
    )


def _row(column: Column) -> str:
    words = f": {', '.join(f'`{word}`' for word in column.words)}" if column.words else ""
    cells = (
        f"`{column.name}`",
        column.kind.value,
        column.unit,
        f"{column.about}{words}",
        f"`{column.path}`",
    )
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    print(page(), end="")
