"""All visible text of a page, by the standard library alone: a paragraph for each block, nothing judged."""

from html.parser import HTMLParser

_BLOCK_NAMES = (
    "address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol option p pre section summary table tbody td tfoot th "
    "thead title tr ul"
)
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_HIDDEN = frozenset(("head", "iframe", "noscript", "object", "script", "style", "svg", "template", "textarea"))


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.paragraphs: list[str] = []
        self.title: list[str] = []
        self._pieces: list[str] = []
        self._hidden = ""
        self._depth = 0
        self._titled = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title":
            self._titled = not self.title
        if self._hidden:
            self._depth += tag == self._hidden
        elif tag in _HIDDEN:
            self._hidden, self._depth = tag, 1
        if tag in _BLOCKS:
            # `</head>` may be left out
            if tag == "body":
                self._hidden = ""
            self.end_paragraph()

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._titled = False
        if tag == self._hidden:
            self._depth -= 1
            if not self._depth:
                self._hidden = ""
        elif tag in _BLOCKS:
            self.end_paragraph()

    def handle_data(self, data: str) -> None:
        if self._titled:
            self.title.append(data)
        elif not self._hidden:
            self._pieces.append(data)

    def end_paragraph(self) -> None:
        text = "".join(self._pieces)
        self._pieces = []
        # Only the white space of HTML is folded: U+00A0, U+200B and their like may carry meaning.
        words = text.replace("\t", " ").replace("\n", " ").replace("\r", " ").replace("\f", " ").split(" ")
        if joined := " ".join(word for word in words if word):
            self.paragraphs.append(joined)


def all_text(page: str) -> tuple[str, str]:
    """The visible text, a paragraph a line, and the title.

    Example:
        >>> all_text("<title>ߒߞߏ</title><body><p>می\u200cروم <b>خانه</b><script>x()</script><li>a</li>b")
        ('می\u200cروم خانه\\na\\nb', 'ߒߞߏ')
    """
    parser = _Text()
    parser.feed(page)
    parser.close()
    parser.end_paragraph()
    return "\n".join(parser.paragraphs), " ".join("".join(parser.title).split())
