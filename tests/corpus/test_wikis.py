"""Dumps of wikis, and wikitext by hand."""

import bz2
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panglot.artifacts import InputError
from panglot.corpus.read_text import read_text
from panglot.corpus.reading.wikitext import link_hider, plain_text

HIDES = link_hider(["Fichye", "Kategori", "File", "Category"], lambda word: word in ("fr", "zh-yue"))


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        ("'''Òyó''' jẹ́ [[ìlú]] ní [[Nàìjíríà|orílẹ̀-èdè]].", "Òyó jẹ́ ìlú ní orílẹ̀-èdè."),
        ("a {{b|{{c|{{d}}}}}} e", "a e"),
        ("a {{{parameter|default}}} b", "a b"),
        ("{| class=x\n|-\n| a || [[b]]\n{| \n| c\n|}\n|}\nd", "d"),
        ("a<ref>b {{c}}</ref> d<ref name=e /> f", "a d f"),
        ("a<ref>never closed\nb", "a\nb"),
        ("a<!-- b -->c<!-- d", "ac"),
        ("[[Fichye:a.jpg|thumb|b [[c]] d]]e", "e"),
        ("[[fichye:A_b.jpg]][[KATEGORI:x]][[Category:y|z]]e", "e"),
        ("[[fr:Titre]][[zh-yue:x]][[:fr:Titre|a]] b", "a b"),
        ("[[Help:a]] [[a#b]] [[c (d)|]]", "Help:a a#b c"),
        ("[[ភាសា]]ខ្មែរ\u200bនិង\u200bថៃ", "ភាសាខ្មែរ\u200bនិង\u200bថៃ"),
        ("می\u200cروم [https://a.b/c?d=e خانه] [https://a.b]", "می\u200cروم خانه"),
        ("== ߒߞߏ ==\n=== a=b ===\n* b\n*# c\n: d\n; e", "ߒߞߏ\na=b\nb\nc\nd\ne"),
        ("a<br />b<p>c</p>d <span class='x'>e</span> 3 < 4", "a\nb\nc\nd e 3 < 4"),
        ("<gallery>\nFile:a.jpg|b\n</gallery>\nc <math>x^2</math>d", "c d"),
        ("<gallery>\na\n\nb", "b"),
        ("__NOTOC__a &nbsp;b &amp; c ({{x}}) d ({{x}}, e; {{x}})", "a \xa0b & c d (, e)"),
        ("-{zh-hans:软件;zh-hant:軟體}- -{中}-", "软件 中"),
        ("a {{b\n\nc", "a\nc"),
        ("a [[b\nc", "a b\nc"),
        ("a }} b ]] c |}", "a b c"),
        ("a\n''' '' —\nb", "a\nb"),
    ],
)
def test_wikitext_by_hand(wikitext, expected):
    assert plain_text(wikitext, HIDES) == expected


MARKS = st.sampled_from(
    ["{{", "}}", "[[", "]]", "{|", "|}", "|", "<ref>", "</ref>", "<!--", "-->", "''", "\n", "\n\n", "=", "a", "ខ", "\u200d"]
)


@settings(max_examples=50)
@given(st.lists(MARKS | st.text(max_size=3), max_size=60))
def test_any_wikitext_ends_without_brackets_of_templates(pieces):
    text = plain_text("".join(pieces), HIDES)
    assert "{{" not in text
    assert "\n\n" not in text


@given(st.text(st.characters(categories=("L", "M"), include_characters="\u200c\u200d\u200b .")))
def test_text_without_marks_stays(text):
    expected = " ".join(word for word in text.split(" ") if word)
    assert plain_text(text) == (expected if any(each.isalnum() for each in expected) else "")


@pytest.mark.parametrize("piece", ["{{", "[[", "<ref>", "<ref>x</ref><table>", "{|\n", "[http:", "[[a|", "-{", "<!--", "<"])
def test_bad_wikitext_costs_no_more_than_its_length(piece):
    # a square of this length would not end within the time of a test
    plain_text(piece * (400_000 // len(piece)), HIDES)


def dump(*pages, head=""):
    return f"""<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="ht"><siteinfo>
<dbname>htwiki</dbname><base>https://ht.example.org/wiki/Paj_Prensipal</base><namespaces>
<namespace key="0" case="first-letter" /><namespace key="6" case="first-letter">Fichye</namespace>
<namespace key="14" case="first-letter">Kategori</namespace></namespaces>{head}</siteinfo>{"".join(pages)}</mediawiki>"""


def article(title, text, *, ns=0, redirect="", model="wikitext"):
    return (
        f"<page><title>{title}</title><ns>{ns}</ns><id>7</id>{redirect}<revision><id>8</id><timestamp>2024-01-02T03:04:05Z"
        f"</timestamp><model>{model}</model><text bytes='9'>{text}</text></revision></page>"
    )


DUMP = dump(
    article("Pòtoprens", "'''Pòtoprens''' se [[kapital]] Ayiti.&lt;ref&gt;x&lt;/ref&gt;\n\n[[Fichye:a.png]]\n== Istwa ==\nA."),
    article("Diskisyon:A", "no", ns=1),
    article("B", "#REDIRECT [[A]]", redirect='<redirect title="A" />'),
    article("Kategori:C", "no", ns=14),
    article("D", "{}", model="json"),
    article("E", "{{bouchon}}"),
    article("Gwo", "x" * 5000),
)


@pytest.mark.parametrize("name", ["htwiki-latest-pages-articles.xml.bz2", "wiki.xml"])
def test_a_dump(run, tmp_path, name):
    content = DUMP.encode()
    (tmp_path / name).write_bytes(bz2.compress(content) if name.endswith("bz2") else content)
    ran = run(read_text, files=[str(tmp_path / name)], largest=4096)
    (row,) = ran.artifact.rows()
    assert row["text"] == "Pòtoprens se kapital Ayiti.\nIstwa\nA."
    assert row["language"] == "hat_Latn"
    assert row["url"] == "https://ht.example.org/wiki/Pòtoprens"
    assert json.loads(row["meta"]) == {"date": "2024-01-02T03:04:05Z", "id": "7", "title": "Pòtoprens"}
    assert ran.step.figures["read"] == {
        "in": 7, "kept": 1, "quarantined": 1,
        "passed_over": {
            "wiki page of model json": 1, "wiki page of namespace 1": 1, "wiki page of namespace 14": 1,
            "wiki page without text": 1, "wiki redirect": 1,
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (DUMP[: len(DUMP) // 2], "malformed XML"),
        ("<html><body/></html>", "is no dump of a wiki"),
        ("<?xml version='1.0'?><!DOCTYPE m [<!ENTITY a 'x'>]><mediawiki>&a;</mediawiki>", "declares an XML entity"),
    ],
)
def test_bad_dumps(run, tmp_path, content, said):
    (tmp_path / "a.xml").write_text(content)
    with pytest.raises(InputError, match=said):
        run(read_text, files=[str(tmp_path / "a.xml")])
