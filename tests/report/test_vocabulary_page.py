"""The page of a tokenizer: what it says, and what it never says."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from made_measures import HOSTILE, PARALLEL, hostile_page, make_vocabulary_page, pair_page, parallel_texts
from measuring import by_hand
from shapes import SHAPES, bert, byt5, xlm_r

from panglot.languages import Language
from panglot.report.page import CARD_FILE, Page
from panglot.report.vocabulary_wording import figure, from_to
from panglot.vocabulary.measures import KINDS
from panglot.vocabulary.price import Price

VOID = {"meta", "link", "br", "img", "input", "hr"}
NBSP = "\N{NO-BREAK SPACE}"


class Parsed(HTMLParser):
    """Tags, attributes and text; fails where tags are not balanced."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page.html.read_text(encoding="utf-8"))
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return pair_page(tmp_path_factory.mktemp("pair"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return hostile_page(tmp_path_factory.mktemp("hostile"))


def test_data_stays_text(hostile: Page) -> None:
    parsed = Parsed(hostile)
    assert not {tag for tag, _ in parsed.tags} & {"script", "img", "b", "iframe", "object"}
    for said in (HOSTILE, "{{ 7 * 7 }}", "<img src=x>", "<b>&"):
        assert said in parsed.text
    for tag, attributes in parsed.tags:
        assert not any(name.startswith("on") or name == "src" for name in attributes), (tag, attributes)
        assert (attributes.get("href") or "#").startswith(("#", "data:,"))
        if "style" in attributes:
            assert re.fullmatch(r"(--o\d+:\d+;?)+|width:[\d.]+(%|px)|font-size:[\d.]+px", attributes["style"] or ""), attributes
    card = (hostile.folder / CARD_FILE).read_text(encoding="utf-8")
    assert "<script>" not in card
    for text in (card, hostile.html.read_text(encoding="utf-8")):
        assert not set(text) & set("\u202a\u202b\u202d\u202e\u2066\u2067")


def test_texts_that_would_like_to_be_markup_are_cut_and_shown(hostile: Page) -> None:
    shown = re.sub(r"\s+", "", Parsed(hostile).text)
    assert "</p></style><script>alert(2)</script><imgsrc=xonerror=alert(3)>" in shown
    assert "[U+202E]right{{7*7}}&&amp;" in shown


def test_tables_have_headers_pictures_have_words_and_identifiers_are_unique(pair: Page) -> None:
    tags = Parsed(pair).tags
    for at, (tag, attributes) in enumerate(tags):
        if tag == "svg" and attributes.get("role") == "img":
            names = (attributes["aria-labelledby"] or "").split()
            assert [said.get("id") for _, said in tags[at + 1 : at + 3]] == names
        if tag == "th":
            assert attributes["scope"] in ("col", "row")
    identifiers = [said["id"] for _, said in tags if "id" in said]
    assert len(identifiers) == len(set(identifiers))
    assert {said["href"] for tag, said in tags if tag == "a"} <= {f"#{each}" for each in identifiers}


def test_every_language_stands_in_every_table(pair: Page) -> None:
    text = pair.html.read_text(encoding="utf-8")
    for tag in PARALLEL:
        # changes, measures of two tokenizers, prices of two
        assert text.count(f'<span class="tag">{tag}</span></th>') >= 5, tag
    assert "Serbian (Cyrl)" in text and "Serbian (Latn)" in text


def test_a_language_that_is_not_represented_is_never_said_to_be_cheap(tmp_path: Path) -> None:
    """Two unknown tokens are cheaper than any English text."""
    texts = {"eng_Latn": ["to dom to a"] * 12, "hsb_Latn": ["domy dom to a b"] * 12, "nqo_Nkoo": ["ߒߞߏ ߦߋ߫"] * 12}
    facts = make_vocabulary_page(tmp_path, texts, {"small": by_hand()}, parallel=True).facts
    nko = next(each for each in facts["languages"] if each["tag"] == "nqo_Nkoo")
    assert nko["figures"]["small"]["premium"]["value"] < 1
    assert not nko["readable"]["small"]
    assert facts["headline"]["sentence"].startswith("Upper Sorbian pays")
    assert "N'Ko (" in " ".join(facts["headline"]["more"])
    assert [row[0] for row in facts["summary"]["rows"]] == ["Upper Sorbian", "English", "N'Ko *"]
    assert sorted(facts["overlap"]["small"]["languages"]) == ["eng_Latn", "hsb_Latn"]


def test_known_characters_but_unknown_words(tmp_path: Path) -> None:
    """A word longer than the limit of WordPiece is unknown, though all its characters are known."""
    page = make_vocabulary_page(tmp_path, {"eng_Latn": ["to " + "ab" * 80] * 3}, {"small": by_hand()})
    assert f"English (50{NBSP}% unknown tokens)" in " ".join(page.facts["headline"]["more"])


def test_documents_of_nothing_are_never_said_to_be_cheap(tmp_path: Path) -> None:
    facts = make_vocabulary_page(tmp_path, {"eng_Latn": ["", ""]}, {"bytes": byt5()}).facts
    assert facts["headline"]["sentence"] == "No language is represented whole in bytes, so nothing can be said of prices."


def test_what_an_extension_makes_readable(tmp_path: Path) -> None:
    more = by_hand(["[UNK]", "to", "dom", "##y", ".", "a", "##b", "d", "o", "m", "t", "y", "b", "ߒ", "##ߞ", "ߞ"])
    texts = {"eng_Latn": ["to dom"] * 3, "nqo_Nkoo": ["ߒߞ to"] * 3}
    said = make_vocabulary_page(tmp_path, texts, {"old": by_hand(), "new": more}, parallel=True).facts["headline"]
    assert said["sentence"] == "No language is shown to take more or fewer tokens with new than with old."
    assert any(each.startswith("Represented whole with new only: N'Ko (with old 60") for each in said["more"]), said
    back = make_vocabulary_page(tmp_path, texts, {"new": more, "old": by_hand()}, parallel=True).facts["headline"]
    assert "Represented whole with new only: N'Ko." in back["more"]


def test_a_reference_that_is_not_represented_is_no_measure(tmp_path: Path) -> None:
    texts = {"khm_Khmr": ["ទឹក"] * 3, "hsb_Latn": ["dom"] * 3}
    page = make_vocabulary_page(tmp_path, texts, {"small": by_hand()}, parallel=True, reference=Language("khm_Khmr"))
    assert page.facts["headline"]["sentence"] == "Khmer is not represented whole in small, so nothing can be said of prices."


def test_the_largest_change_leads_whichever_way_it_goes(tmp_path: Path) -> None:
    longer = by_hand(["[UNK]", "to", "dom", "##y", ".", "a", "##b", "d", "o", "m", "t", "y", "b", "domy", "##dom"])
    texts = {
        "eng_Latn": ["to dom " * (1 + n % 3) for n in range(12)],
        "hsb_Latn": ["domy a " * (1 + n % 3) + "to" for n in range(12)],
    }
    better = make_vocabulary_page(tmp_path, texts, {"old": by_hand(), "new": longer}, parallel=True).facts["headline"]
    assert re.match(r"Upper Sorbian takes \d\d\.\d\s% fewer tokens with new than with old", better["sentence"])
    assert better["more"][0] == "Of 2 languages that both represent, 1 takes fewer tokens, none more."
    assert "1 language of 2 hardly notices" in better["more"][1]
    worse = make_vocabulary_page(tmp_path, texts, {"new": longer, "old": by_hand()}, parallel=True).facts["headline"]
    assert " more tokens with old than with new" in worse["sentence"]


def test_text_that_is_not_parallel(tmp_path: Path) -> None:
    page = make_vocabulary_page(tmp_path, {"deu_Latn": ["ein Haus"] * 4, "khm_Khmr": ["ផ្ទះ", "ទឹក"]}, {"bytes": byt5()})
    facts = page.facts
    assert facts["main"] == "tokens_per_character"
    assert facts["headline"]["sentence"].startswith("Khmer takes 3.000 tokens per character")
    assert "the most of two languages" in facts["headline"]["sentence"]
    assert "cannot be compared" in facts["headline"]["more"][0]
    assert facts["summary"]["columns"] == ["language", "tokens/char", "tokens/word", "unknown"]


def test_the_reference_can_have_most_tokens_per_character(tmp_path: Path) -> None:
    page = make_vocabulary_page(tmp_path, {"eng_Latn": ["ééé"], "deu_Latn": ["aaa", "bbb"]}, {"bytes": byt5()})
    assert page.facts["headline"]["sentence"].startswith("English takes 2.000")


def test_languages_without_parallel_text_stand_in_the_tables_only(tmp_path: Path) -> None:
    texts = {**parallel_texts(["eng_Latn", "hsb_Latn"]), "deu_Latn": ["ein Haus"] * 3}
    page = make_vocabulary_page(tmp_path, texts, {"bytes": byt5()})
    assert page.facts["main"] == "premium"
    assert {each["language"] for each in page.facts["examples"]} == {"eng_Latn", "hsb_Latn"}
    assert "Not parallel: 3 documents, the reference has 24 (German)" in Parsed(page).text


@pytest.mark.parametrize("name", [name for name, _ in SHAPES])
@pytest.mark.parametrize(
    "texts",
    [
        {"eng_Latn": ["a"]},
        {"und": ["🙂👩‍👩‍👧‍👦"]},
        {"nqo_Nkoo": ["ߒߞߏ"], "und": ["\u0301"]},
        {"eng_Latn": ["", ""], "hsb_Latn": ["", "dom"]},
        {"khm_Khmr": ["ទឹក"] * 2, "lao_Laoo": ["ນ້ຳ"] * 2, "bod_Tibt": ["ཆུ"] * 2, "eng_Latn": ["\u0301"] * 2},
    ],
    ids=["one", "emoji", "no English", "empty documents", "English without tokens"],
)
def test_a_page_of_anything(tmp_path: Path, name: str, texts: dict[str, list[str]]) -> None:
    vocabularies = {name: dict(SHAPES)[name](), "bytes": byt5()}
    told = True if "khm_Khmr" in texts else "auto"
    for chosen in (vocabularies, dict(reversed(vocabularies.items()))):
        page = make_vocabulary_page(tmp_path, texts, chosen, price=Price(input=1, context=512), parallel=told)
        said = Parsed(page).text
        assert "None" not in said and "nan" not in said.lower().split()
        if "und" in texts:
            assert "unknown language" in said


@pytest.mark.parametrize("count", [1, 3, 4, 6])
def test_as_many_tokenizers_as_one_likes(tmp_path: Path, count: int) -> None:
    vocabularies = {f"number {each}": (byt5(), bert(), xlm_r())[each % 3] for each in range(count)}
    text = Parsed(make_vocabulary_page(tmp_path, parallel_texts(["eng_Latn", "hsb_Latn"]), vocabularies)).text
    assert all(text.count(each) >= 2 for each in vocabularies)
    assert ("2 more in the tables" in text) == (count == 6)


MANY = (
    "deu fra ita spa por ron nld swe dan nob isl fin est lav lit pol ces slk slv hrv bos hun tur cat eus glg gle cym mlt als "
    "hsb swh zul som hau yor wol kin"
)


def test_the_table_of_the_terminal_is_short_and_narrow(tmp_path: Path) -> None:
    texts = {f"{tag}_Latn": ["ab" * (n % 4) + "b" * n] * 3 for n, tag in enumerate(MANY.split(), start=1)}
    texts |= {"eng_Latn": ["to"] * 3, "nqo_Nkoo": ["ߒ"] * 3}
    vocabularies = {"small": by_hand(), "bytes": byt5()}
    said = make_vocabulary_page(tmp_path, texts, vocabularies, parallel=True, price=Price(input=1)).facts["summary"]
    names = [row[0] for row in said["rows"]]
    assert len(names) <= 24
    assert f"… {len(texts) - 18} between" in names
    widths = [max(len(row[place]) for row in [said["columns"], *said["rows"]]) for place in range(len(said["columns"]))]
    assert sum(widths) + 2 * len(widths) <= 84
    assert all(len(row) == len(said["columns"]) for row in said["rows"])


def test_a_price_of_nothing_is_shown(tmp_path: Path) -> None:
    page = make_vocabulary_page(tmp_path, {"eng_Latn": ["to"] * 3}, {"a": byt5()}, price=Price(input=0))
    assert "0 USD for a million tokens read" in Parsed(page).text


def test_figures_of_the_page_are_those_of_the_table(pair: Page) -> None:
    facts, text = pair.facts, Parsed(pair).text
    for each in facts["languages"]:
        assert figure(KINDS["premium"], each["figures"]["bytes"]["premium"]["value"]) in text
    assert facts["price"] == {"input": 0.5, "output": 1.5, "context": 8192, "currency": "USD"}


def test_equal_measures_give_equal_facts(tmp_path: Path) -> None:
    texts = parallel_texts(["eng_Latn", "khm_Khmr"])
    one, other = (make_vocabulary_page(tmp_path, texts, {"a": xlm_r()}).facts for _ in range(2))
    del one["reproduce"], other["reproduce"]
    assert one == other


def test_from_to() -> None:
    assert from_to(f"0.00{NBSP}%", f"0.10{NBSP}%") == f"0.00 → 0.10{NBSP}%"
    assert from_to(f"0.10{NBSP}%", "–") == f"0.10{NBSP}% → –"
