"""Pages of HTML: extractors, their process, and pages that would hold them up."""

import gzip
import importlib.util
import json

import pytest

from panglot.artifacts import MissingExtra
from panglot.corpus.read_text import outside_inputs, read_text
from panglot.corpus.reading import extraction
from panglot.corpus.reading.extraction import Extraction, Plain, Resiliparse, Trafilatura
from panglot.corpus.reading.plain_html import all_text

EXTRACTORS = [
    pytest.param(Plain(), id="plain"),
    *(
        pytest.param(
            each,
            id=each.method,
            marks=pytest.mark.skipif(
                importlib.util.find_spec(each.package) is None, reason=f"{each.package} is not installed (extra web)"
            ),
        )
        for each in (Resiliparse(), Trafilatura())
    ),
]
SENTENCES = {
    "khm": "ភាសាខ្មែរ\u200bគឺជា\u200bភាសា\u200bកំណើត\u200bរបស់\u200bជនជាតិ\u200bខ្មែរ និងជាភាសាផ្លូវការរបស់ប្រទេសកម្ពុជា។",
    "tha": "ภาษาไทย หรือ ภาษาไทยกลาง เป็นภาษาราชการและภาษาประจำชาติของประเทศไทย ที่มีผู้พูดมากกว่าหกสิบล้านคน",
    "pes": "من هر روز به مدرسه می\u200cروم و در کتابخانه کتاب\u200cهای بسیاری دربارهٔ تاریخ و زبان‌های جهان می\u200cخوانم.",
    "nqo": "ߒߞߏ ߦߋ߫ ߞߊ߲ ߘߏ߫ ߟߋ߬ ߘߌ߫ ߡߍ߲ ߦߋ߫ ߝߐ߫ ߟߊ߫ ߝߘߊ߬ߝߌ߲߬ߠߊ߫ ߕߟߋ߬ߓߋ ߘߐ߫ ߞߊ߬ ߓߊ߯ߙߊ ߞߍ߫",
    "yor": "Èdè Yorùbá ni èdè tí ó ń ṣe àkópọ̀ gbogbo kú oótu ọmọ káàárọ̀-oò-jíire ní apá ìwọ̀-oòrùn Nàìjíríà.",
}


def page(text, head=""):
    return (
        f"<!DOCTYPE html><html lang=xx><head><title>A title</title>{head}</head><body><nav><a href=1>Menu</a></nav>"
        f"<main><article><h1>Heading</h1><p>{text}</p><p>{text} {text}</p><p>کتاب&zwnj;ها</p></article></main>"
        "<footer>Imprint</footer></body></html>"
    )


@pytest.mark.parametrize("extractor", EXTRACTORS)
def test_text_of_every_script_comes_through_whole(extractor):
    with Extraction(extractor) as pages:
        for sentence in SENTENCES.values():
            found = pages.page(page(sentence))
            assert {sentence, "کتاب\u200cها"} <= set(found.text.split("\n"))
            assert (found.title, found.language, found.problem) == ("A title", "xx", "")
            if extractor.method != "plain":
                assert "Menu" not in found.text
                assert "Imprint" not in found.text


BROKEN = ["", " ", "<", "<html", "<p>" * 3000, "&#xD800;", "<!--", "\x0b\x00\x01", "<p>" + "&amp;" * 999, "<table><tr>" * 300]


@pytest.mark.parametrize("extractor", EXTRACTORS)
def test_no_page_ends_the_work(extractor):
    with Extraction(extractor) as pages:
        for broken in BROKEN:
            pages.page(broken)
        assert SENTENCES["khm"] in pages.page(page(SENTENCES["khm"])).text


def test_a_page_that_takes_too_long_is_that_pages_problem(monkeypatch, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import html.parser\n"
        "feed = html.parser.HTMLParser.feed\n"
        "def slow(self, data):\n"
        "    while 'slow' in data: pass\n"
        "    import os\n"
        "    'crash' in data and os._exit(3)\n"
        "    if 'memory' in data: data = data * (1 << 40)\n"
        "    feed(self, data)\n"
        "html.parser.HTMLParser.feed = slow\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with Extraction(Plain(seconds=1)) as pages:
        assert pages.page("<p>slow").problem == "extraction took longer than 1 s"
        assert pages.page("<p>crash").problem == "the extractor crashed"
        assert pages.page("<p>memory").problem == "the page cannot be extracted: MemoryError"
        assert pages.page("<p>གང་།").text == "གང་།"


def test_html_files_of_mixed_character_sets(run, tmp_path):
    for name, charset in (("a", "windows-1251"), ("b", "utf-8"), ("c", "koi8-r"), ("d", "utf-16")):
        head = "" if charset == "utf-16" else f"<meta charset={charset}>"
        codec = {"windows-1251": "cp1251"}.get(charset, charset)
        (tmp_path / f"{name}.html").write_bytes(page("мова i письмо", head).encode(codec, "xmlcharrefreplace"))
    (tmp_path / "e.html").write_bytes(b"<meta charset=utf-8>" + b"\xff" * 99)
    (tmp_path / "f.htm").write_bytes(b"<script>1</script>")
    (tmp_path / "g.html").write_bytes(b"")
    ran = run(read_text, files=[str(tmp_path)], extractor=Plain())
    assert [row["text"].split("\n")[2] for row in ran.artifact.rows()] == ["мова i письмо"] * 4
    assert json.loads(next(ran.artifact.rows())["meta"]) == {"html_language": "xx", "title": "A title"}
    assert dict(ran.step.quarantined) == {"not in its character set (utf-8)": 1, "the file is empty": 1}
    assert ran.step.figures["read"]["passed_over"] == {"page without text": 1}


def test_a_missing_package_says_which_extra(run, tmp_path, monkeypatch):
    (tmp_path / "a.html").write_text(page("x"))
    monkeypatch.setattr(extraction.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"needs the package resiliparse.*pip install 'panglot\[web\]'"):
        run(read_text, files=[str(tmp_path / "a.html")])
    assert run(read_text, files=[str(tmp_path / "a.html")], extractor=Plain()).artifact.counts == {"und": 1}


def test_the_version_of_the_extractor_is_part_of_what_is_read(tmp_path):
    (tmp_path / "a.html").write_text("x")
    (tmp_path / "a.txt").write_text("x")
    assert "extractor" in outside_inputs(files=[str(tmp_path)], extractor=Plain())
    assert "extractor" not in outside_inputs(files=[str(tmp_path / "a.txt")], extractor=Plain())


def test_plain_text_by_hand():
    head = "<head><title> a \n b </title><style>x</style></head>"
    assert all_text(f"{head}<p>on<b>e</b> two<br>three<td>f\u00a0g\u200b<noscript>no</noscript>") == (
        "one two\nthree\nf\u00a0g\u200b",
        "a b",
    )


def test_the_default_finds_the_gold_paragraphs_of_real_pages(shared):
    pytest.importorskip("resiliparse", reason="resiliparse is not installed (extra web)")
    with Extraction(Resiliparse()) as pages:
        for path in sorted((shared / "html_pages").glob("*.jsonl.gz")):
            found = wanted = 0
            for line in gzip.decompress(path.read_bytes()).decode().split("\n")[:10]:
                row = json.loads(line)
                lines = "".join(pages.page(row["html"]).text.split())
                wanted += len(row["paragraphs"])
                found += sum("".join(each.split()) in lines for each in row["paragraphs"])
            assert found > 0.75 * wanted, path.name
