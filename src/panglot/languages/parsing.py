"""From what people type to a language, in words."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches

from panglot.artifacts import InputError
from panglot.languages import codes, names, tables
from panglot.languages.choices import DATA_SET_CODES, MACROLANGUAGE_CHOICE
from panglot.languages.language import TAG, Language
from panglot.languages.understanding import Reading, Understanding, conclude

_LONGEST = 100
_BERBER = ("tzm_Tfng", "zgh_Tfng", "shi_Latn", "rif_Latn", "taq_Latn")


def explain(text: str | Language) -> Understanding:
    """See [`Language.explain`][panglot.languages.language.Language.explain]."""
    if isinstance(text, Language):
        return Understanding(text, f"{text} is {text.name}, {text}")
    if isinstance(text, bool):
        word = "no" if text is False else "yes"
        raise InputError(f"{text} is not a language", fix=f'YAML reads {word} without quotes as a truth value: write "{word}"')
    if not isinstance(text, str):
        raise InputError(f"a language is given as text, not as {type(text).__name__}")
    cleaned = " ".join(text.split())
    if not cleaned:
        raise InputError("no language was given", fix="give a tag such as hsb_Latn, a code or a name")
    if len(cleaned) > _LONGEST:
        raise InputError(f"{cleaned[:40] + '…'!r} is too long for the name of a language", fix="give a code or a name")
    found = understand(cleaned) or _foreign(cleaned)
    if found is not None:
        return found
    raise _unknown(cleaned)


def understand(text: str) -> Understanding | None:
    """Understanding of a cleaned text, or None where nothing has that code or name.

    Raises:
        InputError: a code that cannot be used, or a name of several languages.
    """
    tag = TAG.fullmatch(text)
    if tag and tag[1] in tables.rows() and tag[2] in tables.script_names():
        return conclude(text, Reading(tag[1], script=tag[2], verbatim=True))
    given = DATA_SET_CODES.get(text.lower().replace("_", "-"))
    if given:
        language = Language(given[0])
        others = tuple(map(Language, _BERBER)) if text.lower() == "ber" else ()
        others += tuple(Language.of(code) for code in names.candidates(text))
        return Understanding(language, f"{given[1]}; Panglot took {language.name}, {language}", others)
    problem: InputError | None = None
    try:
        # "Aka-Bo" is a name, though it could be read as Akan in Bolivia.
        reading = None if "-" in text and names.is_name(text) else codes.read(text)
        if reading is not None:
            return conclude(text, reading, _namesakes(text, reading))
    except InputError as error:
        problem = error
    serial = tables.udhr_codes().get(text.lower())
    if serial:
        meant = codes.read(serial)
        if meant is not None:
            kind = "the Universal Declaration's code of"
            return conclude(text, replace(meant, kind=kind))
    found = _named(text)
    if found is None and problem is not None:
        raise problem
    return found


def _named(text: str) -> Understanding | None:
    for name, script, region in names.forms(text):
        top, rest = names.best(name)
        if len(top) > 1:
            raise InputError(
                f"{text!r} is the name of {len(top)} languages",
                fix="give one of " + ", ".join(_described(code) for code in top[:12]),
            )
        if top:
            reading = Reading(top[0], script=script, region=region)
            return conclude(text, reading, tuple(Language.of(code) for code in rest))
    return None


def _foreign(text: str) -> Understanding | None:
    """A name in a third language, such as Obersorbisch: asked last, for it reads a large table."""
    found = names.foreign(text)
    known = found and codes.read(found[0])
    if not found or not known:
        return None
    kind = "a name in another language of"
    try:
        other = codes.read(found[1])
        kind = f"the {tables.facts(other.code).name} name of" if other else kind
    except InputError:
        pass
    return conclude(text, Reading(known.code, kind, known.script, known.region))


def _namesakes(text: str, reading: Reading) -> tuple[Language, ...]:
    """Languages whose name is this code: Mon (mnw) beside the code mon."""
    if len(text) > 3:
        return ()
    return tuple(Language.of(code) for code in names.candidates(text) if code != reading.code)


def _described(code: str) -> str:
    return f"{tables.facts(code).name} ({code})"


def _unknown(text: str) -> InputError:
    from panglot.languages.search import bearing, near

    nearest = bearing(text, 4) or [code for code, _ in near(text, 4)]
    found = [MACROLANGUAGE_CHOICE.get(code, code) for code in nearest]
    if text.isascii() and len(text) < 6:
        found += get_close_matches(text.lower(), tables.rows(), cutoff=0.8)
    meant = [f"{tables.facts(code).name} ({Language.of(code)})" for code in list(dict.fromkeys(found))[:3]]
    fix = "did you mean " + " or ".join(meant) + "?" if meant else "search with `panglot languages`"
    return InputError(f"no language has the code or name {text!r}", fix=fix)
