import copy
import subprocess
import sys
import unicodedata

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from panglot.artifacts import InputError
from panglot.languages import Language, kinship, tables, writing
from panglot.languages.scripts import script_of


@pytest.mark.parametrize(
    ("tag", "direction", "spaces"),
    [
        ("ckb_Arab", "rtl", True),
        ("uig_Arab", "rtl", True),
        ("div_Thaa", "rtl", True),
        ("nqo_Nkoo", "rtl", True),
        ("fuv_Adlm", "rtl", True),
        ("rhg_Rohg", "rtl", True),
        ("aii_Syrc", "rtl", True),
        ("mid_Mand", "rtl", True),
        ("sam_Samr", "rtl", True),
        ("men_Mend", "rtl", True),
        ("tha_Thai", "ltr", False),
        ("lao_Laoo", "ltr", False),
        ("khm_Khmr", "ltr", False),
        ("bod_Tibt", "ltr", False),
        ("mya_Mymr", "ltr", False),
        ("jpn_Jpan", "ltr", False),
        ("zho_Hans", "ltr", False),
        ("cmn_Hani", "ltr", False),
        ("kor_Hang", "ltr", True),
        ("kor_Kore", "ltr", True),
        ("amh_Ethi", "ltr", True),
        ("tam_Taml", "ltr", True),
        ("uig_Latn", "ltr", True),
        ("hsb_Latn", "ltr", True),
    ],
)
def test_direction_and_spaces(tag, direction, spaces):
    language = Language(tag)
    assert (language.direction, language.spaces) == (direction, spaces)


def test_directions_agree_with_unicode():
    right_to_left = set()
    for point in range(sys.maxunicode + 1):
        character = chr(point)
        if unicodedata.bidirectional(character) in ("R", "AL") and unicodedata.category(character)[0] == "L":
            right_to_left.add(script_of(character))
    right_to_left.discard(None)
    assert right_to_left <= writing.RIGHT_TO_LEFT
    # variants that Unicode does not tell apart, and scripts younger than the oldest supported Python
    assert writing.RIGHT_TO_LEFT - right_to_left <= {"Aran", "Syre", "Syrj", "Syrn", "Phlv", "Gara", "Todr", "Sidt"}


def test_autonyms_run_in_the_direction_of_their_script():
    right = [each for each in Language.all() if each.autonym and each.direction == "rtl"]
    assert len(right) > 30
    for each in right:
        if script_of(each.autonym) == each.script:
            assert unicodedata.bidirectional(next(filter(str.isalpha, each.autonym))) in ("R", "AL")


def test_facts_of_upper_sorbian():
    language = Language("hsb_Latn")
    assert (language.code, language.script, language.name, language.autonym) == (
        "hsb",
        "Latn",
        "Upper Sorbian",
        "hornjoserbšćina",
    )
    assert language.scripts == ("Latn",)
    assert language.speakers == 13000
    assert language.endangerment == "Vulnerable"
    assert language.family == "Indo-European"
    assert language.lineage[-3:] == ("Slavic", "West Slavic", "Sorbian")
    assert (language.macroarea, language.countries, language.glottocode) == ("Eurasia", ("DE",), "uppe1395")
    assert (language.latitude, language.longitude) == (51.24, 14.41)
    assert language.resource_class == 1
    assert (language.is_macrolanguage, language.individuals, language.macrolanguage) == (False, (), None)
    assert language.name_in(Language("ces_Latn")) == "hornolužická srbština"


def test_facts_that_a_macrolanguage_and_its_member_share():
    assert Language("swh_Latn").speakers == Language("swa_Latn").speakers > 1e7
    assert Language("lvs_Latn").autonym == "latviešu"
    assert Language("lvs_Latn").speakers > 1e6
    assert Language("als_Latn").autonym == "shqip"
    assert Language("arb_Arab").resource_class == Language("zho_Hans").resource_class == 5
    assert Language("srp_Cyrl").lineage == Language("hrv_Latn").lineage
    assert "North Germanic" in Language("nob_Latn").lineage
    assert Language("ara_Arab").lineage[-1] == "Arabic"


def test_macrolanguages():
    arabic = Language("ara_Arab")
    assert arabic.is_macrolanguage
    assert Language("arz_Arab") in arabic.individuals
    assert Language("arz_Arab").macrolanguage == arabic
    for each in Language.all():
        if each.macrolanguage:
            assert each.code in {member.code for member in each.macrolanguage.individuals}


def test_retired_codes_are_marked_and_few():
    retired = [each for each in Language.all() if each.is_retired]
    assert Language("auv_Latn") in retired
    assert Language("hsb_Latn") not in retired
    assert 100 < len(retired) < 250
    assert not any(each.speakers or each.family for each in retired)


def test_own_name_follows_the_script():
    assert Language("srp_Cyrl").autonym == "српски"
    assert Language("srp_Latn").autonym == "srpski"
    assert Language("uzn_Cyrl").autonym == "ўзбекча"


def test_scripts_most_common_first():
    assert Language("swh_Latn").scripts[0] == "Latn"
    assert Language("uig_Arab").scripts[0] == "Arab"
    assert Language("srp_Cyrl").scripts[:2] == ("Cyrl", "Latn")
    known = tables.script_names()
    assert all(script in known for each in Language.all() for script in each.scripts)


@pytest.mark.parametrize(
    ("tag", "bcp47"),
    [
        ("zho_Hans", "zh-Hans"),
        ("srp_Latn", "sr-Latn"),
        ("kor_Hang", "ko-Kore"),
        ("deu_Latn", "de"),
        ("ckb_Arab", "ckb"),
        ("uig_Arab", "ug-Arab"),
    ],
)
def test_bcp47(tag, bcp47):
    assert Language(tag).bcp47 == bcp47


def test_bcp47_leads_back():
    for tag in ("hsb_Latn", "zho_Hant", "srp_Latn", "ckb_Arab", "tha_Thai", "pes_Arab", "swh_Arab", "nob_Latn"):
        assert Language.parse(Language(tag).bcp47).tag == tag


@pytest.mark.parametrize(
    "text", ["hsb", "hsb-Latn", "HSB_Latn", "hsb_latn", "hsb_Latn ", "xxz_Latn", "hsb_Xxxx", "", None, 3, "zh_Hans"]
)
def test_the_constructor_takes_canonical_tags_only(text):
    with pytest.raises(InputError):
        Language(text)


def test_is_a_plain_value():
    one, same, other = Language("hsb_Latn"), Language("hsb_Latn"), Language("dsb_Latn")
    assert one == same
    assert hash(one) == hash(same)
    assert sorted([one, other]) == [other, one]
    assert repr(one) == 'Language("hsb_Latn")'
    assert eval(repr(one)) == one
    assert f"{one}" == str(one) == "hsb_Latn"
    assert copy.deepcopy(one) == one
    with pytest.raises(AttributeError):
        one.tag = "dsb_Latn"


class _Settings(BaseModel):
    language: Language
    pivot: Language = Language("eng_Latn")
    retain: list[Language] = []
    other: Language | None = None


def test_is_a_field_of_a_pydantic_model():
    settings = _Settings(language="Upper Sorbian", retain=["de", "ces_Latn"])
    assert settings.language == Language("hsb_Latn")
    assert settings.retain == [Language("deu_Latn"), Language("ces_Latn")]
    assert settings.model_dump(mode="json")["language"] == "hsb_Latn"
    assert _Settings.model_validate_json(settings.model_dump_json()) == settings
    assert _Settings(language=Language("ckb_Arab")).language.tag == "ckb_Arab"
    assert TypeAdapter(Language).json_schema()["type"] == "string"
    with pytest.raises(ValidationError, match=r"did you mean Upper Sorbian \(hsb_Latn\)"):
        _Settings(language="Uper Sorbian")
    with pytest.raises(ValidationError, match='write "no"'):
        _Settings(language=False)


def test_relatives():
    nearest = Language("hsb_Latn").relatives(4)
    assert nearest[0] == Language("dsb_Latn")
    assert Language("ces_Latn") in nearest
    assert Language("eus_Latn").relatives(5) == ()
    assert Language("hsb_Latn").relatives(5, among=[Language("fin_Latn"), Language("eus_Latn")]) == ()
    assert Language("hsb_Latn").relatives(0) == ()
    assert Language("hsb_Latn").relatives(5, among=[Language("hsb_Latn"), Language("hsb_Cyrl")]) == ()
    assert Language("cmn_Hans") not in Language("zho_Hans").relatives(50)
    # sign languages, pidgins and made languages stand together in Glottolog without being kin
    assert Language("epo_Latn").relatives(5) == ()


_CODES = st.sampled_from(sorted(tables.rows()))


@settings(max_examples=100, deadline=None)
@given(_CODES, _CODES)
def test_kinship_is_symmetric(first, second):
    one, other = Language.of(first), Language.of(second)
    assert kinship.shared_groups(one, other) == kinship.shared_groups(other, one)
    assert kinship.kilometres(one, other) == pytest.approx(kinship.kilometres(other, one), nan_ok=True)


def test_a_quarter_of_the_globe():
    # two degrees of longitude apart on nearly the same latitude: 111.2 km times cosine of the latitude, by hand
    sorbian, czech = Language("hsb_Latn"), Language("ces_Latn")
    north = 111.195 * (sorbian.latitude - czech.latitude)
    east = 111.195 * (sorbian.longitude - czech.longitude) * 0.6353
    assert kinship.kilometres(sorbian, czech) == pytest.approx((north**2 + east**2) ** 0.5, rel=0.01)


@pytest.mark.parametrize(
    ("query", "tag"),
    [
        ("hsb", "hsb_Latn"),
        ("sorbian", "hsb_Latn"),
        ("hornjoserbscina", "hsb_Latn"),
        ("slavic germany", "hsb_Latn"),
        ("Khmer Cambodia", "khm_Khmr"),
        ("Bulgaria", "bul_Cyrl"),
        ("zh-TW", "zho_Hant"),
        ("Uper Sorbian", "hsb_Latn"),
        ("ไทย", "tha_Thai"),
        ("Sami", "sme_Latn"),
        ("thaana", "div_Thaa"),
    ],
)
def test_find(query, tag):
    assert tag in [each.tag for each in Language.find(query, 8)]


def test_find_is_bounded_and_never_fails():
    assert len(Language.find("a", 3)) == 3
    assert Language.find("", 5) == ()
    assert Language.find("hsb", 0) == ()
    assert Language.find("\ud800 ((", 5) == ()
    assert Language.find("turkic", 1) == (Language("tur_Latn"),)


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=30))
def test_find_takes_any_text(query):
    assert len(Language.find(query, 5)) <= 5


def test_every_language_answers_every_question():
    for each in Language.all():
        assert each.name
        assert each.direction in ("ltr", "rtl")
        assert each.resource_class in (None, 0, 1, 2, 3, 4, 5)
        assert each.speakers is None or each.speakers >= 0
        assert each.latitude is None or -90 <= each.latitude <= 90
        assert each.longitude is None or -180 <= each.longitude <= 180
        assert each.family == (each.lineage[0] if each.lineage else None)
        assert regex.fullmatch("[A-Z][a-z]{3}", each.script)


def test_the_import_reads_no_table_and_no_heavy_package():
    code = (
        "import sys; from panglot.languages import Language, tables;"
        "assert not tables.rows.cache_info().currsize;"
        "Language('hsb_Latn').name; Language.parse('Upper Sorbian');"
        "heavy = {'langcodes', 'language_data', 'pydantic', 'numpy', 'torch', 'pyarrow', 'regex'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
