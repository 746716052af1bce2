"""Every byte of data is text on the page, whatever it would like to be."""

import re
from html.parser import HTMLParser

import pytest

from panglot.report.page import Page

VOID = {"meta", "link", "br", "img", "input", "hr"}
SVG_TAGS = {"svg", "title", "desc", "rect", "line", "text", "path", "circle", "g"}
HTML_TAGS = {
    "html", "head", "meta", "title", "link", "style", "body", "header", "main", "footer", "nav", "section", "p", "span", "h1",
    "h2", "h3", "ul", "li", "a", "dl", "div", "dt", "dd", "figure", "figcaption", "table", "caption", "thead", "tbody", "tr",
    "th", "td", "bdi", "details", "summary", "pre", "code", "br",
}  # fmt: skip
REORDERING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


class Page_(HTMLParser):
    """Tags, attributes and text, and whether tags are balanced."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(params=["sorbian", "kurdish", "null", "hostile"])
def parsed(request: pytest.FixtureRequest) -> Page_:
    return Page_(request.getfixturevalue(request.param).html.read_text(encoding="utf-8"))


def test_only_the_tags_of_the_templates(parsed: Page_) -> None:
    assert {tag for tag, _ in parsed.tags} <= HTML_TAGS | SVG_TAGS
    assert parsed.open == []


def test_nothing_runs_and_nothing_is_fetched(parsed: Page_) -> None:
    for tag, attributes in parsed.tags:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name not in {"src", "srcset", "action", "formaction", "background", "poster", "xlink:href", "srcdoc"}
            if name == "href":
                assert value is not None
                assert value.startswith("#") or value == "data:,", value
            if name == "style":
                assert re.fullmatch(r"width:\d+(\.\d+)?%", value or ""), value


def test_the_style_sheet_fetches_nothing(sorbian: Page) -> None:
    style = re.search(r"<style>(.*?)</style>", sorbian.html.read_text(), re.S)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    assert "@font-face" not in style[1]


def test_a_policy_forbids_scripts_and_the_network_to_the_browser_as_well(sorbian: Page) -> None:
    assert "default-src 'none'; style-src 'unsafe-inline'" in sorbian.html.read_text()


def test_data_is_shown_as_it_is(hostile: Page) -> None:
    html = hostile.html.read_text(encoding="utf-8")
    said = "".join(Page_(html).text)
    assert "<script>alert(1)</script>" in said
    assert "</svg></style><img src=x onerror=alert(2)>" in said
    assert "<b>empty</b> translation" in said
    assert "<i>hostile</i> 1.0" in said
    assert "<script>title</script>" in said
    assert "{{ 7 * 7 }} {% raw %} & &amp;" in said
    assert "NUL ␀ bell ␇ [U+202E]override [U+2069][U+2066]isolate" in said


def test_no_control_character_and_no_override_reaches_a_file(hostile: Page) -> None:
    for path in (hostile.html, hostile.card):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", text)
        assert not set(text) & set(REORDERING)


def test_long_texts_end_in_an_ellipsis(hostile: Page) -> None:
    html = hostile.html.read_text(encoding="utf-8")
    assert "x" * 280 + "…" in html
    assert "x" * 281 not in html
    assert len(html) < 400_000


def test_every_data_text_has_its_language_and_direction(kurdish: Page) -> None:
    page = Page_(kurdish.html.read_text(encoding="utf-8"))
    marked = [attributes for tag, attributes in page.tags if tag == "bdi" and "lang" in attributes]
    assert {((each["lang"] or "").split("-")[0], each["dir"]) for each in marked} >= {
        ("ckb", "rtl"),
        ("en", "ltr"),
        ("de", "ltr"),
    }
    html = kurdish.html.read_text(encoding="utf-8")
    before = re.findall(r".{30}(?=پەڕگەکە نەدۆزرایەوە)", html)
    assert len(before) >= 2
    assert all(re.search(r'<bdi lang="ckb[^"]*" dir="rtl">$', each) for each in before)


def test_tables_have_headers_and_pictures_have_words(parsed: Page_) -> None:
    tags = parsed.tags
    for at, (tag, attributes) in enumerate(tags):
        if tag == "svg" and attributes.get("role") == "img":
            names = (attributes["aria-labelledby"] or "").split()
            following = [(each, said.get("id")) for each, said in tags[at + 1 : at + 3]]
            assert following == [("title", names[0]), ("desc", names[1])]
        if tag == "th":
            assert attributes["scope"] in ("col", "row")
    identifiers = [said["id"] for _, said in tags if "id" in said]
    assert len(identifiers) == len(set(identifiers))
    anchors = {said["href"] for _, said in tags if str(said.get("href", "")).startswith("#")}
    assert anchors <= {f"#{each}" for each in identifiers}
