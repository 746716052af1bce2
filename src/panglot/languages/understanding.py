"""What was understood, and how it comes from a code, a script and a region."""

from __future__ import annotations

from dataclasses import dataclass

from panglot.languages import tables
from panglot.languages.choices import MACROLANGUAGE_CHOICE, REGION_MEMBER, SCRIPT_MEMBER
from panglot.languages.language import Language


@dataclass(frozen=True, slots=True)
class Understanding:
    """Answer of [`Language.explain`][panglot.languages.language.Language.explain].

    Attributes:
        language: what was taken.
        said: one sentence without a full stop that says why, for people.
        alternatives: what the same text could mean too, likeliest first.
    """

    language: Language
    said: str
    alternatives: tuple[Language, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A text taken apart: a live ISO 639-3 code and what stood beside it.

    Attributes:
        code: ISO 639-3 code, before a member of a macrolanguage is chosen.
        kind: what the text called it by: empty for its own code or name, else for example `a retired code of`.
        script: ISO 15924 code, where one was written.
        region: ISO 3166 or UN M.49 code, where one was written.
        verbatim: the code and the script were both written out, so no member is chosen.
        unused: parts that Panglot's tags cannot hold, in words.
    """

    code: str
    kind: str = ""
    script: str | None = None
    region: str | None = None
    verbatim: bool = False
    unused: tuple[str, ...] = ()


def conclude(text: str, reading: Reading, others: tuple[Language, ...] = ()) -> Understanding:
    """Choose member and script, and put it in words."""
    member, script = choose(reading)
    language = Language.of(member, script)
    wide, name = tables.facts(reading.code), language.name
    what = f"{reading.kind} {wide.name}".strip()
    if wide.is_macrolanguage:
        what = f"{reading.kind} the macrolanguage {wide.name}".strip()
    if text == str(language):
        said = f"{text} is {what} in {language.script_name} script"
    elif text.casefold() == name.casefold() and member == reading.code and not wide.is_macrolanguage:
        said = f"{name} is {language}"
    elif member != reading.code:
        said = f"{text} is {what}; Panglot took its member {name}, {language}"
    else:
        said = f"{text} is {what}, {language}"
    notes = list(_notes(reading, language))
    alternatives = [*others]
    if wide.is_macrolanguage and not reading.verbatim:
        siblings = [Language.of(code) for code in tables.members().get(reading.code, ()) if code != member]
        alternatives += sorted(siblings, key=lambda each: (-(each.speakers or 0), each))[:5]
    if reading.script is None:
        alternatives += [Language.of(member, each) for each in language.scripts if each not in ("Brai", language.script)][:3]
    unique = tuple(each for each in dict.fromkeys(alternatives) if each != language)
    return Understanding(language, "; ".join([said, *notes]), unique)


def choose(reading: Reading) -> tuple[str, str]:
    """The language code and script that a reading stands for."""
    code, script, region = reading.code, reading.script, reading.region
    member = code
    if not reading.verbatim:
        member = (
            REGION_MEMBER.get((code, region or ""))
            or SCRIPT_MEMBER.get((code, script or ""))
            or MACROLANGUAGE_CHOICE.get(code, code)
        )
    if script is None and region is not None:
        for each in (code, member, tables.facts(member).macrolanguage):
            expected = tables.region_script(each or "", region)
            if expected in tables.facts(member).scripts:
                script = script or expected
    if script is None and member != code and tables.default_script(code) in tables.facts(member).scripts:
        script = tables.default_script(code)
    return member, script or tables.default_script(member)


def _notes(reading: Reading, language: Language) -> list[str]:
    notes = []
    if language.is_retired:
        notes.append("this code was retired from ISO 639-3")
    region = tables.region_name(reading.region or "")
    if region and language.script != tables.default_script(language.code) and reading.script is None:
        notes.append(f"in {region} it is written in {language.script_name}")
    elif region:
        notes.append(f"the region ({region}) is not part of the tag")
    notes += [f"{each} is not part of the tag" for each in reading.unused]
    others = [each for each in language.scripts if each not in (language.script, "Brai")]
    if not language.scripts:
        notes.append("no script is known for this language" + ("" if reading.script else ", Panglot took Latin"))
    elif language.script not in language.scripts and not _covered(language):
        notes.append(f"the script {language.script} is not known for this language, but {', '.join(language.scripts)}")
    elif others and reading.script is None and region is None:
        notes.append(f"it is also written in {', '.join(others[:4])}")
    return notes


def _covered(language: Language) -> bool:
    """Hani for a language in Hans or Hant, Kore for one in Hang: the same writing under a wider name."""
    wider = {"Hani": {"Hans", "Hant"}, "Hans": {"Hani"}, "Hant": {"Hani"}, "Kore": {"Hang"}, "Hang": {"Kore"}}
    return bool(wider.get(language.script, set()) & set(language.scripts))
