import gettext
from pathlib import Path

import polib
import pytest

from panglot.artifacts import InputError, outside_of
from panglot.corpus.catalogues import catalogues_of, find_catalogues, parse_locale
from panglot.corpus.clean import clean
from panglot.corpus.gettext_harvest import available_languages, harvest_gettext
from panglot.corpus.reading.bounded import Source
from panglot.corpus.reading.gettext import load_catalogue
from panglot.languages import Language

HSB, KHM, SPA = Language("hsb_Latn"), Language("khm_Khmr"), Language("spa_Latn")


def catalogue(folder, locale, entries, *, domain="app", mo=False, header=""):
    place = folder / locale / "LC_MESSAGES"
    place.mkdir(parents=True, exist_ok=True)
    made = polib.POFile()
    made.metadata = {"Content-Type": "text/plain; charset=UTF-8"} | ({"Plural-Forms": header} if header else {})
    made.extend(each if isinstance(each, polib.POEntry) else polib.POEntry(msgid=each[0], msgstr=each[1]) for each in entries)
    if mo:
        made.save_as_mofile(str(place / f"{domain}.mo"))
    else:
        made.save(str(place / f"{domain}.po"))


def test_what_is_left_out_and_what_is_set_aside(run, tmp_path):
    fuzzy = polib.POEntry(msgid="fuzzy", msgstr="mutny", flags=["fuzzy"])
    obsolete = polib.POEntry(msgid="old", msgstr="stary", obsolete=True)
    entries = [("Save", "Składować"), ("Django", "Django"), ("Empty", ""), ("%(n)s pages", "strony"), fuzzy, obsolete]
    catalogue(tmp_path / "locale", "hsb", [*entries, ("Hello %(name)s", "Witaj %(name)s")])
    ran = run(harvest_gettext, languages=[HSB], catalogues=[str(tmp_path / "locale")])
    assert ran.texts == [("Składować", "Save"), ("Witaj %(name)s", "Hello %(name)s")]
    assert ran.step.figures["dropped"]["hsb_Latn"] == {
        "fuzzy": 1,
        "identical": 1,
        "obsolete": 1,
        "repeated message": 0,
        "untranslated": 1,
    }
    assert ran.step.quarantined == {"other placeholders": 1}
    assert ran.quarantine[0]["where"].startswith("locale/hsb/app.po:")


def test_most_frequent_translation_then_the_first(run, tmp_path):
    for domain, text in (("a", "Zběhnyć"), ("b", "Składować"), ("c", "Składować")):
        catalogue(tmp_path, "hsb", [("Save", text), ("Open", f"{domain}")], domain=domain)
    ran = run(harvest_gettext, languages=[HSB], catalogues=[str(tmp_path)])
    assert ran.texts == [("Składować", "Save"), ("a", "Open")]
    assert ran.step.figures["dropped"]["hsb_Latn"]["repeated message"] == 4


def test_contexts_are_one_message(run, tmp_path):
    entries = [
        polib.POEntry(msgctxt=context, msgid="May", msgstr=text) for context, text in (("month", "meja"), ("verb", "smě"))
    ]
    catalogue(tmp_path, "hsb", entries)
    assert run(harvest_gettext, languages=[HSB], catalogues=[str(tmp_path)]).texts == [("meja", "May")]


@pytest.mark.parametrize("mo", [False, True])
@pytest.mark.parametrize(
    ("tag", "locale", "header", "forms", "expected"),
    [
        ("khm_Khmr", "km", "nplurals=1; plural=0;", ["%d ថ្ងៃ"], [("%d ថ្ងៃ", "%d days")]),
        ("hsb_Latn", "hsb", "nplurals=4; plural=(n%100==1 ? 0 : n%100==2 ? 1 : n%100==3 || n%100==4 ? 2 : 3);",
         ["%d dźeń", "%d dnjej", "%d dny", "%d dnjow"], [("%d dźeń", "%d day"), ("%d dnjow", "%d days")]),
        ("arb_Arab", "ar", "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5;",
         ["%d صفر", "%d يوم", "%d يومان", "%d أيام", "%d يوما", "%d أخرى"], [("%d يوم", "%d day"), ("%d يوما", "%d days")]),
        ("deu_Latn", "de", "nplurals=2; plural=__import__('os').system('true');", ["%d Tag", "%d Tage"],
         [("%d Tag", "%d day"), ("%d Tage", "%d days")]),
    ],
)  # fmt: skip
def test_plural_forms_follow_the_language(run, tmp_path, mo, tag, locale, header, forms, expected):
    entry = polib.POEntry(msgid="%d day", msgid_plural="%d days", msgstr_plural=dict(enumerate(forms)))
    catalogue(tmp_path, locale, [entry], header=header, mo=mo)
    assert run(harvest_gettext, languages=[Language(tag)], catalogues=[str(tmp_path)]).texts == expected


def test_po_before_mo_and_mo_alone(run, tmp_path):
    catalogue(tmp_path, "hsb", [("Save", "stary")], mo=True)
    catalogue(tmp_path, "hsb", [("Save", "Składować")])
    catalogue(tmp_path, "hsb", [("Open", "Wočinić")], domain="only", mo=True)
    assert run(harvest_gettext, languages=[HSB], catalogues=[str(tmp_path)]).texts == [
        ("Składować", "Save"),
        ("Wočinić", "Open"),
    ]


def test_flat_folder_and_nested_domains(run, tmp_path):
    (tmp_path / "po").mkdir()
    catalogue(tmp_path / "locales", "km", [("Open", "បើក")], domain="index")
    (tmp_path / "po" / "km.po").write_text('msgid "Save"\nmsgstr "រក្សាទុក"\n', encoding="utf-8")
    nested = tmp_path / "locales" / "km" / "LC_MESSAGES" / "usage"
    nested.mkdir()
    (nested / "cli.po").write_text('msgid "Close"\nmsgstr "បិទ"\n', encoding="utf-8")
    ran = run(harvest_gettext, languages=[KHM], catalogues=[str(tmp_path)])
    assert sorted(ran.texts) == sorted([("បើក", "Open"), ("រក្សាទុក", "Save"), ("បិទ", "Close")])
    only = run(harvest_gettext, languages=[KHM], catalogues=[str(tmp_path)], domains=["usage/cli"])
    assert only.texts == [("បិទ", "Close")]


@pytest.mark.parametrize(
    ("name", "tag", "rank"),
    [
        ("zh_Hans", "zho_Hans", 0), ("zh_CN", "zho_Hans", 1), ("zh_TW", "zho_Hant", 1), ("zh_HK", "zho_Hant", 2),
        ("sr", "srp_Cyrl", 0), ("sr_Latn", "srp_Latn", 0), ("sr@latin", "srp_Latn", 0), ("pt_BR", "por_Latn", 1),
        ("pt_PT", "por_Latn", 2), ("es_419", "spa_Latn", 2), ("ca@valencia", "cat_Latn", 2), ("hr_HR", "hrv_Latn", 1),
        ("zh_TW.Big5", "zho_Hant", 2), ("ckb", "ckb_Arab", 0), ("de-AT", "deu_Latn", 2),
    ],
)  # fmt: skip
def test_locale_names(name, tag, rank):
    assert parse_locale(name)[1:] == (Language(tag), rank)


@pytest.mark.parametrize("name", ["templates", "x", "LC_MESSAGES", "", "123"])
def test_other_folder_names_are_no_locales(name):
    assert parse_locale(name) is None


def test_regions_are_not_mixed(tmp_path):
    for domain, locales in {"a": ["es", "es_MX", "es_ES"], "b": ["es_MX", "es_ES"], "c": ["es_MX", "es_AR"]}.items():
        for locale in locales:
            catalogue(tmp_path, locale, [("Save", "Guardar")], domain=domain)
    chosen = catalogues_of(SPA, find_catalogues([str(tmp_path)]))
    assert [(each.group[-1], each.locale.name) for each in chosen] == [("a", "es"), ("b", "es_ES")]


def test_one_region_where_there_is_nothing_else(tmp_path):
    for domain, locales in {"a": ["es_AR"], "b": ["es_AR", "es_MX"]}.items():
        for locale in locales:
            catalogue(tmp_path, locale, [("Save", "Guardar")], domain=domain)
    chosen = catalogues_of(SPA, find_catalogues([str(tmp_path)]))
    assert {each.locale.name for each in chosen} == {"es_AR"}
    assert len(chosen) == 2


def test_another_pivot_is_reached_through_english(run, tmp_path):
    catalogue(tmp_path, "hsb", [("Save", "Składować"), ("Open", "Wočinić")])
    catalogue(tmp_path, "km", [("Save", "រក្សាទុក")])
    ran = run(harvest_gettext, languages=[HSB], pivot=KHM, catalogues=[str(tmp_path)])
    assert ran.texts == [("Składować", "រក្សាទុក")]
    assert {row["target_language"] for row in ran.artifact.rows()} == {"khm_Khmr"}
    english = run(harvest_gettext, languages=[Language("eng_Latn")], pivot=KHM, catalogues=[str(tmp_path)])
    assert english.texts == [("Save", "រក្សាទុក")]


def test_bad_catalogue_is_set_aside(run, tmp_path):
    catalogue(tmp_path, "hsb", [("Save", "Składować")])
    (tmp_path / "hsb" / "LC_MESSAGES" / "bad.po").write_text('msgid "a"\nbroken\n')
    ran = run(harvest_gettext, languages=[HSB], catalogues=[str(tmp_path)])
    assert ran.texts == [("Składować", "Save")]
    assert ran.step.quarantined == {"catalogue cannot be read": 1}


def test_language_in_no_catalogue(run, tmp_path):
    catalogue(tmp_path, "hsb", [("Save", "Składować")])
    with pytest.raises(InputError, match=r"no gettext catalogue of these folders is in Khmer \(khm_Khmr\); there are hsb_Latn"):
        run(harvest_gettext, languages=[KHM], catalogues=[str(tmp_path)])
    with pytest.raises(InputError, match=r"panglot\[demo\]"):
        run(harvest_gettext, languages=[HSB], packages=["no-such-package"])
    with pytest.raises(InputError, match="both English"):
        run(harvest_gettext, languages=[Language("eng_Latn")], catalogues=[str(tmp_path)])
    with pytest.raises(InputError, match="no such folder"):
        run(harvest_gettext, languages=[HSB], catalogues=[str(tmp_path / "nowhere")])


def test_available_languages_and_what_is_read_from_outside(tmp_path):
    catalogue(tmp_path, "hsb", [("Save", "Składować"), ("Open", "Wočinić")])
    catalogue(tmp_path, "km", [("Save", "រក្សាទុក")], mo=True)
    catalogue(tmp_path, "en", [("Save", "Save")])
    assert available_languages([str(tmp_path)]) == {"hsb_Latn": 2, "khm_Khmr": 1}
    outside = outside_of(harvest_gettext)
    before = outside(languages=[HSB], catalogues=[str(tmp_path)])
    catalogue(tmp_path, "hsb", [("Save", "Zběhnyć"), ("Open", "Wočinić")])
    assert outside(languages=[HSB], catalogues=[str(tmp_path)]) != before


@pytest.fixture(scope="module")
def installed():
    pytest.importorskip("django")
    pytest.importorskip("wagtail")
    return ["django", "wagtail"]


def test_installed_packages_hold_upper_sorbian(run, installed):
    ran = run(harvest_gettext, languages=[HSB, Language("div_Thaa")], packages=installed)
    assert ran.artifact.counts["hsb_Latn"] > 600
    assert ran.artifact.counts["div_Thaa"] > 600
    assert list(ran.step.figures["packages"]) == ["Django", "wagtail"]
    cleaned = run(clean, of=ran.artifact)
    assert cleaned.artifact.counts["hsb_Latn"] > 280
    again = run(harvest_gettext, languages=[HSB, Language("div_Thaa")], packages=installed)
    assert again.artifact.path.read_bytes() == ran.artifact.path.read_bytes()


def test_installed_languages(installed):
    found = available_languages(packages=installed)
    assert len(found) > 80
    assert "eng_Latn" not in found
    assert set(outside_of(harvest_gettext)(languages=[HSB], packages=installed)) == {"Django", "wagtail"}


@pytest.mark.parametrize("locale", ["hsb", "ar", "ja", "km", "pl"])
@pytest.mark.parametrize("suffix", ["po", "mo"])
def test_the_standard_library_gives_the_same_translations(locale, suffix):
    django = pytest.importorskip("django")
    place = Path(django.__file__).parent / "contrib" / "admin" / "locale" / locale / "LC_MESSAGES"
    with (place / "django.mo").open("rb") as stream:
        oracle = gettext.GNUTranslations(stream)
    messages = load_catalogue(Source(place / f"django.{suffix}")).messages
    alone = [each for each in messages if oracle.gettext(each.text) != each.text]
    assert len(alone) > 40
    contexts = {key.partition("\x04")[2] for key in oracle._catalog if isinstance(key, str) and "\x04" in key}
    for message in alone:
        if message.text not in contexts:
            assert message.translation == oracle.gettext(message.text)
