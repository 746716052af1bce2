"""The account of pairs adds up."""

from hypothesis import given
from hypothesis import strategies as st

from panglot.report.ledger import ledger
from panglot.report.page import Page

TAGS = ["hsb_Latn", "ckb_Arab", "khm_Khmr", "deu_Latn", "ces_Latn", "pol_Latn", "swh_Latn", "gla_Latn"]
COUNTS = st.dictionaries(st.sampled_from(TAGS), st.integers(1, 999), min_size=1)


def test_what_is_left_is_what_was_there_less_what_was_taken(sorbian: Page) -> None:
    rows = ledger(sorbian.facts["data"], "hsb_Latn")["rows"]
    left = {(row["step"], row["part"]): row["values"][0] for row in rows if row["kind"] == "left"}
    taken: dict[str, int] = {}
    for row in rows:
        if row["kind"] == "taken":
            taken[row["step"]] = taken.get(row["step"], 0) + row["values"][0]
    assert left["pairs", ""] - taken["clean"] == left["clean", ""]
    assert left["clean", ""] - taken["split"] == left["split", "train"] + left["split", "test"]


@given(COUNTS, COUNTS)
def test_no_pair_is_lost_in_the_columns(pairs: dict[str, int], dropped: dict[str, int]) -> None:
    data = {
        "flow": [{"step": "clean", "component": "corpus.clean", "part": "", "pairs": pairs}],
        "dropped": [{"step": "clean", "language": tag, "reason": "too short", "pairs": n} for tag, n in dropped.items()],
        "leakage": [],
    }
    found = ledger(data, "khm_Khmr")
    assert [sum(each or 0 for each in row["values"]) for row in found["rows"]] == [sum(dropped.values()), sum(pairs.values())]
    tags = pairs.keys() | dropped.keys()
    assert len(found["languages"]) + found["others"] == len(tags)
    if "khm_Khmr" in tags:
        assert found["languages"][0] == "khm_Khmr"


def test_nothing_gives_no_rows() -> None:
    assert ledger({"flow": [], "dropped": [], "leakage": []}, "hsb_Latn")["rows"] == []
