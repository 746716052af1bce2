"""The words that prompts of one language show, each with the place that it is from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from panglot.artifacts import InputError
from panglot.languages import Language, tables

DATA = Path(__file__).parent / "data"
MARKS = ("blank", "gap", "colon", "comma", "full_stop", "question_mark", "question_open")


class MissingWord(InputError):
    """Prompts lack a word, or all words, of a language."""


@dataclass(frozen=True)
class Source:
    """Where a word is from.

    Attributes:
        title: what it is, for people.
        kind: `published` (a set's or a harness's own prompt), `dictionary`, `written` (for Panglot) or `machine` (translation).
        reviewed: whether the source says that people who read the language checked it.
    """

    title: str
    kind: str
    reviewed: bool


@dataclass(frozen=True)
class Word:
    """A word or phrase as it stands inside a sentence, and the name of its source."""

    text: str
    source: str


@dataclass(frozen=True)
class Words:
    """Everything that prompts need to know of one language.

    Attributes:
        language: the language.
        words: by the English name of the word: `question`, `yes`, `science/technology`.
        marks: `blank` between words and `gap` after a mark (both empty where the script has none), `colon`, `comma`, …
        digits: name of the native digits, as CLDR has it (`beng`); `decimal` and `group` are the marks of Latin digits.
        letters: what options are called, in order; `letters_source` says where from.

    Example:
        >>> thai = Words.of("tha_Thai")
        >>> thai.get("answer"), thai.marks["blank"], thai.letters[:3]
        ('คำตอบ', '', ('ก', 'ข', 'ค'))
        >>> thai.get("sarcasm")
        Traceback (most recent call last):
        ...
        panglot.evaluation.prompts.words.MissingWord: prompts have no word 'sarcasm' in Thai (tha_Thai): write
        `words: {"sarcasm": [WORD, written]}` into a file tha_Thai.yaml and give its folder as --words
    """

    language: Language
    words: Mapping[str, Word] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    digits: str = "latn"
    decimal: str = "."
    group: str = ","
    letters: tuple[str, ...] = ()
    letters_source: str = ""

    @classmethod
    def of(cls, language: Language | str, folder: Path | str | None = None) -> "Words":
        """The packaged words of a language, and over them those of a person's own folder with files `TAG.yaml`.

        Raises:
            InputError: neither has the language, or a file is not as it should be.
        """
        tag = _filed(Language.parse(language))
        own = None if folder is None else Path(folder) / f"{tag}.yaml"
        if own is not None and own.is_file():
            packaged = _packaged(tag) if tag in languages() else None
            return _read(own, tag, packaged)
        if tag not in languages():
            raise MissingWord(
                f"prompts have no words of {Language(tag).name}",
                where=tag,
                fix=f"write a file {tag}.yaml as docs/prompts.md shows and give its folder as --words, or ask in English: "
                "condition english",
            )
        return _packaged(tag)

    def get(self, name: str) -> str:
        """The text of a word.

        Raises:
            MissingWord: the language has no such word; there is no English in its stead.
        """
        if name in self.words:
            return self.words[name].text
        raise MissingWord(
            f"prompts have no word {name!r} in {self.language.name}",
            where=self.language,
            fix=f'write `words: {{"{name}": [WORD, written]}}` into a file {self.language}.yaml and give its folder as --words',
        )

    def capital(self, name: str) -> str:
        """The text of a word with a capital first letter, where the script has capitals."""
        return capitalised(self.get(name), self.language)

    def markers(self) -> tuple[str, ...]:
        """The phrases that an answer stands behind at the end of a chain of thought, the one that prompts show first."""
        self.get("the_answer_is")
        return tuple(word.text for name, word in self.words.items() if name.startswith("the_answer_is"))

    def with_words(self, source: str, **texts: str) -> "Words":
        """The same with some words put in their stead; for tests and for trying a word."""
        return replace(self, words={**self.words, **{name: Word(text, source) for name, text in texts.items()}})


def capitalised(text: str, language: Language) -> str:
    """A capital first letter, in the way of the language: Turkish and Azerbaijani `i` becomes `İ`.

    Example:
        >>> capitalised("iki", Language("tur_Latn")), capitalised("կրոն", Language("hye_Armn"))
        ('İki', 'Կրոն')
    """
    if text[:1] == "i" and _dotted(language):
        return "İ" + text[1:]
    # Georgian has capitals in Unicode that no text begins a sentence with
    return text[:1].title() + text[1:] if language.script != "Geor" else text


def uncapitalised(text: str, language: Language) -> str:
    """A small first letter: what a sentence gets when it goes on behind "because". Names suffer, as in the field's prompts.

    Example:
        >>> uncapitalised("Isındı.", Language("tur_Latn")), uncapitalised("It broke.", Language("eng_Latn"))
        ('ısındı.', 'it broke.')
    """
    first = text[:1]
    if _dotted(language) and first in "Iİ" and first:
        return {"I": "ı", "İ": "i"}[first] + text[1:]
    return first.lower() + text[1:]


def _dotted(language: Language) -> bool:
    return language.script == "Latn" and language.code in {"tur", "azj", "aze", "crh", "tat", "kaz"}


def _filed(language: Language) -> str:
    """The tag that the words are filed under: a macrolanguage and the member that stands for it share them."""
    twin = tables.twin(language.code)
    other = f"{twin}_{language.script}"
    return other if twin and str(language) not in languages() and other in languages() else str(language)


@cache
def languages() -> tuple[str, ...]:
    """Tags of the languages whose words are packaged, sorted."""
    return tuple(sorted(each.stem for each in (DATA / "words").glob("*.yaml")))


@cache
def sources() -> Mapping[str, Source]:
    """Known sources by name."""
    return {name: Source(**fields) for name, fields in read_yaml(DATA / "sources.yaml").items()}


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file that holds a mapping.

    Raises:
        InputError: it cannot be read, or holds something else.
    """
    import yaml

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"the file cannot be read ({str(error).splitlines()[0]})", where=path) from None
    if not isinstance(found, dict):
        raise InputError("the file holds no names with values", where=path, fix="begin it with `words:`")
    return found


@cache
def _packaged(tag: str) -> Words:
    return _read(DATA / "words" / f"{tag}.yaml", tag, None)


def _read(path: Path, tag: str, under: Words | None) -> Words:
    found = read_yaml(path)
    known = "known: marks, numbers, letters, words"
    if unknown := set(found) - {"marks", "numbers", "letters", "words"}:
        raise InputError(f"unknown entry {sorted(map(str, unknown))[0]!r}", where=path, fix=known)
    words = dict(_words(found.get("words") or {}, path))
    marks = found.get("marks") or {}
    if not isinstance(marks, dict) or set(marks) - set(MARKS) or not all(isinstance(each, str) for each in marks.values()):
        raise InputError("marks are texts by name", where=path, fix=f"known: {', '.join(MARKS)}")
    numbers, letters = found.get("numbers") or {}, found.get("letters") or {}
    if not isinstance(numbers, dict) or not isinstance(letters, dict) or not isinstance(letters.get("signs", []), list):
        raise InputError(
            "numbers and letters are mappings, and signs a list", where=path, fix="letters: {signs: [A, B], source: written}"
        )
    old = under or Words(Language(tag), marks=_usual_marks(Language(tag)))
    return Words(
        language=old.language,
        words={**old.words, **words},
        marks={**old.marks, **marks},
        digits=numbers.get("digits", old.digits),
        decimal=numbers.get("decimal", old.decimal),
        group=numbers.get("group", old.group),
        letters=tuple(map(str, letters.get("signs", old.letters))),
        letters_source=letters.get("source", old.letters_source),
    )


def _usual_marks(language: Language) -> dict[str, str]:
    blank = " " if language.spaces else ""
    return dict(zip(MARKS, (blank, " ", ":", ",", ".", "?", ""), strict=True))


def _words(entries: Any, path: Path) -> Iterator[tuple[str, Word]]:
    if not isinstance(entries, dict):
        raise InputError("words are no mapping", where=path, fix="write `words: {answer: [WORD, SOURCE]}`")
    for name, entry in entries.items():
        # a bare yes, no, true or false is no text in YAML
        if not isinstance(name, str):
            raise InputError(f"the name {name!r} is no text", where=path, fix='quote it: "yes", "no", "true", "false"')
        if not (isinstance(entry, list) and len(entry) == 2 and all(isinstance(each, str) and each for each in entry)):
            raise InputError(f"the word {name!r} is not [WORD, SOURCE]", where=path, fix=f"write `{name}: [WORD, written]`")
        yield name, Word(*entry)
