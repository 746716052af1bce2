"""Texts for property tests: every script of the shapes, and whatever is known to break tokenizers."""

import unicodedata

from hypothesis import strategies as st
from shapes import TEXTS

HARD = [
    "",
    " ",
    "  ",
    "   \n\t ",
    "\n\n\n",
    "\r\n",
    "a  b   c",
    " leading",
    "trailing ",
    "\u00a0\u2003\u3000",
    "\u200b\u200d\u200c",
    "👩‍👩‍👧‍👦",
    "👍🏽",
    "🇹🇭🇰🇭",
    "1️⃣",
    "𐐀𐐁𐐂",
    "𝒜𝒷𝒸",
    "𠀀𠀁",
    "🀄",
    "𞤀𞤣𞤤𞤢𞤥",
    "𑜀𑜢",
    "e\u0301\u0323",
    "Å\u030a",
    "ก็่้",
    "ि्",
    "שָׁ",
    "كِّ",
    "각",
    "\u1112\u1161\u11ab",
    "\x00",
    "\x07\x1b",
    "\ufeff",
    "\ufffd",
    "\u2028",
    "\ue000",
    "ﬁ",
    "Ｆｕｌｌ",
    "½²",
    "İı",
    "ß",
    "ǅ",
    "12345678901234567890",
    "--- ###",
    "▁",
    "▁▁",
    "##ed",
    "Ġ",
    "</w>",
    "<0x41>",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
]


def _slices() -> st.SearchStrategy[str]:
    return st.builds(
        lambda text, start, length: text[start % max(len(text), 1) :][:length],
        st.sampled_from(TEXTS),
        st.integers(0, 80),
        st.integers(1, 24),
    )


def _decomposed() -> st.SearchStrategy[str]:
    return _slices().map(lambda text: unicodedata.normalize("NFD", text))


def texts() -> st.SearchStrategy[str]:
    """Pieces of the texts that the shapes were trained on, hard cases, and any characters, joined."""
    parts = st.one_of(
        _slices(), _decomposed(), st.sampled_from(HARD), st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    )
    return st.lists(parts, min_size=0, max_size=6).map("".join)


def known_texts() -> st.SearchStrategy[str]:
    """Pieces of the texts that the shapes were trained on."""
    return st.lists(_slices(), min_size=1, max_size=4).map(" ".join)
