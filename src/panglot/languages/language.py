"""The language: a tag that can be asked for facts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from panglot.artifacts import InputError, did_you_mean
from panglot.languages import tables, writing

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

    from panglot.languages.understanding import Understanding

TAG = re.compile(r"([a-z]{3})_([A-Z][a-z]{3})")


@dataclass(frozen=True, order=True, slots=True, repr=False)
class Language:
    """A language in a script, written as FLORES, GlotLID and FineWeb2 write it: ISO 639-3 and ISO 15924.

    The constructor takes canonical tags only; [`parse`][panglot.languages.language.Language.parse] takes what people type. As a
    field of a pydantic model it is validated from text by `parse` and serialised to its tag.

    Facts are those of LinguaMeta, Glottolog 5.1, GlotScript, Joshi et al. (2020, https://aclanthology.org/2020.acl-main.560)
    and CLDR; None, or an empty tuple, where they are silent. A macrolanguage and the member that stands for it lend each
    other facts that only one of them has.

    Args:
        tag: canonical tag, for example `hsb_Latn`. A script that is not known for the language is allowed.

    Raises:
        InputError: the tag is not canonical, or its code or script does not exist.

    Example:
        >>> upper_sorbian = Language("hsb_Latn")
        >>> upper_sorbian.name, upper_sorbian.autonym, upper_sorbian.direction
        ('Upper Sorbian', 'hornjoserbšćina', 'ltr')
        >>> Language.parse("zh-TW")
        Language("zho_Hant")
    """

    tag: str

    def __post_init__(self) -> None:
        match = TAG.fullmatch(self.tag) if isinstance(self.tag, str) else None
        if match is None:
            raise InputError(f"not a canonical language tag: {self.tag!r}", fix="write it as 'hsb_Latn', or use Language.parse")
        code, script = match.groups()
        if script not in tables.script_names():
            near = did_you_mean(script, tables.script_names())
            raise InputError(f"ISO 15924 has no script {script!r}", where=self.tag, fix=near or None)
        if code not in tables.rows():
            raise InputError(
                f"no language has the code {code!r}", where=self.tag, fix="Language.parse says what else it may be"
            )

    @classmethod
    def of(cls, code: str, script: str | None = None) -> Language:
        """The language of an ISO 639-3 code, in its most common script unless another is given.

        Example:
            >>> Language.of("srp"), Language.of("srp", "Latn")
            (Language("srp_Cyrl"), Language("srp_Latn"))
        """
        if script is None and code in tables.rows():
            script = tables.default_script(code)
        return cls(f"{code}_{script}")

    @classmethod
    def parse(cls, text: str | Language) -> Language:
        """Understand any common way to write a language: tags, codes, locales, names.

        Raises:
            InputError: unknown, with what may have been meant; or a name of several languages, with the candidates.

        Example:
            >>> [str(Language.parse(text)) for text in ("HSB", "Upper Sorbian", "sr@latin", "pt_BR", "sw", "iw")]
            ['hsb_Latn', 'hsb_Latn', 'srp_Latn', 'por_Latn', 'swh_Latn', 'heb_Hebr']
        """
        return cls.explain(text).language

    @classmethod
    def explain(cls, text: str | Language) -> Understanding:
        """Like `parse`, with a sentence that says what was understood, and what else it could mean.

        Example:
            >>> print(Language.explain("lv").said)
            lv is the macrolanguage Latvian; Panglot took its member Standard Latvian, lvs_Latn
        """
        from panglot.languages.parsing import explain

        return explain(text)

    @classmethod
    def find(cls, query: str, limit: int = 10) -> tuple[Language, ...]:
        """Search names, own names, codes, families and countries; the best first, then by number of speakers.

        Example:
            >>> Language.find("sorbian", 2)
            (Language("hsb_Latn"), Language("dsb_Latn"))
        """
        from panglot.languages.search import find

        return find(query, limit)

    @classmethod
    def all(cls) -> tuple[Language, ...]:
        """Every known language in its most common script, by tag; macrolanguages included.

        Example:
            >>> len(Language.all()) > 8000
            True
        """
        return tuple(cls.of(code) for code in sorted(tables.rows()))

    def __str__(self) -> str:
        return self.tag

    def __repr__(self) -> str:
        return f'Language("{self.tag}")'

    @property
    def code(self) -> str:
        """ISO 639-3 code."""
        return self.tag[:3]

    @property
    def script(self) -> str:
        """ISO 15924 code."""
        return self.tag[4:]

    @property
    def bcp47(self) -> str:
        """The tag that HTML's `lang` and most software want; the script is said unless only one is known.

        Example:
            >>> Language("hsb_Latn").bcp47, Language("srp_Latn").bcp47, Language("zho_Hant").bcp47
            ('hsb', 'sr-Latn', 'zh-Hant')
        """
        short = self._facts.two_letter or self.code
        if [each for each in self.scripts if each != "Brai"] == [self.script]:
            return short
        return f"{short}-{'Kore' if self.script == 'Hang' else self.script}"

    @property
    def name(self) -> str:
        """English name."""
        return self._facts.name

    @property
    def autonym(self) -> str | None:
        """The language's name in itself, in this script where CLDR has it."""
        return tables.own_names().get((self.code, self.script)) or self._facts.autonym

    def names(self) -> tuple[str, ...]:
        """All names that Panglot knows, English ones and own ones, the first name first.

        Example:
            >>> Language("hsb_Latn").names()[:2]
            ('Upper Sorbian', 'hornjoserbšćina')
        """
        others = [name for code, name, _ in tables.further_names() if code == self.code]
        return tuple(dict.fromkeys([self.name, *([self.autonym] if self.autonym else []), *others]))

    def name_in(self, other: Language) -> str | None:
        """The name of this language in another one, where CLDR has it.

        Example:
            >>> Language("hsb_Latn").name_in(Language("deu_Latn"))
            'Obersorbisch'
        """
        from language_data.name_data import CODE_TO_NAMES

        def short(language: Language) -> list[str]:
            twin = tables.twin(language.code)
            return [tables.facts(code).two_letter or code for code in (language.code, twin) if code]

        for mine in short(self):
            for theirs in short(other):
                known = CODE_TO_NAMES.get(mine, {})
                found = known.get(f"{theirs}-{other.script}") or known.get(theirs)
                if found:
                    return str(found)
        return None

    @property
    def scripts(self) -> tuple[str, ...]:
        """Scripts that the language is known to be written in, most common first, Braille last."""
        return self._facts.scripts

    @property
    def script_name(self) -> str:
        """English name of the script."""
        return writing.script_name(self.script)

    @property
    def direction(self) -> Literal["ltr", "rtl"]:
        """Direction of the script."""
        return "rtl" if writing.direction(self.script) == "rtl" else "ltr"

    @property
    def spaces(self) -> bool:
        """Whether words are separated by spaces, by the habit of the script."""
        return writing.separates_words(self.script)

    @property
    def speakers(self) -> int | None:
        """Estimated number of speakers."""
        return self._facts.speakers

    @property
    def endangerment(self) -> str | None:
        """UNESCO's degree: `Not endangered`, `Vulnerable`, `Definitely endangered`, … `Extinct`."""
        return self._facts.endangerment

    @property
    def resource_class(self) -> int | None:
        """Class of Joshi et al. (2020), from 0 (left behind) to 5 (winners)."""
        return self._facts.resource_class

    @property
    def lineage(self) -> tuple[str, ...]:
        """Groups that hold the language, from the family down; groups without a name are left out."""
        return tuple(name for name in map(tables.node_name, tables.path(self.code)) if name)

    @property
    def family(self) -> str | None:
        """The language's family; None for isolates and where it is not known."""
        return self.lineage[0] if self.lineage else None

    @property
    def macroarea(self) -> str | None:
        """Glottolog's macro-area: Africa, Australia, Eurasia, North America, Papunesia or South America."""
        return self._facts.macroarea

    @property
    def latitude(self) -> float | None:
        """Degrees north of one point in the language's area."""
        return self._facts.latitude

    @property
    def longitude(self) -> float | None:
        """Degrees east of one point in the language's area."""
        return self._facts.longitude

    @property
    def countries(self) -> tuple[str, ...]:
        """ISO 3166 codes of the countries where it is spoken."""
        return self._facts.countries

    @property
    def glottocode(self) -> str | None:
        """Glottolog's code, for example `uppe1395`."""
        return self._facts.glottocode

    @property
    def is_macrolanguage(self) -> bool:
        """Whether ISO 639-3 counts the code as a macrolanguage."""
        return self._facts.is_macrolanguage

    @property
    def is_retired(self) -> bool:
        """Whether ISO 639-3 gave the code up; Glottolog keeps such codes apart, and older data sets write them."""
        return self._facts.is_retired

    @property
    def macrolanguage(self) -> Language | None:
        """The macrolanguage that this language belongs to, in the same script."""
        macro = self._facts.macrolanguage
        return Language.of(macro, self.script) if macro else None

    @property
    def individuals(self) -> tuple[Language, ...]:
        """The individual languages of a macrolanguage, each in its most common script."""
        return tuple(Language.of(code) for code in tables.members().get(self.code, ()))

    def relatives(self, n: int = 5, among: Iterable[Language] | None = None) -> tuple[Language, ...]:
        """The nearest relatives: most groups of the lineage shared, then nearest on the globe. Unrelated ones never.

        Args:
            n: how many at most.
            among: languages to choose from; all individual languages without it.

        Example:
            >>> choice = [Language.of(code) for code in ("deu", "ces", "pol", "dsb", "fin")]
            >>> Language("hsb_Latn").relatives(3, among=choice)
            (Language("dsb_Latn"), Language("ces_Latn"), Language("pol_Latn"))
        """
        from panglot.languages.kinship import relatives

        return relatives(self, n, among)

    @property
    def _facts(self) -> tables.Facts:
        return tables.facts(self.code)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import PydanticCustomError, core_schema

        def validate(value: Any) -> Language:
            try:
                return cls.parse(value)
            except InputError as error:
                raise PydanticCustomError("language", "{problem}", {"problem": str(error)}) from error

        return core_schema.no_info_plain_validator_function(validate, serialization=core_schema.to_string_ser_schema())

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {
            "type": "string",
            "title": "Language",
            "description": "a tag such as hsb_Latn, a code, a locale or a name",
            "examples": ["hsb_Latn", "hsb", "Upper Sorbian"],
        }
