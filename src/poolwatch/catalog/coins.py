"""Which coins a dialect, an algorithm or a symbol stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from poolwatch.catalog.rows import CoinRow


class Coins:
    """The table of coins, asked from several sides."""

    def __init__(self, rows: Iterable[CoinRow]) -> None:
        self.rows: Mapping[str, CoinRow] = {row.symbol: row for row in rows if row.symbol}
        self._folded = {symbol.casefold(): symbol for symbol in self.rows}
        self._by_dialect = _grouped(self.rows.values(), "dialects")
        self._by_wire = _grouped(self.rows.values(), "wire")
        self._by_algorithm: dict[str, frozenset[str]] = {}
        for row in self.rows.values():
            known = self._by_algorithm.get(row.algorithm, frozenset())
            self._by_algorithm[row.algorithm] = known | {row.symbol}

    def known(self, symbol: str) -> str | None:
        """The symbol as the table has it; None for no coin of the table."""
        return self._folded.get(symbol.casefold())

    def of_dialect(self, number: str, name: str) -> frozenset[str]:
        """Coins whose work is handed out in a dialect, by its number (`D01`) or its own name.

        Some numbers stand for several dialects, each of a coin of its own.
        """
        return self._by_dialect.get(name, self._by_dialect.get(number.casefold(), frozenset()))

    def of_wire(self, name: str) -> frozenset[str]:
        """Coins of an algorithm as messages call it (`rx/0`)."""
        folded = name.casefold()
        exact = self._by_wire.get(folded)
        if exact is not None:
            return exact
        wide = (c for w, c in self._by_wire.items() if w[-1] == "*" and folded.startswith(w[:-1]))
        return frozenset().union(*wide)

    def of_algorithm(self, name: str) -> frozenset[str]:
        """Coins of an algorithm as the table calls it."""
        return self._by_algorithm.get(name, frozenset())

    def algorithm_of(self, symbols: Iterable[str]) -> str | None:
        """The one algorithm that all of some coins are mined with; None for several."""
        names = {self.rows[symbol].algorithm for symbol in symbols if symbol in self.rows}
        name = names.pop() if len(names) == 1 else ""
        return name if name and "," not in name else None


def _grouped(rows: Iterable[CoinRow], column: str) -> dict[str, frozenset[str]]:
    groups: dict[str, frozenset[str]] = {}
    for row in rows:
        for word in getattr(row, column).casefold().split():
            groups[word] = groups.get(word, frozenset()) | {row.symbol}
    return groups
