"""Signatures: everything that must be equal before two measurements may be compared.

In the manner of sacreBLEU (Post 2018, "A Call for Clarity in Reporting BLEU Scores"): a short line of `key:value` fields,
printed with every number. The model and the condition are no fields of it, because they are what a comparison varies.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, unquote

from panglot.artifacts import InputError

_PLAIN = " +-_.,/()="
WORDING = ("prompt", "formulation", "norm", "condition", "prompt-language")
"""Fields that say in which words a model was asked."""
ASKED = (*WORDING, "shots", "chat", "answer", "tokens", "query", "passage")
"""Fields that say how it was asked: wordings, solved items shown before, and how an answer is read."""


@dataclass(frozen=True)
class Signature:
    """An ordered set of `key:value` fields. Values are text; `|`, `:` and `%` in them are percent-encoded.

    Example:
        >>> signature = Signature.of(task="bitext-retrieval", dir="both", score="cosine", n=120)
        >>> str(signature)
        'task:bitext-retrieval|dir:both|score:cosine|n:120'
        >>> Signature.parse(str(signature)) == signature
        True
        >>> signature.with_fields(n=119).why_not_comparable(signature)
        'n: 119 and 120'
    """

    fields: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, **fields: str | int | float) -> Self:
        """A signature with these fields, in this order."""
        return cls(tuple((key, str(value)) for key, value in fields.items()))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str(signature)` wrote.

        Raises:
            InputError: a field without a colon or without a key, or a key that stands twice.
        """
        fields: dict[str, str] = {}
        for each in text.split("|") if text else []:
            key, colon, value = each.partition(":")
            if not colon or not key:
                raise InputError(f"a field of a signature is not key:value: {each!r}", where=text)
            if (key := unquote(key)) in fields:
                raise InputError(f"a signature names the field {key!r} twice", where=text)
            fields[key] = unquote(value)
        return cls(tuple(fields.items()))

    def __str__(self) -> str:
        return "|".join(f"{quote(key, safe=_PLAIN)}:{quote(value, safe=_PLAIN)}" for key, value in self.fields)

    def get(self, key: str) -> str | None:
        """The value of one field; None where there is no such field."""
        return dict(self.fields).get(key)

    def with_fields(self, **fields: str | int | float) -> "Signature":
        """The same signature with some fields changed (they keep their place) or added (at the end)."""
        return Signature(tuple((dict(self.fields) | {key: str(value) for key, value in fields.items()}).items()))

    def without(self, names: Collection[str]) -> "Signature":
        """The same signature without some fields."""
        return Signature(tuple((key, value) for key, value in self.fields if key not in names))

    def differences(self, other: "Signature") -> dict[str, tuple[str | None, str | None]]:
        """Fields that differ, with both values; None where a side lacks the field. The order of fields does not matter."""
        ours, theirs = dict(self.fields), dict(other.fields)
        return {key: (ours.get(key), theirs.get(key)) for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)}

    def why_not_comparable(self, other: "Signature") -> str | None:
        """None where numbers under these two signatures may be compared, else what differs, in words."""
        differing = self.differences(other)
        if not differing:
            return None
        return "; ".join(f"{key}: {_shown(ours)} and {_shown(theirs)}" for key, (ours, theirs) in differing.items())


def _shown(value: str | None) -> str:
    return "absent" if value is None else value
