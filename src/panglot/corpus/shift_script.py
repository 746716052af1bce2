"""Component `corpus.shift_script`: text written with other letters one by one, so that two languages share no token."""

from typing import Literal

from panglot.artifacts import InputError, Step
from panglot.corpus.pairs import PAIRS_FILE, Pairs, PairWriter, pair_id

OFFSET = 0xAC00
_LAST = 0xD7A3
SCRIPT = "Hang"


def shift_script(*, of: Pairs, text: Literal["source", "target"] = "source", step: Step) -> Pairs:
    """Write one side of pairs with every character moved by a constant, and set it against the other side as it is.

    K et al. 2020 (Cross-Lingual Ability of Multilingual BERT) make their Fake-English so: what is left is the same language
    with the same sentences, and no word piece in common with any other. The characters from U+0000 to U+2BA3 go to the Hangul
    syllables U+AC00 to U+D7A3, which no normal form takes apart into what they came from; digits and marks move too, white
    space stays. A text with a character beyond is left out. The new language is the old one with the script `Hang`.

    Args:
        of: pairs.
        text: which text is moved: `source`, which stays the partner of the target, or `target`, whose moved form becomes
            the source and which is its own translation.
        step: where to write.

    Raises:
        InputError: no text can be written so.
    """
    left = 0
    with PairWriter(step.out / PAIRS_FILE) as writer:
        for row in of.rows():
            moved = shifted(row[f"{text}_text"])
            if moved is None:
                left += 1
                continue
            tag = f"{row[f'{text}_language'][:3]}_{SCRIPT}"
            found = {**row, "source_text": moved, "source_language": tag}
            target, language = found["target_text"], found["target_language"]
            writer.row({**found, "id": pair_id(tag, language, moved, target)})
        if not writer.count:
            raise InputError(
                "no text can be written in other letters: all have characters beyond U+2BA3", where=of.folder, fix="give others"
            )
    step.figures.update(pairs=writer.count, left_out=left)
    return Pairs(step.out)


def shifted(text: str) -> str | None:
    """A text with each character moved; None where one cannot be.

    Example:
        >>> shifted("a b"), shifted("日")
        ('걡 걢', None)
    """
    codes = [ord(each) + OFFSET for each in text]
    if any(code > _LAST and not each.isspace() for each, code in zip(text, codes, strict=True)):
        return None
    return "".join(each if each.isspace() else chr(code) for each, code in zip(text, codes, strict=True))
