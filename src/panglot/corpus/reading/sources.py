"""Named corpora of the hub: how each writes a language, which columns it has, what it asks for. `SOURCES` is the table.

A row says under `unverified` what could not be checked against the corpus's public pages; it is shown when the row is used.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from panglot.artifacts import InputError, did_you_mean
from panglot.languages import Language

Style = Literal["tag", "dashed tag", "short code", "wiki code", "no language"]
"""`yor_Latn`, `yor-Latn`, `yo` (ISO 639-1 where there is one, else 639-3), the code of a Wikipedia, one language only."""

# The ISO 639-1 code of a macrolanguage stands for the member that is meant when nothing else is said.
_MAIN_MEMBERS = {
    "als": "sq", "arb": "ar", "ayr": "ay", "azj": "az", "cmn": "zh", "ekk": "et", "fil": "fil", "fuv": "ff", "gaz": "om",
    "gug": "gn", "khk": "mn", "kmr": "ku", "lvs": "lv", "nob": "no", "npi": "ne", "ory": "or", "pbt": "ps", "pes": "fa",
    "plt": "mg", "quy": "qu", "swh": "sw", "uzn": "uz", "ydd": "yi", "zsm": "ms",
}  # fmt: skip
_GLOTLID = {
    "est_Latn": "ekk_Latn", "jpn_Jpan": "jpn_Jpan", "msa_Latn": "zsm_Latn", "pes_Arab": "fas_Arab",
    "zho_Hans": "cmn_Hani", "zho_Hant": "cmn_Hani",
}  # fmt: skip
_WIKIS = {
    "gsw_Latn": "als", "lzh_Hant": "zh-classical", "nan_Latn": "zh-min-nan", "nob_Latn": "no", "sgs_Latn": "bat-smg",
    "vro_Latn": "fiu-vro", "yue_Hant": "zh-yue",
}  # fmt: skip
_ROMANISED_MC4 = {
    "bul_Latn": "bg-Latn", "ell_Latn": "el-Latn", "hin_Latn": "hi-Latn", "jpn_Latn": "ja-Latn", "rus_Latn": "ru-Latn",
    "zho_Latn": "zh-Latn",
}  # fmt: skip
_ROMANISED_CC100 = {
    "ben_Latn": "bn_rom", "hin_Latn": "hi_rom", "tam_Latn": "ta_rom", "tel_Latn": "te_rom", "urd_Latn": "ur_rom",
    "nso_Latn": "ns", "zho_Hans": "zh-Hans", "zho_Hant": "zh-Hant",
}  # fmt: skip


@dataclass(frozen=True)
class NamedCorpus:
    """One row of the table.

    Attributes:
        title: what it is.
        languages: how many languages it says that it has.
        repository: its name on the hub; empty where it is not there, and `unverified` or `note` says how to get it.
        style: how it writes a language.
        config: the configuration, with `{language}`.
        files: in place of a configuration, the files, with `{language}`; for corpora that have no description of their files.
        builder: which reader of `datasets` takes `files`.
        text: column of the text.
        url: column of the address.
        codes: tags that it writes in a way of its own.
        split: the part that is read where none is said.
        pairs: whether it holds sentence pairs, for `corpus.read_pairs`; `{language}` is then both codes, `en-yo`.
        escaped_lines: whether line breaks stand as a backslash and an n.
        terms: whether its terms must be accepted on the hub, with an account, before it can be read.
        licence: as its page says.
        note: what a reader should know.
        unverified: what could not be checked.
    """

    title: str
    languages: int
    repository: str
    style: Style
    config: str = "{language}"
    files: str = ""
    builder: str = ""
    text: str = "text"
    url: str | None = "url"
    codes: Mapping[str, str] = field(default_factory=dict)
    split: str = "train"
    pairs: bool = False
    escaped_lines: bool = False
    terms: bool = False
    licence: str = "see its page"
    note: str = ""
    unverified: str = ""


SOURCES: dict[str, NamedCorpus] = {
    "babelnet": NamedCorpus(
        "Synonyms and glosses of the BabelNet synsets", 600, "", "no language", pairs=True, terms=True,
        licence="non-commercial, on request",
        note="export pairs with its own tools to TSV with two language codes as header, and give the file to corpus.read_pairs",
    ),
    "c4": NamedCorpus(
        "English web text, cleaned by rules (Raffel et al. 2020)", 1, "allenai/c4", "no language", config="en",
        licence="ODC-BY",
    ),
    "cc100": NamedCorpus(
        "Web text of XLM-R (Conneau et al. 2020)", 112, "statmt/cc100", "short code", url=None,
        files="https://data.statmt.org/cc-100/{language}.txt.xz", builder="paragraphs", codes=_ROMANISED_CC100,
        licence="not stated", note="the hub holds only a program; the files of its home page are read",
    ),
    "conceptnet": NamedCorpus(
        "Synonyms and translations of ConceptNet 5", 300, "", "no language", pairs=True, licence="CC BY-SA 4.0",
        note="download conceptnet-assertions-5.7.0.csv.gz and give the file to corpus.read_pairs",
    ),
    "culturax": NamedCorpus(
        "mC4 and OSCAR, cleaned and deduplicated (Nguyen et al. 2024)", 167, "uonlp/CulturaX", "short code", terms=True,
        codes={"nob_Latn": "no", "zho_Hans": "zh", "zho_Hant": "zh"}, licence="that of mC4 and OSCAR",
        unverified="that a configuration is named by the code alone",
    ),
    "fineweb2": NamedCorpus(
        "Web text filtered for each language (Penedo et al. 2025)", 1868, "HuggingFaceFW/fineweb-2", "tag", codes=_GLOTLID,
        licence="ODC-BY", note="test splits and, as CONFIG_removed, the documents that were filtered out are there too",
    ),
    "glot500": NamedCorpus(
        "Sentences of 500 languages (Imani et al. 2023)", 511, "cis-lmu/Glot500", "tag", url=None,
        files="hf://datasets/cis-lmu/Glot500/{language}/train/*.arrow", builder="arrow", codes={"zho_Hans": "cmn_Hani"},
        licence="that of each part",
    ),
    "glotcc": NamedCorpus(
        "Web text of minority languages (Kargaran et al. 2024)", 1275, "cis-lmu/GlotCC-V1", "dashed tag",
        files="hf://datasets/cis-lmu/GlotCC-V1/v1.0/{language}/*.parquet", builder="parquet", text="content",
        url="warc-target-uri", licence="CC0 1.0", unverified="the names of its columns",
    ),
    "hplt2": NamedCorpus(
        "HPLT 2.0, cleaned", 193, "HPLT/HPLT2.0_cleaned", "tag", url="u", licence="CC0 1.0",
        files="hf://datasets/HPLT/HPLT2.0_cleaned/{language}/*.parquet", builder="parquet",
        note="English stands in many folders, eng_Latn_101 and so on: give one of them as the language",
        unverified="the name of the column of addresses",
    ),
    "hplt3": NamedCorpus(
        "HPLT 3.0", 198, "HPLT/HPLT3.0", "tag", url="u", licence="CC0 1.0",
        unverified="that it can be read from the hub by language",
    ),
    "lego-mt": NamedCorpus(
        "Parallel text of Lego-MT (Yuan et al. 2023)", 433, "", "short code", pairs=True,
        note="it is made from OPUS: use opus100 or paracrawl, or download its files and give them to corpus.read_pairs",
    ),
    "madlad400": NamedCorpus(
        "MADLAD-400, the cleaned part (Kudugunta et al. 2023)", 419, "allenai/MADLAD-400", "short code", url=None,
        files="hf://datasets/allenai/MADLAD-400/data/{language}/{language}_clean_*.jsonl.gz", builder="json",
        codes={"bul_Latn": "bg_Latn", "heb_Hebr": "iw", "tgl_Latn": "fil", "zho_Hans": "zh", "zho_Hant": "zh"},
        escaped_lines=True, licence="ODC-BY",
        note="the noisy part: hub:madlad400:LANGUAGE:noisy",
        unverified="that line breaks stand as a backslash and an n in every file",
    ),
    "mc4": NamedCorpus(
        "Web text of mT5 (Xue et al. 2021), 3.1.0", 108, "allenai/c4", "short code",
        files="hf://datasets/allenai/c4/multilingual/c4-{language}.*.json.gz", builder="json",
        codes={**_ROMANISED_MC4, "heb_Hebr": "iw", "tgl_Latn": "fil", "zho_Hans": "zh", "zho_Hant": "zh"}, licence="ODC-BY",
    ),
    "opus100": NamedCorpus(
        "Sentence pairs with English from OPUS (Zhang et al. 2020)", 100, "Helsinki-NLP/opus-100", "short code", pairs=True,
        url=None, unverified="its configurations",
    ),
    "oscar": NamedCorpus(
        "OSCAR 23.01", 152, "oscar-corpus/OSCAR-2301", "short code", terms=True, url=None, text="content",
        files="hf://datasets/oscar-corpus/OSCAR-2301/{language}_meta/*.jsonl.zst", builder="json", licence="CC0 1.0 packaging",
        unverified="the place of its files",
    ),
    "paracrawl": NamedCorpus(
        "Sentence pairs mined from the web (Bañón et al. 2020)", 41, "Helsinki-NLP/opus_paracrawl", "short code", pairs=True,
        url=None, licence="CC0 1.0",
        note="on the hub: de-pl, el-en, en-km, en-so, en-sw, en-tl, es-gl, fr-nl; for others download TMX and give the file",
    ),
    "pile": NamedCorpus(
        "The Pile without the parts that were withdrawn (Gao et al. 2020)", 1, "monology/pile-uncopyrighted", "no language",
        config="", url=None, licence="that of each part",
    ),
    "roots": NamedCorpus(
        "Parts of ROOTS (Laurençon et al. 2022)", 46, "bigscience-data/roots_{language}_{part}", "short code", config="",
        terms=True, url=None, licence="that of each part",
        note="each part is a data set of its own: hub:roots:LANGUAGE:PART, for example hub:roots:yo:wikipedia",
        codes={"zho_Hans": "zh", "zho_Hant": "zh"}, unverified="which parts a language has",
    ),
    "wikipedia": NamedCorpus(
        "Articles of Wikipedia as text, November 2023", 324, "wikimedia/wikipedia", "wiki code",
        config="20231101.{language}", codes={**_WIKIS, "zho_Hans": "zh", "zho_Hant": "zh"}, licence="CC BY-SA",
        unverified="that every edition stands under the code of its address",
    ),
}  # fmt: skip


def find_source(name: str) -> NamedCorpus:
    """A row of the table.

    Raises:
        InputError: there is none of that name.
    """
    if name.lower() in SOURCES:
        return SOURCES[name.lower()]
    raise InputError(
        f"there is no corpus named {name!r}",
        where=f"hub:{name}",
        fix=did_you_mean(name.lower(), SOURCES) or "`panglot corpus sources` lists them; any other data set is hub:OWNER/NAME",
    )


def language_name(corpus: NamedCorpus, language: Language) -> str:
    """How this corpus writes a language.

    Example:
        >>> yoruba, mandarin = Language("yor_Latn"), Language("zho_Hans")
        >>> [language_name(SOURCES[name], yoruba) for name in ("fineweb2", "glotcc", "mc4")]
        ['yor_Latn', 'yor-Latn', 'yo']
        >>> [language_name(SOURCES[name], mandarin) for name in ("fineweb2", "cc100", "wikipedia")]
        ['cmn_Hani', 'zh-Hans', 'zh']
    """
    if language.tag in corpus.codes:
        return corpus.codes[language.tag]
    if corpus.style == "tag":
        return language.tag
    if corpus.style == "dashed tag":
        return language.tag.replace("_", "-")
    return _MAIN_MEMBERS.get(language.code) or language.bcp47.partition("-")[0]
