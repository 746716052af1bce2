"""Sentences of the audit of a corpus: the headline, the names of reasons, and what the page cannot say."""

from collections.abc import Mapping
from typing import Any

from panglot.report import wording


def reason_text(reason: str) -> str:
    """A reason in words.

    Example:
        >>> reason_text("few_stop_words"), reason_text("test data: xnli")
        ('few stop words', 'test data: xnli')
    """
    return reason.replace("_", " ")


def percent(share: float) -> str:
    """A share as a reader wants it: no false precision, and nothing that is there shown as nothing.

    Example:
        >>> percent(0.1234), percent(0.0004), percent(0.0), percent(1.0), percent(0.00004)
        ('12.3 %', '0.04 %', '0 %', '100 %', '< 0.01 %')
    """
    if not share:
        return "0 %"
    if share < 0.0001:
        return "< 0.01 %"
    if share < 0.01:
        return f"{100 * share:.2f} %"
    return f"{100 * share:.1f} %" if share < 0.9995 else "100 %"


def headline(facts: Mapping[str, Any]) -> str:
    """The first sentence."""
    total = facts["total"]
    text = (
        f"{wording.count(total['documents'], 'document')} in {wording.count(total['languages'], 'language')}, "
        f"{wording.size(total['bytes'])}"
    )
    if total["read"] and total["read"] > total["documents"]:
        share = percent(total["documents"] / total["read"]).replace(" ", "\u00a0")
        text += f": {share} of the documents that were read"
    return text[:1].upper() + text[1:] + "."


def limits(facts: Mapping[str, Any]) -> list[str]:
    """What the page does not know."""
    said = [
        "Scripture is known by the names of hosts and sources alone. Verses on other sites are missed, and a site that only "
        "writes about scripture may be counted.",
        "Text that a machine wrote or translated is counted only where host or source say so of themselves. How much there is "
        "beyond that is not known, and no detector that works in most languages is known to us.",
        "Samples are picked by a hash of their content. They show what is usual, and not what is rare.",
        "A source is the host of the address, or the name of the file where there is no address.",
    ]
    has = facts["has"]
    if not has["identification"]:
        said.append("The languages were not identified in this run: they are what files or rows said.")
    if not has["checks"]:
        said.append(
            "Whole corpora were not compared with each other (corpus.check_corpora), so that two languages under one name, "
            "or one under two, would not be seen."
        )
    if not has["signals"]:
        said.append("No filter decided over signals in this run, so there are no histograms.")
    if not has["duplicates"]:
        said.append("Duplicates were not looked for.")
    if not has["tests"]:
        said.append("It was not looked for test data (panglot corpus decontaminate).")
    return said
