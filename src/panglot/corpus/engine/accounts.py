"""Documents that came in, and what became of them: in = kept + dropped + quarantined."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


class Account:
    """The documents of one language, or of all.

    Example:
        >>> account = Account()
        >>> account.add({"in": 3, "kept": 1, "dropped": {"too short": 2}, "quarantined": 0, "bytes": 12})
        >>> account.balanced, account.figures()
        (True, {'in': 3, 'kept': 1, 'dropped': {'too short': 2}, 'quarantined': 0})
    """

    def __init__(self) -> None:
        self.given = self.kept = self.quarantined = self.bytes = 0
        self.dropped: Counter[str] = Counter()
        self.changed: Counter[str] = Counter()

    def add(self, said: Mapping[str, Any]) -> None:
        """Add what another account says of itself."""
        self.given += said["in"]
        self.kept += said["kept"]
        self.quarantined += said["quarantined"]
        self.bytes += said.get("bytes", 0)
        self.dropped.update(said["dropped"])
        self.changed.update(said.get("changed", {}))

    @property
    def balanced(self) -> bool:
        """Whether every document is accounted for."""
        return self.given == self.kept + self.dropped.total() + self.quarantined

    def figures(self) -> dict[str, Any]:
        """The account as JSON."""
        dropped = dict(sorted(self.dropped.items()))
        found: dict[str, Any] = {"in": self.given, "kept": self.kept, "dropped": dropped, "quarantined": self.quarantined}
        return found | ({"changed": dict(sorted(self.changed.items()))} if self.changed else {})


class Accounts:
    """An account for each language."""

    def __init__(self) -> None:
        self.by_language: dict[str, Account] = {}

    def of(self, language: str) -> Account:
        if language not in self.by_language:
            self.by_language[language] = Account()
        return self.by_language[language]

    def count(
        self,
        languages: Sequence[str],
        sizes: Sequence[int],
        reasons: Sequence[str | None],
        faults: Mapping[int, str],
        tallies: Mapping[str, Sequence[int | None]],
    ) -> None:
        """Count the documents of a table; a document with a fault is quarantined, one with a reason dropped."""
        for row, (language, reason) in enumerate(zip(languages, reasons, strict=True)):
            account = self.of(language)
            account.given += 1
            if row in faults:
                account.quarantined += 1
            elif reason is not None:
                account.dropped[reason] += 1
            else:
                account.kept += 1
                account.bytes += sizes[row]
                for name, values in tallies.items():
                    account.changed[name] += int(values[row] or 0)

    def as_value(self) -> dict[str, Any]:
        """The accounts as JSON, bytes included."""
        return {tag: each.figures() | {"bytes": each.bytes} for tag, each in sorted(self.by_language.items())}

    def add(self, said: Mapping[str, Mapping[str, Any]]) -> None:
        """Add what `as_value` gave elsewhere."""
        for tag, each in said.items():
            self.of(tag).add(each)

    def total(self) -> Account:
        """All languages together."""
        whole = Account()
        for each in self.by_language.values():
            whole.add(each.figures())
        return whole

    def check(self, given: int) -> None:
        """Every document that was given must be in one of the accounts.

        Raises:
            AssertionError: a defect lost or doubled a document.
        """
        whole = self.total()
        accounts: Iterable[Account] = (whole, *self.by_language.values())
        if whole.given != given or not all(each.balanced for each in accounts):
            raise AssertionError(f"{given} documents were given and {whole.figures()} are accounted for")
