"""Header lines, as WARC and HTTP have them."""


def parse_headers(block: bytes) -> dict[str, str]:
    r"""Names in lower case, and values; of a name that stands twice the first value counts, lines that go on are joined.

    Example:
        >>> parse_headers(b"Content-Type: text/html;\r\n charset=utf-8\r\nX: 1\r\nx: 2")
        {'content-type': 'text/html; charset=utf-8', 'x': '1'}
    """
    found: dict[str, str] = {}
    last = ""
    for text in block.decode("utf-8", errors="replace").replace("\r\n", "\n").split("\n"):
        if text[:1] in (" ", "\t") and last:
            found[last] = f"{found[last]} {text.strip()}"
            continue
        name, colon, value = text.partition(":")
        last = name.strip().lower() if colon else ""
        if last and last in found:
            last = ""
        elif last:
            found[last] = value.strip()
    return found
