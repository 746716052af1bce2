"""Placeholders of software strings: `%(name)s`, `{count}`, `%s`, `${name}`; and what is not language in a text."""

import regex

PLACEHOLDER = regex.compile(
    r"""
    %\([^()\s]{1,64}\)[#0+-]?\d*(?:\.\d+)?[a-zA-Z]   # %(name)s
  | (?<!\d)%(?:\d+\$)?[#0+-]?\d*(?:\.\d+)?l{0,2}[sdiufgexXcr@]  # %s, %1$s, %.2f; a suffix may follow; but not "5%d…"
  | \$?\{\{?\s*[\p{L}_]?[\p{L}\p{N}_.\[\]]{0,64}(?:![rsa])?(?::[^{}\s]{0,16})?\s*\}?\}  # {count}, {}, {{ name }}, ${name}
    """,
    regex.VERBOSE,
)
MARKUP = regex.compile(r"<[/!]?[a-zA-Z][^<>]{0,400}>|&(?:[a-zA-Z]{2,10}|#\d{2,6}|#x[0-9a-fA-F]{2,5});|\bhttps?://\S+")


def placeholders(text: str) -> frozenset[str]:
    """The set of placeholders in a text, without the spaces inside braces.

    Example:
        >>> sorted(placeholders("%(count)s z {total} (50%s …) %sنى"))
        ['%(count)s', '%s', '{total}']
    """
    return frozenset("".join(found.split()) for found in PLACEHOLDER.findall(text))


def language_only(text: str) -> str:
    """The text less its placeholders, tags, entities and addresses: what can be counted and compared as language.

    Example:
        >>> language_only("<b>Witajće</b>, %(name)s!").strip()
        'Witajće ,  !'
    """
    if "%" in text or "{" in text:
        text = PLACEHOLDER.sub(" ", text)
    if "<" in text or "&" in text or "://" in text:
        text = MARKUP.sub(" ", text)
    return text
