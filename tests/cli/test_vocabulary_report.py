"""`panglot vocabulary report`: the whole road, and everything that a person can get wrong."""

import json
from pathlib import Path

import pytest
from calling import Outcome, Panglot

ENGLISH = [f"Child {number} eats" + " a lot" * (number % 5) for number in range(20)]
SORBIAN = [f"Dźěćo čisło {number} doma jě" + " a spi" * (number % 5) for number in range(20)]
KHMER = [f"កុមារ {number} ញ៉ាំបាយ" + "នៅផ្ទះ" * (number % 5) for number in range(20)]


@pytest.fixture(autouse=True)
def texts(tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    for tag, lines in {"eng_Latn": ENGLISH, "hsb_Latn": SORBIAN, "khm_Khmr": KHMER}.items():
        (tmp_path / "all" / f"{tag}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "short.txt").write_text("ein Haus\n", encoding="utf-8")


def report(panglot: Panglot, *more: object, models: tuple[str, ...] = ("tiny:bert",), out: str = "run") -> Outcome:
    named = [part for model in models for part in ("--model", model)]
    return panglot("vocabulary", "report", *named, *more, "--out", out)


def refused(outcome: Outcome, *words: str) -> None:
    assert outcome.code == 2, outcome
    assert "Traceback" not in outcome.err and outcome.out == ""
    for each in words:
        assert each.lower() in outcome.err.lower(), outcome.err
    assert not list(Path().glob("run/**/.partial"))
    assert not Path("run/report.html").exists() and not Path("run/results.parquet").exists()


def one_line(outcome: Outcome, *words: str) -> None:
    refused(outcome, *words)
    assert outcome.last_error.startswith("panglot: ")
    for each in words:
        assert each.lower() in outcome.last_error.lower(), outcome.last_error


def test_the_whole_road(panglot: Panglot) -> None:
    outcome = report(panglot, "--text", "all", "--price-in", 0.5, "--context", 512)
    assert outcome.code == 0, outcome.err
    for said in (
        "Khmer",
        "Upper Sorbian",
        "premium",
        "tokens/word",
        "USD/M chars",
        "pays",
        "run/report.html",
        "results.parquet",
    ):
        assert said in outcome.out, said
    # the dearest stands first, the reference pays 1.00, and the page is named below the table
    lines = outcome.out.splitlines()
    places = [
        next(n for n, line in enumerate(lines) if line.startswith(each)) for each in ("Khmer", "Upper", "English", "report")
    ]
    assert places == sorted(places)
    assert "1.00" in lines[places[2]]
    assert Path("run/report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_two_tokenizers_and_json(panglot: Panglot) -> None:
    outcome = report(panglot, "--text", "all", "--json", models=("tiny:bert", "tiny:llama"))
    assert outcome.code == 0, outcome.err
    said = json.loads(outcome.out)
    assert [each["name"] for each in said["figures"]["tokenizers"]] == ["tiny:bert", "tiny:llama"]
    # both write bytes
    assert said["figures"]["headline"]["sentence"].startswith("No language is shown to take more or fewer tokens")
    assert said["report"].endswith("report.html")


def test_texts_after_the_options_and_a_second_run_that_keeps_everything(panglot: Panglot) -> None:
    arguments = ("--text", "hsb=all/hsb_Latn.txt", "eng=all/eng_Latn.txt", "--json")
    first, second = (json.loads(report(panglot, *arguments).out) for _ in range(2))
    assert [each["tag"] for each in first["figures"]["languages"]] == ["eng_Latn", "hsb_Latn"]
    assert {each["state"] for each in second["steps"].values()} == {"kept"}
    assert first["figures"] == second["figures"]


def test_the_recipe_runs_by_itself(panglot: Panglot) -> None:
    report(panglot, "--text", "all")
    outcome = panglot("run", "run/recipe.yaml", "--out", "again")
    assert outcome.code == 0, outcome.err
    assert Path("run/results.parquet").read_bytes() == Path("again/results.parquet").read_bytes()


def test_another_reference(panglot: Panglot) -> None:
    outcome = report(panglot, "--text", "all", "--reference", "khm")
    assert outcome.code == 0 and "Khmer" in outcome.out and "No language pays more than Khmer" in outcome.out


def test_one_language_and_no_parallel_text(panglot: Panglot) -> None:
    outcome = report(panglot, "--text", "hsb=all/hsb_Latn.txt")
    assert outcome.code == 0, outcome.err
    assert "tokens per character" in outcome.out and "premium" not in outcome.out


def test_text_of_no_language(panglot: Panglot) -> None:
    outcome = report(panglot, "--text", "short.txt")
    assert outcome.code == 0 and "unknown language" in outcome.out


def test_limit(panglot: Panglot) -> None:
    said = json.loads(report(panglot, "--text", "all", "--limit", 3, "--json").out)
    assert {each["documents"] for each in said["figures"]["languages"]} == {3}


def test_dry_run_writes_nothing(panglot: Panglot) -> None:
    outcome = report(panglot, "--text", "all", "--dry-run")
    assert outcome.code == 0 and "vocabulary.measure" in outcome.out
    assert not Path("run").exists()


def test_missing_text(panglot: Panglot) -> None:
    one_line(report(panglot), "--text")
    one_line(report(panglot, "--text", "absent.txt"), "absent.txt")
    one_line(report(panglot, "--text", "all", "hsb=gone.txt"), "gone.txt")


def test_empty_text(panglot: Panglot) -> None:
    Path("empty.txt").write_text("\n  \n\n")
    one_line(report(panglot, "--text", "eng=empty.txt"), "no document was found", "empty.txt")


def test_missing_model(panglot: Panglot) -> None:
    one_line(report(panglot, "--text", "all", models=("./absent",)), "absent")
    one_line(report(panglot, "--text", "all", models=("tiny:bret",)), "tiny:bert")
    refused(report(panglot, "--text", "all", models=()), "--model")


def test_unequal_numbers_of_documents_are_not_parallel(panglot: Panglot) -> None:
    one_line(report(panglot, "--text", "all", "deu=short.txt", "--parallel"), "parallel", "deu_Latn", "1 document,")
    # not said to be parallel, they are measured without a premium
    assert report(panglot, "--text", "all", "deu=short.txt").code == 0


def test_parallel_without_the_reference(panglot: Panglot) -> None:
    one_line(report(panglot, "--text", "hsb=all/hsb_Latn.txt", "--parallel"), "no text in the reference", "eng_Latn")


def test_unknown_reference(panglot: Panglot) -> None:
    one_line(report(panglot, "--text", "all", "--reference", "xyzzy"), "xyzzy")


@pytest.mark.parametrize(
    ("option", "value"),
    [("--price-in", "-1"), ("--price-in", "nan"), ("--price-out", "inf"), ("--context", "0"), ("--currency", "x" * 40)],
)
def test_prices_that_are_none(panglot: Panglot, option: str, value: str) -> None:
    more = () if option == "--price-in" else ("--price-in", "1")
    refused(report(panglot, "--text", "all", *more, option, value))


def test_as_many_names_as_tokenizers(panglot: Panglot) -> None:
    report(panglot, "--text", "all", "--dry-run")
    Path("recipe.yaml").write_text(
        "name: names\nsteps:\n  text: {use: corpus.read_text, files: [all]}\n  one: {use: vocabulary.load, name: 'tiny:bert'}\n"
        "  measures: {use: vocabulary.measure, of: [$one], names: [a, b], text: $text}\n"
    )
    one_line(panglot("run", "recipe.yaml", "--out", "run"), "2 names for 1 tokenizer")


def test_a_damaged_tokenizer(panglot: Panglot) -> None:
    Path("own").mkdir()
    Path("own/tokenizer.json").write_text('{"model": {"type": "WordPiece"')
    one_line(report(panglot, "--text", "all", models=("./own",)), "tokenizer")
