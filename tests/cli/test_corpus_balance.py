"""`panglot corpus balance`: the table, the warnings, samples, and what it refuses."""

import json

import pytest

from panglot.artifacts import InputError
from panglot.cli.corpus.balance import amount, strategy_value


@pytest.fixture
def texts(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "eng.txt").write_text("\n".join(f"a longer line of English {n}" for n in range(400)) + "\n")
    (folder / "tha.txt").write_text("\n".join(f"กินข้าว {n}" for n in range(30)) + "\n")
    return folder


def test_epochs_are_printed_and_many_are_warned_of(panglot, texts):
    outcome = panglot("corpus", "balance", texts, "--strategy", "alpha", "--alpha", 0, "--out", "run", "--quiet")
    assert outcome.code == 0, outcome.err
    thai = next(line for line in outcome.out.splitlines() if line.startswith("tha_Thai"))
    assert "50.00%" in thai
    assert "above four epochs" in thai
    assert "Above 4 epochs: tha_Thai" in outcome.out.replace("\n", " ")
    assert "run/steps/plan/plan.parquet" in outcome.out


def test_a_sample_of_a_run_is_balanced_again(panglot, texts, tmp_path):
    first = panglot(
        "corpus",
        "balance",
        texts,
        "--strategy",
        "unimax",
        "--epochs",
        3,
        "--budget",
        "2k",
        "--sample",
        "--out",
        tmp_path / "run",
        "--json",
    )
    said = json.loads(first.out)
    assert {each["language"]: each["epochs"] for each in said["plan"]}["tha_Thai"] == pytest.approx(3, abs=0.1)
    assert said["figures"]["budget"] == 2000
    # the run folder stands for the last documents in it: the sample
    again = json.loads(panglot("corpus", "balance", tmp_path / "run", "--alpha", 1, "--out", "again", "--json").out)
    shares = {each["language"]: each["share"] for each in again["plan"]}
    assert shares["tha_Thai"] == pytest.approx({each["language"]: each["share"] for each in said["plan"]}["tha_Thai"], abs=0.03)
    step = json.loads((tmp_path / "again" / "steps" / "text" / "manifest.json").read_text())
    assert step["component"] == "corpus.existing"


def test_dry_run_writes_nothing(panglot, texts, tmp_path):
    outcome = panglot("corpus", "balance", texts, "--out", "run", "--dry-run")
    assert "corpus.balance" in outcome.out
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--strategy", "unmax"), "did you mean 'unimax'"),
        (("--strategy", "law"), "needs --runs"),
        (("--strategy", "fixed"), "needs --weights"),
        (("--strategy", "unimax", "--alpha", "0.3"), "--alpha belongs to the strategy temperature"),
        (("--budget", "2X"), "is no amount"),
        (("--budget", "0"), "the budget is 0"),
        (("--most-shares", "eng"), "is no language=number"),
        (("--most-shares", "deu=0.5"), "there is no text of deu_Latn"),
        (("--strategy", "fixed", "--weights", "eng=1"), "no weight is given for tha_Thai"),
    ],
)
def test_what_is_refused(panglot, texts, arguments, said):
    outcome = panglot("corpus", "balance", texts, *arguments, "--out", "run", "--quiet")
    assert outcome.code == 2
    assert said in outcome.err


def test_a_folder_without_documents(panglot, tmp_path):
    assert "no such file" in panglot("corpus", "balance", tmp_path / "none", "--out", "run").last_error
    (tmp_path / "run" / "steps").mkdir(parents=True)
    assert "no step of this run wrote documents" in panglot("corpus", "balance", tmp_path / "run", "--out", "o").last_error


def test_amounts_and_strategies():
    assert [amount(each) for each in ("2b", "1,500", "0.5k", " 3 T ")] == [2e9, 1500, 500, 3e12]
    assert strategy_value("fixed", weights="hsb=1,und=2")["weights"] == {"hsb_Latn": 1, "und": 2}
    for wrong in ("", "-3", "2 apples"):
        with pytest.raises(InputError):
            amount(wrong)
