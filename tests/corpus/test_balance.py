"""Plans: bounds, epochs, the corpus that realises them, and shares from small runs."""

import json
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from scipy.optimize import minimize

from panglot.artifacts import InputError
from panglot.corpus.balance.caps import within_caps
from panglot.corpus.balance.law import Law
from panglot.corpus.balance.plan import Plan, Strategy, balance
from panglot.corpus.balance.ranks import NOTHING, last_rank
from panglot.corpus.balance.sample import sample
from panglot.corpus.balance.scaling_law import best_shares, fit
from panglot.corpus.balance.shares import Fixed, Temperature, UniMax
from panglot.corpus.balance.small_runs import read_small_runs
from panglot.corpus.documents import DOCUMENTS_FILE, SHARDS_FOLDER, Documents, DocumentWriter

SIZES = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.floats(0.5, 1e9), min_size=1, max_size=30)


def documents(folder, said, *, shards=1):
    """Documents of (tag, text), in one file or dealt to several."""
    if shards == 1:
        with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
            for tag, text in said:
                writer.document(text, tag, source="test", url=f"https://e.org/{tag}", meta='{"a": 1}')
    else:
        size = -(-len(said) // shards)
        for at in range(shards):
            with DocumentWriter(folder / SHARDS_FOLDER / f"{at:05}.parquet") as writer:
                for tag, text in said[at * size : (at + 1) * size]:
                    writer.document(text, tag, source="test", url=f"https://e.org/{tag}", meta='{"a": 1}')
    return Documents(folder)


SAID = (
    [("tha_Thai", f"กิน{n}" + "ก" * (n % 7)) for n in range(40)]
    + [("eng_Latn", f"word {n} " + "x" * (n % 11)) for n in range(300)]
    + [("nqo_Nkoo", f"ߒߞߏ{n}") for n in range(9)]
)


# Bounds


@given(SIZES, st.floats(0.1, 20), st.floats(1, 1e12))
def test_equal_amounts_under_a_cap_of_epochs_are_unimax(sizes, epochs, budget):
    found = within_caps(dict.fromkeys(sizes, 1.0), {name: epochs * size for name, size in sizes.items()}, budget)
    expected = UniMax(epochs=epochs).amounts(sizes, budget)
    for name in sizes:
        assert math.isclose(found[name], expected[name], rel_tol=1e-9)


@given(SIZES, st.data())
def test_bounds_hold_and_what_is_free_keeps_its_proportion(amounts, data):
    most = {name: data.draw(st.floats(0.1, 1e9)) for name in amounts if data.draw(st.booleans())}
    budget = math.fsum(amounts.values())
    found = within_caps(amounts, most, budget)
    room = math.fsum(most.get(name, math.inf) for name in amounts)
    assert math.isclose(math.fsum(found.values()), min(budget, room), rel_tol=1e-9)
    assert all(found[name] <= bound * (1 + 1e-12) for name, bound in most.items())
    level = [found[name] / amounts[name] for name in amounts if found[name] < most.get(name, math.inf) * (1 - 1e-9)]
    assert not level or math.isclose(min(level), max(level), rel_tol=1e-9)
    # nobody who is at the bound would be below the level without it
    if level:
        assert all(found[name] / amounts[name] <= level[0] * (1 + 1e-9) for name in amounts)


def test_a_language_of_no_weight_stays_out():
    assert within_caps({"a": 0.0, "b": 1.0, "c": 1.0}, {"b": 2.0}, 10) == {"a": 0.0, "b": 2.0, "c": 8.0}
    assert within_caps({"a": 0.0}, {}, 10) == {"a": 0.0}


@given(SIZES, st.floats(0.2, 10), st.floats(1, 1e12))
def test_unimax_invariants(sizes, epochs, budget):
    found = UniMax(epochs=epochs).amounts(sizes, budget)
    assert math.isclose(math.fsum(found.values()), min(budget, epochs * math.fsum(sizes.values())), rel_tol=1e-9)
    assert all(found[name] <= epochs * size * (1 + 1e-12) for name, size in sizes.items())
    free = [found[name] for name, size in sizes.items() if found[name] < epochs * size * (1 - 1e-9)]
    assert not free or math.isclose(min(free), max(free), rel_tol=1e-6)


def test_two_budgets_are_one_too_many():
    assert UniMax(budget=10).amounts({"a": 100.0}, 10) == {"a": 10}
    with pytest.raises(InputError, match="two budgets"):
        UniMax(budget=10).amounts({"a": 100.0}, 20)


@given(SIZES, st.floats(0, 1), st.floats(1, 1e12))
def test_a_budget_scales_and_does_not_change_the_shares(sizes, alpha, budget):
    rule = Temperature(alpha=alpha)
    assert math.isclose(math.fsum(rule.amounts(sizes, budget).values()), budget, rel_tol=1e-9)
    for name, share in rule.shares(sizes).items():
        assert math.isclose(share, rule.shares(sizes, budget)[name], rel_tol=1e-9)


# Plans


def test_a_plan_by_hand(run, tmp_path):
    # ten characters of Thai, ninety of English; UniMax with 60 and at most 2 epochs: 20 and 40
    of = documents(tmp_path / "d", [("tha_Thai", "ก" * 10), ("eng_Latn", "x" * 90)])
    ran = run(balance, of=of, strategy=UniMax(epochs=2), budget=60)
    thai, english = ran.artifact.rows[1], ran.artifact.rows[0]
    assert (thai["characters"], thai["bytes"], thai["documents"]) == (10, 30, 1)
    assert (thai["target"], thai["epochs"], thai["share"]) == (20, 2, pytest.approx(1 / 3))
    assert (english["target"], english["epochs"]) == (40, pytest.approx(40 / 90))
    assert thai["share_available"] == pytest.approx(0.1)
    assert ran.artifact.unit == "characters"
    assert ran.step.figures["above_four_epochs"] == 0


def test_bytes_and_documents_are_units_too(run, tmp_path):
    of = documents(tmp_path / "d", [("tha_Thai", "ก" * 10), ("eng_Latn", "x" * 90)])
    assert run(balance, of=of, strategy=Temperature(alpha=1), unit="bytes").artifact.rows[1][
        "share_available"
    ] == pytest.approx(0.25)
    assert run(balance, of=of, strategy=Temperature(alpha=1), unit="documents").artifact.rows[1]["share"] == 0.5


def test_more_than_four_epochs_are_told_and_the_cap_prevents_them(run, tmp_path):
    of = documents(tmp_path / "d", SAID)
    ran = run(balance, of=of, strategy=Temperature(alpha=0))
    warned = [each["language"] for each in ran.artifact.rows if each["warning"]]
    assert warned == ["nqo_Nkoo", "tha_Thai"]
    assert any("Above 4 epochs: nqo_Nkoo" in each for each in ran.step.notes)
    capped = run(balance, of=of, strategy=Temperature(alpha=0), most_epochs=4)
    assert [each["epochs"] for each in capped.artifact.rows][1:] == [4, 4]
    assert sum(each["target"] for each in capped.artifact.rows) == pytest.approx(
        sum(each["target"] for each in ran.artifact.rows)
    )
    assert not [each for each in capped.artifact.rows if each["warning"]]


def test_a_plan_that_cannot_use_its_budget_says_so(run, tmp_path):
    of = documents(tmp_path / "d", SAID)
    ran = run(balance, of=of, strategy=Temperature(alpha=0.3), budget=1e6, most_epochs=2)
    assert all(each["epochs"] == pytest.approx(2) for each in ran.artifact.rows)
    assert any("in place of 1,000,000" in each for each in ran.step.notes)


def test_a_largest_share_goes_to_the_others(run, tmp_path):
    of = documents(tmp_path / "d", SAID)
    ran = run(balance, of=of, strategy=Temperature(alpha=1), most_shares={"eng_Latn": 0.5})
    shares = {each["language"]: each["share"] for each in ran.artifact.rows}
    assert shares["eng_Latn"] == pytest.approx(0.5)
    sizes = {each["language"]: each["characters"] for each in ran.artifact.rows}
    assert shares["tha_Thai"] / shares["nqo_Nkoo"] == pytest.approx(sizes["tha_Thai"] / sizes["nqo_Nkoo"])
    with pytest.raises(InputError, match="there is no text of eng_Lat"):
        run(balance, of=of, most_shares={"eng_Lat": 0.5})


def test_a_language_of_empty_documents_is_told_and_left_out(run, tmp_path):
    of = documents(tmp_path / "d", [("tha_Thai", "กก"), ("lao_Laoo", "")])
    rows = run(balance, of=of).artifact.rows
    assert [(each["language"], each["target"], each["warning"]) for each in rows] == [
        ("lao_Laoo", 0, "no text"),
        ("tha_Thai", 2, None),
    ]
    with pytest.raises(InputError, match="no text to plan with"):
        run(balance, of=documents(tmp_path / "e", [("lao_Laoo", "")]))


def test_a_plan_is_read_again_and_an_empty_folder_is_none(run, tmp_path):
    with pytest.raises(InputError, match="no plan here"):
        _ = Plan.open(tmp_path).rows


def test_strategies_by_name_and_with_parameters():
    read = TypeAdapter(Strategy).validate_python
    assert read("temperature") == Temperature()
    assert read({"method": "law", "runs": "r.tsv", "groups": {"hsb_Latn": "slavic"}}).groups == {"hsb_Latn": "slavic"}
    for wrong in ("law", {"method": "law", "runs": "r", "gama": 1}, "alfa"):
        with pytest.raises(ValidationError):
            read(wrong)


# Samples


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from(["tha_Thai", "hsb_Latn"]), st.integers(1, 9)), min_size=1, max_size=30),
    st.floats(0.05, 6),
    st.integers(1, 3),
)
def test_a_sample_meets_its_plan_to_within_a_document(tmp_path_factory, lengths, times, shards):
    from panglot.artifacts import step_folder

    said = [(tag, f"{number:02}" + "ก" * size) for number, (tag, size) in enumerate(lengths)]
    place = tmp_path_factory.mktemp("s")
    of = documents(place / "d", said, shards=min(shards, len(said)))
    total = sum(len(text) for _, text in said)
    with step_folder(place / "plan") as step:
        balance(of=of, strategy=Temperature(alpha=0.5), budget=total * times, step=step)
    plan = Plan.open(place / "plan")
    with step_folder(place / "sample", seed=3) as step:
        sample(of=of, plan=plan, step=step)
    found = Documents.open(place / "sample")
    got, copies = Counter(), Counter()
    for row in found.rows():
        got[row["language"]] += len(row["text"])
        copies[row["language"], row["id"]] += 1
    for each in plan.rows:
        assert each["target"] - 1e-3 <= got[each["language"]] < each["target"] + 11 + 1e-3
        times_each = [count for (tag, _), count in copies.items() if tag == each["language"]]
        every = sum(tag == each["language"] for tag, _ in said)
        times_each += [0] * (every - len(times_each))
        assert max(times_each) - min(times_each) <= 1


def test_a_sample_depends_on_seed_and_content_and_not_on_shards_or_order(run, tmp_path):
    one, three = documents(tmp_path / "a", SAID), documents(tmp_path / "b", SAID, shards=3)
    back = documents(tmp_path / "c", SAID[::-1])

    def sampled(of, seed=17):
        plan = run(balance, of=of, strategy=Temperature(alpha=0.3)).artifact
        return Counter(row["id"] for row in run(sample, of=of, plan=plan, seed=seed).artifact.rows())

    assert sampled(one) == sampled(three) == sampled(back) != sampled(one, seed=18)


def test_copies_keep_every_column_and_the_passes_follow_one_another(run, tmp_path):
    of = documents(tmp_path / "d", [("tha_Thai", "ก"), ("hsb_Latn", "a"), ("hsb_Latn", "b")])
    plan = run(balance, of=of, strategy=Fixed(weights={"tha_Thai": 3, "hsb_Latn": 2}), budget=5).artifact
    found = run(sample, of=of, plan=plan).artifact
    assert [row["text"] for row in found.rows()] == ["ก", "a", "b", "ก", "ก"]
    assert all(row["meta"] == '{"a": 1}' and row["source"] == "test" for row in found.rows())
    assert len({row["id"] for row in found.rows()}) == 3


def test_equal_documents_are_taken_together():
    assert last_rank(np.array([5, 5, 1], dtype=np.uint64), np.array([3, 3, 3]), 4) == (5, 9.0)
    assert last_rank(np.array([5], dtype=np.uint64), np.array([3]), 0) == (NOTHING, 0.0)


def test_a_plan_of_other_documents_is_refused(run, tmp_path):
    plan = run(balance, of=documents(tmp_path / "a", SAID)).artifact
    with pytest.raises(InputError, match="the plan was made of"):
        run(sample, of=documents(tmp_path / "b", SAID[:-1]), plan=plan)
    with pytest.raises(InputError, match="does not name deu_Latn"):
        run(sample, of=documents(tmp_path / "c", [*SAID, ("deu_Latn", "x")]), plan=plan)


# Shares from small runs


def runs_of(path, law, shares, *, noise=0.0, sizes=((1.0, 1.0),), seed=0):
    """A table of runs that follow a law: language to (C of N and D, gamma)."""
    generator = np.random.default_rng(seed)
    lines = ["language\tshare\tloss\tparameters\tdata\trun"]
    for number, (share, (n, d)) in enumerate((each, size) for each in shares for size in sizes):
        for tag, (constant, gamma) in law.items():
            p = share if tag == "a" else 1 - share
            loss = constant(n, d) * p**-gamma * math.exp(noise * generator.normal())
            lines.append(f"{tag}\t{p}\t{loss}\t{n}\t{d}\t{number}")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_exponent_is_found_again_whatever_the_form_of_the_constant(tmp_path):
    law = {"a": (lambda n, d: 1.2 + 8 / n**0.3 + 5 / d**0.25, 0.08), "b": (lambda n, d: 2.0 + 3 / n**0.5, 0.2)}
    sizes = [(n, d) for n in (1e3, 1e4, 1e5) for d in (1e4, 1e6, 1e8)]
    runs = read_small_runs(runs_of(tmp_path / "r.tsv", law, (0.1, 0.3, 0.6), sizes=sizes))
    found = fit(runs, "a", parameters=1e6, data=1e9)
    assert found.gamma == pytest.approx(0.08, rel=1e-6)
    assert found.scaled
    # beyond the sizes of the runs, the fitted constant is right within a few per cent
    assert found.constant == pytest.approx(law["a"][0](1e6, 1e9), rel=0.03)
    assert fit(runs, "b", parameters=1e6, data=1e9).constant == pytest.approx(law["b"][0](1e6, 1e9), rel=0.03)


def test_runs_of_one_size_do_not_say_how_size_matters(tmp_path):
    law = {"a": (lambda n, d: 3.0, 0.1), "b": (lambda n, d: 2.0, 0.3)}
    found = fit(read_small_runs(runs_of(tmp_path / "r.tsv", law, (0.2, 0.5, 0.8))), "a")
    assert not found.scaled
    assert not found.terms
    assert (found.gamma, found.constant) == (pytest.approx(0.1), pytest.approx(3.0))


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(0.5, 5), st.floats(0.02, 0.6), st.floats(0.1, 3)), min_size=2, max_size=5))
def test_the_best_shares_agree_with_a_general_optimiser(said):
    constants, gammas, weights = zip(*said, strict=True)
    found = best_shares(constants, gammas, weights)
    assert found.sum() == pytest.approx(1)

    def loss(p):
        return float(np.sum(np.array(weights) * np.array(constants) * np.clip(p, 1e-9, None) ** -np.array(gammas)))

    start = np.full(len(said), 1 / len(said))
    oracle = minimize(
        loss, start, method="SLSQP", bounds=[(1e-6, 1)] * len(said), constraints={"type": "eq", "fun": lambda p: p.sum() - 1}
    )
    assert loss(found) <= loss(oracle.x) * (1 + 1e-6)
    assert loss(found) <= loss(start) * (1 + 1e-12)


def test_best_shares_of_four_hundred_languages_and_of_one_without_weight():
    found = best_shares(np.linspace(1, 4, 400), np.linspace(0.01, 0.9, 400), np.ones(400))
    assert found.sum() == pytest.approx(1)
    assert (found > 0).all()
    assert best_shares([1, 1], [0.1, 0.2], [1, 0]).tolist() == [1, 0]


def test_a_law_plans_and_says_what_it_does_not_know(run, tmp_path):
    law = {"a": (lambda n, d: 3.0, 0.05), "b": (lambda n, d: 3.0, 0.3)}
    path = runs_of(tmp_path / "r.tsv", law, (0.4, 0.5, 0.6), noise=0.002)
    of = documents(tmp_path / "d", [("eng_Latn", "x" * 600), ("deu_Latn", "y" * 300), ("tha_Thai", "ก" * 100)])
    groups = {"eng_Latn": "b", "deu_Latn": "b", "tha_Thai": "a"}
    ran = run(balance, of=of, strategy=Law(runs=str(path), groups=groups))
    shares = {each["language"]: each["share"] for each in ran.artifact.rows}
    expected = best_shares([3, 3], [0.05, 0.3], [1, 1])
    assert shares["tha_Thai"] == pytest.approx(expected[0], abs=0.01)
    assert shares["eng_Latn"] / shares["deu_Latn"] == pytest.approx(2)
    figures = ran.step.figures["law"]
    assert figures["a"]["gamma_interval"][0] < 0.05 < figures["a"]["gamma_interval"][1]
    assert figures["b"]["share_interval"][0] < expected[1] < figures["b"]["share_interval"][1]
    said = " ".join(ran.step.notes)
    assert "do not differ enough in size" in said
    assert "outside the shares of the runs" in said
    assert "what repetition costs" in said
    assert json.dumps(ran.step.figures)
    again = run(balance, of=of, strategy=Law(runs=str(path), groups=groups))
    assert again.step.figures == ran.step.figures


def test_what_a_table_of_runs_may_not_be(run, tmp_path):
    of = documents(tmp_path / "d", [("eng_Latn", "x")])
    rising = {"a": (lambda n, d: 3.0, -0.1), "b": (lambda n, d: 3.0, 0.3)}
    path = runs_of(tmp_path / "r.tsv", rising, (0.2, 0.5, 0.8))
    for strategy, said in (
        (Law(runs=str(path)), "says nothing of eng_Latn"),
        (Law(runs=str(path), groups={"eng_Latn": "a"}), "does not fall with its share"),
        (Law(runs=str(path), groups={"eng_Latn": "b"}, weights={"c": 1}), "a weight is given for c"),
        (Law(runs=str(path), groups={"eng_Latn": "b"}, weights={"b": 0}), "all weights are 0"),
        (Law(runs=str(tmp_path / "none.tsv")), "no such file"),
        (Law(runs=str(tmp_path / "r.xls")), "unknown format"),
    ):
        with pytest.raises(InputError, match=said):
            run(balance, of=of, strategy=strategy)
    for lines, said in (
        ("language\tshare\n", "no column 'loss'"),
        ("language\tshare\tloss\n", "is empty"),
        ("language\tshare\tloss\na\t1.5\t2\n", "share is 1.5 in row 1"),
        ("language\tshare\tloss\na\t0\t2\n", "share is 0 in row 1"),
        ("language\tshare\tloss\na\t0.5\thigh\n", "no number"),
    ):
        bad = tmp_path / "bad.tsv"
        bad.write_text(lines)
        with pytest.raises(InputError, match=said):
            read_small_runs(bad)
    same = runs_of(tmp_path / "same.tsv", {"b": (lambda n, d: 3.0, 0.3)}, (0.5, 0.5, 0.5))
    with pytest.raises(InputError, match="cannot be told"):
        fit(read_small_runs(same), "b")


def test_a_sample_is_the_same_bytes_for_any_number_of_workers(tmp_path):
    from panglot.artifacts import Engine, step_folder

    of = documents(tmp_path / "d", SAID, shards=4)
    with step_folder(tmp_path / "plan") as step:
        balance(of=of, strategy=Temperature(alpha=0), step=step)
    plan = Plan.open(tmp_path / "plan")
    digests = []
    for workers in (1, 3):
        with step_folder(tmp_path / f"s{workers}", seed=3, engine=Engine("local", workers)) as step:
            sample(of=of, plan=plan, step=step)
        digests.append(Documents.open(tmp_path / f"s{workers}").digest)
    assert digests[0] == digests[1]
