"""Measures made for the tests of their page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from measuring import measured
from shapes import bert, byt5, byte, xlm_r

from panglot.artifacts import step_folder
from panglot.report.page import Page
from panglot.report.vocabulary_page import vocabulary_page
from panglot.vocabulary.measures import Measures
from panglot.vocabulary.price import Price
from panglot.vocabulary.vocabulary import Vocabulary

# the same number of documents in each, of lengths that go together
PARALLEL = {
    "eng_Latn": "The child eats at home.",
    "hsb_Latn": "Dźěćo doma jě a pije.",
    "khm_Khmr": "កុមារញ៉ាំបាយនៅផ្ទះ",
    "arb_Arab": "يأكل الطفل في البيت",
    "hin_Deva": "बच्चा घर में खाना खाता है",
    "nqo_Nkoo": "ߒߞߏ ߦߋ߫ ߞߊ߲ ߠߎ߬",
    "amh_Ethi": "ልጁ ቤት ውስጥ ይበላል",
    "srp_Cyrl": "Дете једе код куће.",
    "srp_Latn": "Dete jede kod kuće.",
}
HOSTILE = "<script>alert(1)</script>"
HOSTILE_TEXT = "</p></style><script>alert(2)</script><img src=x onerror=alert(3)> \u202eright {{ 7 * 7 }} & &amp;"


def parallel_texts(tags: Sequence[str] = tuple(PARALLEL), documents: int = 24) -> dict[str, list[str]]:
    return {tag: [" ".join([PARALLEL[tag]] * (1 + 5 * number % 11)) for number in range(documents)] for tag in tags}


def make_measures(
    folder: Path, texts: Mapping[str, Sequence[str]], vocabularies: Mapping[str, Vocabulary], **options: Any
) -> Measures:
    return measured(folder, texts, vocabularies, **options)


def make_vocabulary_page(
    folder: Path, texts: Mapping[str, Sequence[str]], vocabularies: Mapping[str, Vocabulary], title: str = "", **options: Any
) -> Page:
    measures = make_measures(folder, texts, vocabularies, **options)
    with step_folder(measures.folder.parent / "report") as step:
        vocabulary_page(measures=measures, title=title, step=step)
    return Page(measures.folder.parent / "report")


def pair_page(folder: Path) -> Page:
    """Two tokenizers, nine languages in eight scripts, a price."""
    price = Price(input=0.5, output=1.5, context=8192)
    return make_vocabulary_page(folder, parallel_texts(), {"bert": bert(), "bytes": byt5()}, price=price)


def hostile_page(folder: Path) -> Page:
    """Names, a title, tags, texts and a currency that would like to be markup."""
    texts = {"eng_Latn": [HOSTILE_TEXT] * 3, "ckb_Arab": ["\u202eپەڕگە <b>"] * 3, "<img src=x>": [HOSTILE_TEXT] * 3}
    vocabularies = {HOSTILE: byt5(), "{{ 7 * 7 }}": xlm_r(), "bytes": byte()}
    price = Price(input=1, currency="<b>&")
    return make_vocabulary_page(folder, texts, vocabularies, HOSTILE, parallel=True, price=price)
