import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panglot.artifacts import InputError
from panglot.languages import Language

# What FLORES-200 calls its languages.
FLORES_TAGS = """
ace_Arab ace_Latn acm_Arab acq_Arab aeb_Arab afr_Latn ajp_Arab aka_Latn amh_Ethi apc_Arab arb_Arab ars_Arab ary_Arab arz_Arab
asm_Beng ast_Latn awa_Deva ayr_Latn azb_Arab azj_Latn bak_Cyrl bam_Latn ban_Latn bel_Cyrl bem_Latn ben_Beng bho_Deva bjn_Arab
bjn_Latn bod_Tibt bos_Latn bug_Latn bul_Cyrl cat_Latn ceb_Latn ces_Latn cjk_Latn ckb_Arab crh_Latn cym_Latn dan_Latn deu_Latn
dik_Latn dyu_Latn dzo_Tibt ell_Grek eng_Latn epo_Latn est_Latn eus_Latn ewe_Latn fao_Latn fij_Latn fin_Latn fon_Latn fra_Latn
fur_Latn fuv_Latn gaz_Latn gla_Latn gle_Latn glg_Latn grn_Latn guj_Gujr hat_Latn hau_Latn heb_Hebr hin_Deva hne_Deva hrv_Latn
hun_Latn hye_Armn ibo_Latn ilo_Latn ind_Latn isl_Latn ita_Latn jav_Latn jpn_Jpan kab_Latn kac_Latn kam_Latn kan_Knda kas_Arab
kas_Deva kat_Geor kaz_Cyrl kbp_Latn kea_Latn khk_Cyrl khm_Khmr kik_Latn kin_Latn kir_Cyrl kmb_Latn kmr_Latn knc_Arab knc_Latn
kon_Latn kor_Hang lao_Laoo lij_Latn lim_Latn lin_Latn lit_Latn lmo_Latn ltg_Latn ltz_Latn lua_Latn lug_Latn luo_Latn lus_Latn
lvs_Latn mag_Deva mai_Deva mal_Mlym mar_Deva min_Arab min_Latn mkd_Cyrl mlt_Latn mni_Beng mos_Latn mri_Latn mya_Mymr nld_Latn
nno_Latn nob_Latn npi_Deva nso_Latn nus_Latn nya_Latn oci_Latn ory_Orya pag_Latn pan_Guru pap_Latn pbt_Arab pes_Arab plt_Latn
pol_Latn por_Latn prs_Arab quy_Latn ron_Latn run_Latn rus_Cyrl sag_Latn san_Deva sat_Olck scn_Latn shn_Mymr sin_Sinh slk_Latn
slv_Latn smo_Latn sna_Latn snd_Arab som_Latn sot_Latn spa_Latn als_Latn srd_Latn srp_Cyrl ssw_Latn sun_Latn swe_Latn swh_Latn
szl_Latn tam_Taml taq_Latn taq_Tfng tat_Cyrl tel_Telu tgk_Cyrl tgl_Latn tha_Thai tir_Ethi tpi_Latn tsn_Latn tso_Latn tuk_Latn
tum_Latn tur_Latn twi_Latn tzm_Tfng uig_Arab ukr_Cyrl umb_Latn urd_Arab uzn_Latn vec_Latn vie_Latn war_Latn wol_Latn xho_Latn
ydd_Hebr yor_Latn yue_Hant zho_Hans zho_Hant zsm_Latn zul_Latn
"""
FLORES = FLORES_TAGS.split()

WAYS = {
    # unspaced, right-to-left and combining scripts first
    "ckb": "ckb_Arab", "ku_IQ": "ckb_Arab", "سۆرانی": "ckb_Arab", "ug": "uig_Arab", "Uyghur": "uig_Arab", "dv": "div_Thaa",
    "ދިވެހި": "div_Thaa", "nqo": "nqo_Nkoo", "ไทย": "tha_Thai", "ខ្មែរ": "khm_Khmr", "tib": "bod_Tibt", "བོད་སྐད": "bod_Tibt",
    "bur": "mya_Mymr", "မြန်မာ": "mya_Mymr", "日本語": "jpn_Jpan", "한국어": "kor_Hang", "አማርኛ": "amh_Ethi", "தமிழ்": "tam_Taml",
    "हिन्दी": "hin_Deva", "ქართული": "kat_Geor", "𞤆𞤵𞤤𞤢𞤪": "fuv_Latn",
    # the ways of one language
    "hsb": "hsb_Latn", "hsb_Latn": "hsb_Latn", "hsb-Latn": "hsb_Latn", "HSB": "hsb_Latn", "hsb_latn": "hsb_Latn",
    "Upper Sorbian": "hsb_Latn", "upper  sorbian": "hsb_Latn", "Sorbian, Upper": "hsb_Latn", "hornjoserbšćina": "hsb_Latn",
    "hornjoserbscina": "hsb_Latn", "hornjoserbsce": "hsb_Latn", "Obersorbisch": "hsb_Latn", "haut-sorabe": "hsb_Latn",
    "hsb_DE.UTF-8": "hsb_Latn", "Upper Sorbian language": "hsb_Latn",
    # Chinese
    "zh": "zho_Hans", "zho": "zho_Hans", "chi": "zho_Hans", "zh-TW": "zho_Hant", "zh_CN": "zho_Hans", "zh-HK": "zho_Hant",
    "zh_Hans": "zho_Hans", "zh-Hant-HK": "zho_Hant", "zh_TW.Big5": "zho_Hant", "Chinese (Traditional)": "zho_Hant",
    "simplified chinese": "zho_Hans", "Chinese (Taiwan)": "zho_Hant", "cmn": "cmn_Hans", "cmn_Hani": "cmn_Hani",
    "cmn-TW": "cmn_Hant", "zh-yue": "yue_Hant", "zh-cmn-Hant": "cmn_Hant", "zh-min-nan": "nan_Latn", "Cantonese": "yue_Hant",
    # locales
    "pt_BR": "por_Latn", "en_GB": "eng_Latn", "es_419": "spa_Latn", "sr@latin": "srp_Latn", "sr-Latn": "srp_Latn",
    "sr_Latn_RS": "srp_Latn", "sr_RS.UTF-8@latin": "srp_Latn", "sr_ME": "srp_Latn", "ca@valencia": "cat_Latn",
    "ca-valencia": "cat_Latn", "uz@cyrillic": "uzn_Cyrl", "be@tarask": "bel_Cyrl", "be-tarask": "bel_Cyrl",
    "be@latin": "bel_Latn", "az_IR": "azb_Arab", "pa_PK": "pan_Arab", "de-DE-x-anything": "deu_Latn", "de@euro": "deu_Latn",
    "Portuguese (Brazil)": "por_Latn", "Serbian (Latin)": "srp_Latn", "Serbian Cyrillic": "srp_Cyrl",
    "English (US)": "eng_Latn",
    # macrolanguages: the member that FLORES-200 has
    "ar": "arb_Arab", "ara": "arb_Arab", "no": "nob_Latn", "nor": "nob_Latn", "sw": "swh_Latn", "swa": "swh_Latn",
    "fa": "pes_Arab", "per": "pes_Arab", "Farsi": "pes_Arab", "fa_AF": "prs_Arab", "lv": "lvs_Latn", "lav": "lvs_Latn",
    "et": "est_Latn", "est": "est_Latn", "ekk": "ekk_Latn", "mn": "khk_Cyrl", "ne": "npi_Deva", "uz": "uzn_Latn",
    "ms": "zsm_Latn", "sq": "als_Latn", "yi": "ydd_Hebr", "gn": "grn_Latn", "ku": "kmr_Latn", "ps": "pbt_Arab",
    "Swahili": "swh_Latn", "Nepali": "npi_Deva", "Kurdish": "kmr_Latn", "sh": "hbs_Latn",
    # retired and older codes
    "iw": "heb_Hebr", "in": "ind_Latn", "ji": "ydd_Hebr", "mo": "ron_Latn", "scc": "srp_Cyrl", "scr": "hrv_Latn",
    "iw_IL": "heb_Hebr", "ger": "deu_Latn", "fre": "fra_Latn", "i-klingon": "tlh_Piqd", "no-bok": "nob_Latn",
    # data sets
    "Aka-Bo": "akm_Latn", "Mt. Iriga Agta": "agz_Latn",
    "kab": "kab_Latn", "ber": "kab_Latn", "bat-smg": "sgs_Latn", "simple": "eng_Latn", "roa_rup": "rup_Latn",
}  # fmt: skip


@pytest.mark.parametrize(("text", "tag"), WAYS.items())
def test_common_ways_to_write_a_language(text, tag):
    understood = Language.explain(text)
    assert understood.language.tag == tag
    assert tag in understood.said or text == tag
    assert understood.language not in understood.alternatives


@pytest.mark.parametrize("tag", FLORES)
def test_flores_tags_stay_and_are_the_defaults_of_their_codes(tag):
    assert Language.parse(tag).tag == Language(tag).tag == tag
    assert Language(tag).script in Language(tag).scripts
    if sum(each[:3] == tag[:3] for each in FLORES) == 1:
        assert Language.parse(tag[:3]).tag == tag


def test_every_tag_parses_to_itself():
    every = Language.all()
    assert len(every) > 8000
    assert all(Language.parse(each.tag) == each for each in every)
    assert list(every) == sorted(every)


def test_a_tag_is_taken_at_its_word_even_of_a_macrolanguage():
    for tag in ("swa_Latn", "ara_Arab", "kur_Arab", "lav_Latn", "zho_Hani"):
        assert Language.parse(tag).tag == tag
    assert Language.parse("swa-Latn").tag == "swa_Latn"


def test_names_lead_to_a_language_that_bears_them():
    lost = []
    for each in Language.all():
        try:
            understood = Language.explain(each.name)
        except InputError as error:
            if "is the name of" not in error.what or each.code not in error.fix:
                lost.append((each, error))
            continue
        meant = {understood.language.code, *(other.code for other in understood.alternatives)}
        macro = each.macrolanguage.code if each.macrolanguage else None
        if each.code not in meant and macro not in meant and Language.explain(each.code).language.code not in meant:
            lost.append(each)
    assert lost == []


def test_the_sentence_says_what_was_decided():
    assert Language.explain("sw").said.startswith("sw is the macrolanguage Swahili; Panglot took its member Swahili, swh_Latn")
    assert Language("swc_Latn") in Language.explain("sw").alternatives
    assert "Berber languages" in Language.explain("ber").said
    assert Language("tzm_Tfng") in Language.explain("ber").alternatives
    assert "in Taiwan it is written in" in Language.explain("zh-TW").said
    assert "the region (Brazil) is not part of the tag" in Language.explain("pt_BR").said
    assert "@valencia is not part of the tag" in Language.explain("ca@valencia").said
    assert "retired code of Hebrew" in Language.explain("iw").said
    assert Language.explain("Zapotec").said.startswith("Zapotec is the macrolanguage Zapotec, zap_Latn")
    assert "retired from ISO 639-3" in Language.explain("auv").said
    assert "German name of Upper Sorbian" in Language.explain("Obersorbisch").said
    assert "the script Cyrl is not known for this language" in Language.explain("hsb_Cyrl").said


def test_a_name_that_is_also_a_code_names_the_other_language():
    understood = Language.explain("Mon")
    assert understood.language.tag == "khk_Cyrl"
    assert Language("mnw_Mymr") in understood.alternatives


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Uper Sorbian", "did you mean Upper Sorbian (hsb_Latn)"),
        ("Swahilli", "Swahili (swh_Latn)"),
        ("hornjoserbčina", "Upper Sorbian (hsb_Latn)"),
        ("Tonga", "is the name of 3 languages"),
        ("hsb_Xxxx", "ISO 15924 has no script 'Xxxx'"),
        ("hsb-Ltan", "did you mean 'Latn'"),
        ("hsb_eng", "neither a script nor a region"),
        ("sla", "Russian (rus)"),
        ("und", "stands for no language"),
        ("mul", "stands for no language"),
        ("qaa", "private-use"),
        ("agp", "split into several languages"),
        ("Sorbian", "Upper Sorbian (hsb_Latn) or Lower Sorbian (dsb_Latn)"),
        ("Berber", "Kabyle (kab_Latn)"),
        ("hsbb", "Upper Sorbian (hsb_Latn)"),
        ("Kizwahili", "did you mean Swahili (swh_Latn)?"),
        ("xx", "no language has the code or name 'xx'"),
        ("", "no language was given"),
        (" \n", "no language was given"),
        ("x" * 5000, "too long"),
        (False, 'write "no"'),
        (7, "not as int"),
        (None, "not as NoneType"),
    ],
)
def test_what_cannot_be_understood(text, part):
    with pytest.raises(InputError) as caught:
        Language.parse(text)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_any_text_gives_a_language_or_an_input_error(text):
    try:
        language = Language.parse(text)
    except InputError:
        return
    assert Language.parse(language.tag) == Language.parse(language) == language


_SUBTAGS = st.sampled_from(
    ["hsb", "zh", "zho", "kur", "iw", "sla", "agp", "Latn", "Arab", "Xxxx", "TW", "419", "x", "1996", "é", ""]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_SUBTAGS, min_size=1, max_size=5), st.sampled_from("-_@. ,("))
def test_any_shuffle_of_subtags_gives_a_language_or_an_input_error(subtags, separator):
    try:
        language = Language.parse(separator.join(subtags))
    except InputError:
        return
    assert Language.parse(language.tag) == language


def test_codes_of_the_data_sets(shared: Path):
    for folder in ("sib200", "tatoeba"):
        names = [each.name.split(".")[0].removesuffix("-eng") for each in (shared / folder).iterdir() if each.suffix == ".gz"]
        assert len(names) > 50
        for name in names:
            tag = Language.parse(name).tag
            assert "_" not in name or tag == name
    lines = (shared / "udhr" / "languages.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert len(lines) > 300
    for line in lines:
        code, iso, bcp47, *_ = line.split("\t")
        found = Language.parse(iso)
        assert iso in (found.code, found.macrolanguage and found.macrolanguage.code)
        for other in (bcp47, code):
            near = Language.parse(other)
            assert near.code == found.code or near.is_retired or near.family == found.family, (other, near, found)


@pytest.mark.parametrize("package", ["django", "wagtail", "allauth", "rest_framework", "sphinx"])
def test_locale_folders_of_installed_packages(package):
    pytest.importorskip(package)
    spec = find_spec(package)
    found = set()
    for start in spec.submodule_search_locations:
        for folder, inside, _ in os.walk(start):
            if os.path.basename(folder) in ("locale", "locales"):
                found |= {each for each in inside if os.path.isdir(os.path.join(folder, each, "LC_MESSAGES"))}
    assert len(found) > 20
    for name in found:
        assert Language.parse(name)
