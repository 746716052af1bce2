"""Component `corpus.harvest_gettext`: the parallel corpus that is already installed."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from panglot.artifacts import InputError, Step, digest_file, digest_value, reads
from panglot.corpus.catalogues import CatalogueFile, catalogues_of, count_messages, find_catalogues
from panglot.corpus.pairs import PAIRS_FILE, Pairs, PairWriter
from panglot.corpus.placeholders import placeholders
from panglot.corpus.reading.bounded import Account, Source
from panglot.corpus.reading.gettext import load_catalogue
from panglot.corpus.text import regular
from panglot.languages import Language

ENGLISH = Language.parse("eng_Latn")
"""Messages in programs are written in English, whatever the pivot."""


class Translation(NamedTuple):
    """The translation chosen for a message, and the package that it came from."""

    text: str
    package: str


def outside_inputs(
    *,
    catalogues: Sequence[str] = (),
    packages: Sequence[str] = (),
    domains: Sequence[str] = (),
    **_: object,
) -> dict[str, str]:
    """What a harvest depends on beside its parameters: versions of the packages, or the files of the folders."""
    found = find_catalogues(catalogues, packages, domains)
    if catalogues:
        return {"catalogues": digest_value([[each.group, each.locale.name, digest_file(each.path)] for each in found])}
    return {each.package: each.version for each in found}


@reads(outside_inputs)
def harvest_gettext(
    *,
    languages: list[Language],
    pivot: Language = ENGLISH,
    catalogues: list[str] = [],  # noqa: B006  never changed; the default is part of the recipe's schema
    packages: list[str] = [],  # noqa: B006
    domains: list[str] = [],  # noqa: B006
    step: Step,
) -> Pairs:
    """Harvest sentence pairs from gettext catalogues (`.po`, `.mo`): translations of software by people.

    Fuzzy, obsolete, untranslated and identical entries are left out; entries whose placeholders differ are set aside. A
    plural gives two pairs: singular with the form for one thing, plural with the commonest form. Pairs are unique by the
    message; of several translations the most frequent stays, and among equals the first. A pivot other than English is
    reached through the English message.

    Args:
        languages: languages to harvest; they become the source side.
        pivot: language of the target side.
        catalogues: folders that hold `LOCALE/LC_MESSAGES/*.po` or `LOCALE.po`; installed packages where empty.
        packages: installed packages to read; all of them where empty.
        domains: text domains to read (`django`, `sphinx`); all of them where empty.
        step: where to write.

    Raises:
        InputError: a language is in no catalogue, equals the pivot, or a folder or package is missing.
    """
    if pivot in languages:
        raise InputError(f"the language and the pivot are both {pivot.name} ({pivot.tag})", fix="choose two languages")
    if not languages:
        raise InputError("no language is given", where="languages")
    found = find_catalogues(catalogues, packages, domains)
    chosen = {language: catalogues_of(language, found) for language in sorted(set(languages), key=str)}
    for language in chosen:
        if not chosen[language] and language != ENGLISH:
            raise _not_there(language, found, catalogues)
    figures = _Figures()
    with step.progress("reading catalogues", total=sum(map(len, chosen.values()))) as progress:
        through = None
        if pivot != ENGLISH:
            through = _translations(catalogues_of(pivot, found), _Figures(), step)
            if not through:
                raise _not_there(pivot, found, catalogues)
        with PairWriter(step.out / PAIRS_FILE) as writer:
            for language, files in chosen.items():
                texts = _translations(progress.track(files), figures.of(language, files), step)
                if language == ENGLISH:
                    texts = {message: Translation(message, each.package) for message, each in (through or {}).items()}
                for message, (text, package) in texts.items():
                    target = message if through is None else through[message].text if message in through else None
                    if target is not None and target != text:
                        writer.pair(text, target, language.tag, pivot.tag, origin=f"gettext:{package}")
                        figures.kept[language.tag] += 1
    if not writer.count:
        raise InputError(
            "no translated message was found", where=", ".join(map(str, chosen)), fix="name other folders with catalogues"
        )
    step.figures.update(figures.json())
    return Pairs(step.out)


class _Figures:
    """Counts by language; keeps what `_translations` saw for the manifest."""

    def __init__(self) -> None:
        self.dropped: dict[str, Counter[str]] = {}
        self.kept: Counter[str] = Counter()
        self.packages: dict[str, str] = {}
        self.locales: dict[str, list[str]] = {}
        self.catalogues: dict[str, int] = {}
        self.current: Counter[str] = Counter()

    def of(self, language: Language, files: Sequence[CatalogueFile]) -> "_Figures":
        self.current = self.dropped.setdefault(language.tag, Counter())
        self.locales[language.tag] = sorted({each.locale.name for each in files})
        self.catalogues[language.tag] = len(files)
        self.packages.update({each.package: each.version for each in files})
        return self

    def json(self) -> dict[str, object]:
        return {
            "pairs": dict(sorted(self.kept.items())),
            "dropped": {tag: dict(sorted(reasons.items())) for tag, reasons in sorted(self.dropped.items())},
            "packages": dict(sorted(self.packages.items())),
            "locales": self.locales,
            "catalogues": self.catalogues,
        }


def _translations(files: Iterable[CatalogueFile], figures: _Figures, step: Step) -> dict[str, Translation]:
    """English message to its translation, in the order in which messages are first seen."""
    seen: dict[str, Counter[str]] = {}
    packages: dict[tuple[str, str], str] = {}
    dropped = figures.current
    for file in files:
        account = Account(step)
        try:
            catalogue = load_catalogue(Source(file.path, shown=file.shown))
        except InputError as error:
            step.quarantine("catalogue cannot be read", where=str(error.where), excerpt=error.what)
            continue
        dropped.update(catalogue.skipped)
        for message in catalogue.messages:
            english, text = regular(message.text), regular(message.translation)
            if not english or not text or english == text:
                dropped["identical" if english and text else "untranslated"] += 1
            elif placeholders(english) != placeholders(text):
                account.set_aside("other placeholders", where=message.where, excerpt=f"{english[:90]} | {text[:90]}")
            else:
                seen.setdefault(english, Counter())[text] += 1
                packages.setdefault((english, text), file.package)
    chosen: dict[str, Translation] = {}
    for english, texts in seen.items():
        text = texts.most_common(1)[0][0]
        dropped["repeated message"] += texts.total() - 1
        chosen[english] = Translation(text, packages[english, text])
    return chosen


def _not_there(language: Language, found: Sequence[CatalogueFile], catalogues: Sequence[str]) -> InputError:
    tags = Counter(each.locale.language.tag for each in found if each.locale.language != ENGLISH)
    near = [each.tag for each in language.relatives(3, among={each.locale.language for each in found} - {ENGLISH})]
    shown = near + [tag for tag, _ in tags.most_common() if tag not in near]
    said = (
        f"there are {', '.join(shown[:12])}{', …' if len(shown) > 12 else ''} ({len(tags)} languages)"
        if tags
        else "there is none"
    )
    place = "these folders" if catalogues else "the installed packages"
    return InputError(
        f"no gettext catalogue of {place} is in {language.name} ({language.tag}); {said}",
        fix="install packages that are translated into it (pip install 'panglot[demo]' brings about 100 languages), "
        "name folders with catalogues, or give your own pairs",
    )


def available_languages(catalogues: Sequence[str] = (), packages: Sequence[str] = ()) -> dict[str, int]:
    """Language tag to number of messages in its catalogues, before repeated ones are dropped; most messages first.

    Args:
        catalogues: folders; installed packages where empty.
        packages: installed packages; all where empty.
    """
    found = find_catalogues(catalogues, packages)
    by_language: dict[Language, list[CatalogueFile]] = {}
    for each in found:
        by_language.setdefault(each.locale.language, []).append(each)
    by_language.pop(ENGLISH, None)
    counts = {
        language.tag: sum(count_messages(file.path) for file in catalogues_of(language, files))
        for language, files in by_language.items()
    }
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
