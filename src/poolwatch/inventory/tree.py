"""Findings summed up along the tree of units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from poolwatch.terms import Finding, Grade


@dataclass(slots=True)
class Branch:
    """A unit, or a place in the tree above units, and what was found in it and below."""

    name: str
    findings: int = 0
    hosts: set[str] = field(default_factory=set)
    grades: Counter[Grade] = field(default_factory=Counter)
    branches: dict[str, Branch] = field(default_factory=dict)

    def add(self, finding: Finding) -> None:
        """Take a finding into account, here and in every branch on its unit's path."""
        self.count(finding)
        branch = self
        for name in finding.unit.path if finding.unit else ():
            branch = branch.branches.setdefault(name, Branch(name))
            branch.count(finding)

    def walk(self, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Branch]]:
        """The branches below with their paths, each before those below it, by name."""
        for name in sorted(self.branches):
            branch = self.branches[name]
            path = (*above, name)
            yield path, branch
            yield from branch.walk(path)

    def count(self, finding: Finding) -> None:
        """Take a finding into account here only."""
        self.findings += 1
        self.hosts.add(finding.host)
        self.grades[finding.grade] += 1


def sum_up(findings: list[Finding]) -> Branch:
    """The tree of the units of some findings; its root holds those without a unit too."""
    root = Branch("")
    for finding in findings:
        root.add(finding)
    return root
