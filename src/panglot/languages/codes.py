"""Reading codes: tags, BCP 47, gettext locales, older and other standards' codes."""

from __future__ import annotations

import re

from panglot.artifacts import InputError, did_you_mean
from panglot.languages import tables
from panglot.languages.choices import MODIFIER_SCRIPT
from panglot.languages.understanding import Reading

_PART = re.compile(r"[A-Za-z0-9]{1,8}")
_KIND = {"retired": "a retired code of", "bibliographic": "the bibliographic code of", "registered": "a registered tag of"}
# Charsets and currencies in locale names: `de_DE.UTF-8@euro`, `zh_TW.Big5`.
_SILENT_MODIFIERS = {"", "euro", "quot", "boldquot"}


def read(text: str) -> Reading | None:
    """Take a code apart; None where the text does not look like one.

    Raises:
        InputError: it looks like a code, and some part of it cannot be used.

    Example:
        >>> read("sr_RS.UTF-8@latin").script
        'Latn'
    """
    if " " in text:
        return None
    plain, _, modifier = text.partition("@")
    plain = plain.partition(".")[0]
    parts = re.split("[-_]", plain)
    if not all(_PART.fullmatch(part) for part in parts):
        return None
    registered = tables.aliases().get("-".join(parts).lower())
    if len(parts) > 1 and registered and registered[0] == "registered":
        return Reading(registered[1][0], _KIND["registered"])
    if len(parts[0]) not in (2, 3) or not parts[0].isalpha():
        return None
    found = _language(parts[0].lower(), text)
    if found is None:
        return None
    code, kind = found
    script = region = None
    unused: list[str] = []
    for place, part in enumerate(parts[1:]):
        variant = tables.variants().get(part.lower())
        if len(part) == 1:
            unused.append(f"the extension {'-'.join(parts[place + 1 :])}")
            break
        if place == 0 and len(part) == 3 and part.isalpha() and tables.rows().get(part.lower(), [""] * 7)[6] == code:
            code = part.lower()
        elif script is None and region is None and part.title() in tables.script_names():
            script = part.title()
        elif region is None and tables.region_name(part.upper()):
            region = part.upper()
        elif variant:
            unused.append(f"the variant {part.lower()} ({variant})")
        elif len(part) == 4 and part.isalpha():
            raise InputError(
                f"ISO 15924 has no script {part.title()!r}",
                where=text,
                fix=did_you_mean(part.title(), tables.script_names()) or None,
            )
        else:
            raise InputError(f"{part!r} is neither a script nor a region nor a registered variant", where=text)
    wanted = modifier.lower()
    if script is None and (wanted in MODIFIER_SCRIPT or modifier.title() in tables.script_names()):
        script = MODIFIER_SCRIPT.get(wanted) or modifier.title()
    elif wanted not in _SILENT_MODIFIERS:
        unused.append(f"@{wanted}")
    verbatim = script is not None and len(parts[0]) == 3 and "@" not in text
    return Reading(code, kind, script, region, verbatim, tuple(unused))


def _members(collection: str) -> str:
    """Advice that names the largest languages of a collection, where Glottolog has a group of that name."""
    wanted = collection.removesuffix(" languages")
    known = [tables.facts(code) for code in tables.rows() if wanted in map(tables.node_name, tables.path(code))]
    largest = sorted((each for each in known if not each.is_macrolanguage), key=lambda each: (-(each.speakers or 0), each.code))
    if not largest:
        return "give the code of one language"
    return "give one language of it, such as " + ", ".join(f"{each.name} ({each.code})" for each in largest[:5])


def _language(code: str, text: str) -> tuple[str, str] | None:
    """A live ISO 639-3 code for any code, and what the given one is to it."""
    if code in tables.rows():
        return code, ""
    if len(code) == 3 and "qaa" <= code <= "qtz":
        raise InputError(f"{code!r} is a private-use code", where=text, fix="give the language's ISO 639-3 code or its name")
    if code not in tables.aliases():
        return None
    kind, targets, name = tables.aliases()[code]
    if kind == "collection":
        raise InputError(f"{code!r} is a collection ({name}), not one language", where=text, fix=_members(name))
    if kind == "special":
        raise InputError(f"{code!r} stands for no language ({name.lower()})", where=text, fix="name the language")
    if kind == "withdrawn":
        raise InputError(f"the code {code!r} ({name}) was withdrawn: there is no such language", where=text)
    if kind == "split":
        choice = ", ".join(f"{tables.facts(each).name} ({each})" for each in targets)
        raise InputError(
            f"the code {code!r} ({name}) was split into several languages", where=text, fix=f"give one of {choice}"
        )
    return targets[0], _KIND.get(kind, "")
