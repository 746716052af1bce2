"""How a new tokenizer treats text before its pieces: normaliser, pre-tokenizer and decoder of `tokenizer.json`."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Digits = Literal["single", "triples", "together"]
Normalisation = Literal["nfc", "nfkc", "none"]
Whitespace = Literal["keep", "collapse"]
Form = Literal["bytes", "marked", "hashed"]
"""How pieces are written: bytes as letters (`Ġ`), characters with a marked space (`▁`), characters with `##` inside a word."""

MARK = "▁"
_LETTER = r"[\p{L}\p{M}]"
# A joiner belongs to a word only after a letter or a mark: in emoji it joins symbols.
_WORD = rf"{_LETTER}(?:{_LETTER}|[\u200C\u200D])*"
_NUMBER: dict[Digits, str] = {"single": r"\p{N}", "triples": r"\p{N}{1,3}", "together": r"\p{N}+"}
LONGEST_HASHED = 400
"""Characters at which WordPiece cuts a word by force. Its usual limit, 100, makes one unknown of a Thai or Khmer phrase."""


class Cutting(BaseModel):
    r"""The rules of a new tokenizer.

    Over bytes, words are cut by a pattern in the manner of GPT-4's, with two changes. `\p{M}` stands wherever `\p{L}` does,
    since GPT-2's ` ?\p{L}+` takes the vowel signs of Devanagari, Tamil or Thai and the tones of N'Ko for punctuation and cuts
    words to pieces; and English contractions are no rule, since other languages have apostrophes of other kinds.

    Attributes:
        form: how pieces are written.
        digits: each digit a token, runs of up to three, or runs of any length.
        whitespace: keep every space and line break, or make each run of them one space and leave out those at the ends.
        normalisation: NFC, NFKC or nothing.
        lowercase: fold letters to lower case. It loses information; marks are kept.
        byte_fallback: whether bytes stand for characters that are no pieces.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    form: Form
    digits: Digits = "single"
    whitespace: Whitespace = "keep"
    normalisation: Normalisation = "nfc"
    lowercase: bool = False
    byte_fallback: Annotated[bool, Field(strict=True)] = False

    def normalizer(self) -> dict[str, Any] | None:
        """The part `normalizer`."""
        steps: list[dict[str, Any]] = []
        if self.normalisation != "none":
            steps.append({"type": self.normalisation.upper()})
        if self.lowercase:
            steps.append({"type": "Lowercase"})
        if self.form != "hashed" and self.whitespace == "collapse":
            steps += [_replace(r"\s+", " "), {"type": "Strip", "strip_left": True, "strip_right": True}]
        if self.form == "marked" and self.whitespace == "keep":
            steps.append({"type": "Prepend", "prepend": MARK})
            steps.append({"type": "Replace", "pattern": {"String": " "}, "content": MARK})
        return {"type": "Sequence", "normalizers": steps} if steps else None

    def pre_tokenizer(self) -> dict[str, Any]:
        """The part `pre_tokenizer`."""
        number = _NUMBER[self.digits]
        if self.form == "bytes":
            space = " ?" if self.digits == "together" else ""
            pattern = (
                rf"[^\r\n\p{{L}}\p{{M}}\p{{N}}]?{_WORD}|{space}{number}| ?[^\s\p{{L}}\p{{M}}\p{{N}}]+[\r\n]*"
                r"|\s*[\r\n]+|\s+(?!\S)|\s+"
            )
            letters = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
            return _in_turn(_split(pattern), letters)
        if self.form == "hashed":
            return _in_turn({"type": "BertPreTokenizer"}, _split(number), _split(rf"\S{{{LONGEST_HASHED}}}"))
        space = "" if self.digits == "single" else f"{MARK}?"
        if self.whitespace == "collapse":
            words: dict[str, Any] = {"type": "Metaspace", "replacement": MARK, "prepend_scheme": "always", "split": True}
        else:
            words = _split(rf"{MARK}+(?={MARK}[^{MARK}])|{MARK}?[^{MARK}\s]+|{MARK}+|\s+")
        return _in_turn(words, _split(space + number))

    def decoder(self) -> dict[str, Any]:
        """The part `decoder`."""
        if self.form == "bytes":
            return {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
        if self.form == "hashed":
            return {"type": "WordPiece", "prefix": "##", "cleanup": False}
        if self.whitespace == "collapse" and not self.byte_fallback:
            return {"type": "Metaspace", "replacement": MARK, "prepend_scheme": "always", "split": True}
        bytes_too = [{"type": "ByteFallback"}] if self.byte_fallback else []
        return {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": MARK}, "content": " "},
                *bytes_too,
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        }


def _replace(pattern: str, content: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}


def _split(pattern: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def _in_turn(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Sequence", "pretokenizers": list(parts)}
