"""Decisions that no source makes: which language a wide code means, and which script is written without saying so.

The rule is one: what FLORES-200 writes, so that its tags, and those of SIB-200, Belebele, GlotLID and FineWeb2 that
agree with it, are what people get back. Where FLORES-200 has no member of a macrolanguage, GlotLID's choice is taken, and
where neither has one the macrolanguage keeps its own tag.
"""

# FLORES-200 writes these macrolanguages by their own codes (zho, est, grn, kon, aka, srd); they are absent here on purpose.
MACROLANGUAGE_CHOICE = {
    "ara": "arb",
    "aym": "ayr",
    "aze": "azj",
    "bal": "bcc",
    "bik": "bcl",
    "chm": "mhr",
    "din": "dik",
    "doi": "dgo",
    "fas": "pes",
    "ful": "fuv",
    "iku": "ike",
    "kau": "knc",
    "kok": "gom",
    "kom": "kpv",
    "kur": "kmr",
    "lah": "pnb",
    "lav": "lvs",
    "mlg": "plt",
    "mon": "khk",
    "msa": "zsm",
    "nep": "npi",
    "nor": "nob",
    "oji": "ojb",
    "ori": "ory",
    "orm": "gaz",
    "pus": "pbt",
    "que": "quy",
    "sqi": "als",
    "swa": "swh",
    "tmh": "taq",
    "uzb": "uzn",
    "yid": "ydd",
    "zza": "diq",
}

# The member whose facts (lineage, place, class) a macrolanguage shares that keeps its own tag, and the other way round.
MACROLANGUAGE_TWIN = {
    "aka": "twi",
    "est": "ekk",
    "grn": "gug",
    "hbs": "srp",
    "kon": "kng",
    "srd": "src",
    "zho": "cmn",
}

# Scripts that FLORES-200 writes, first one first, where CLDR says or implies another one.
DEFAULT_SCRIPT = {
    "cmn": "Hans Hant",
    "crh": "Latn",
    "hbs": "Latn",
    "ike": "Cans",
    "jpn": "Jpan",
    "kas": "Arab",
    "knc": "Latn",
    "kor": "Hang",
    "min": "Latn",
    "taq": "Latn",
    "tzm": "Tfng",
    "yue": "Hant",
    "zho": "Hans Hant",
}

# What gettext and glibc write after an at sign.
MODIFIER_SCRIPT = {
    "arabic": "Arab",
    "cyrillic": "Cyrl",
    "cyrl": "Cyrl",
    "devanagari": "Deva",
    "iqtelif": "Latn",
    "latin": "Latn",
    "latn": "Latn",
    "ijekavianlatin": "Latn",
    "shaw": "Shaw",
    "hebrew": "Hebr",
    "telugu": "Telu",
}

# Codes that data sets write and that no standard defines, or that mean something else there: code to tag and reason.
DATA_SET_CODES = {
    "ber": (
        "kab_Latn",
        "ber is a collection (Berber languages), not a language; Tatoeba uses it for Latin-script Berber of Algeria",
    ),
    "bih": ("bho_Deva", "bih is a collection (Bihari languages), not a language; Wikipedia uses it for Bhojpuri"),
    "bh": ("bho_Deva", "bh is a collection (Bihari languages), not a language; Wikipedia uses it for Bhojpuri"),
    "nah": ("nhe_Latn", "nah is a collection (Nahuatl languages), not a language"),
    "bat-smg": ("sgs_Latn", "bat-smg is Wikipedia's own code"),
    "cbk-zam": ("cbk_Latn", "cbk-zam is Wikipedia's own code"),
    "fiu-vro": ("vro_Latn", "fiu-vro is Wikipedia's own code"),
    "map-bms": ("jav_Latn", "map-bms is Wikipedia's own code for the Banyumasan dialect"),
    "nds-nl": ("nds_Latn", "nds-nl is Wikipedia's own code for the Low Saxon of the Netherlands"),
    "roa-rup": ("rup_Latn", "roa-rup is Wikipedia's own code"),
    "roa-tara": ("nap_Latn", "roa-tara is Wikipedia's own code for the Tarantino dialect"),
    "simple": ("eng_Latn", "simple is Wikipedia's own code for Simple English"),
    "zh-classical": ("lzh_Hant", "zh-classical is Wikipedia's own code"),
    "zh-min-nan": ("nan_Latn", "Wikipedia's zh-min-nan is written in Latin letters"),
}

# Names that people use and that the sources lack, in a spelling of their own.
EXTRA_NAMES = {
    "Bangla": "ben",
    "Castilian": "spa",
    "Castellano": "spa",
    "Dari": "prs",
    "Dhivehi": "div",
    "Farsi": "fas",
    "Flemish": "nld",
    "Gaelic": "gla",
    "Haitian Creole": "hat",
    "Iranian Persian": "pes",
    "Kurmanji": "kmr",
    "Mandarin": "cmn",
    "Myanmar": "mya",
    "Punjabi": "pan",
    "Ojibwe": "oji",
    "Sorani": "ckb",
    "Central Kurdish": "ckb",
    "Turkmen": "tuk",
    "Uighur": "uig",
    "Uyghur": "uig",
    "hornjoserbsce": "hsb",
    "hornjoserbski": "hsb",
    "dolnoserbski": "dsb",
    "dolnoserbsce": "dsb",
}

# A macrolanguage in a region or a script where another member is meant.
REGION_MEMBER = {("fas", "AF"): "prs", ("kur", "IQ"): "ckb", ("kur", "IR"): "ckb", ("aze", "IR"): "azb", ("uzb", "AF"): "uzs"}
SCRIPT_MEMBER = {("kur", "Arab"): "ckb", ("aze", "Arab"): "azb", ("uzb", "Arab"): "uzs", ("mon", "Mong"): "mvf"}

# Words that stand beside a language's name and mean a script; other scripts are known by their English names.
SCRIPT_WORDS = {"simplified": "Hans", "traditional": "Hant", "roman": "Latn", "romanised": "Latn", "romanized": "Latn"}
