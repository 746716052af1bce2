"""What a person sees when nothing is wrong."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from calling import Panglot

from panglot import __version__
from panglot.recipes.recipe import builtin_names, load

ALONE = ("--model", "tiny:bert", "--retain", "none", "--control", "none", "--epochs", "1", "--test", "20", "--out", "run")


def test_help_names_every_command(panglot: Panglot) -> None:
    outcome = panglot("--help")
    assert outcome.code == 0
    for each in ("adapt", "run", "recipes", "components", "report", "languages", "corpus", "doctor"):
        assert each in outcome.out


def test_version(panglot: Panglot) -> None:
    assert panglot("--version").out.strip() == f"panglot {__version__}"


def test_help_and_import_load_nothing_heavy() -> None:
    program = "import sys, panglot; sys.argv = ['panglot', '--help']\nfrom panglot.cli import main\n"
    program += "try: main()\nexcept SystemExit: pass\n"
    program += "print([each for each in ('torch', 'transformers', 'pyarrow', 'numpy', 'pydantic') if each in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("search", "tag"), [("sorbian", "hsb_Latn"), ("سۆرانی", "ckb_Arab"), ("ދިވެހި", "div_Thaa"), ("khm", "khm_Khmr")]
)
def test_languages(panglot: Panglot, search: str, tag: str) -> None:
    assert tag in panglot("languages", search).out
    assert tag in [each["tag"] for each in json.loads(panglot("languages", search, "--json").out)]


def test_recipes_list_show_copy_and_plan(panglot: Panglot, tmp_path: Path) -> None:
    assert all(each in panglot("recipes").out for each in builtin_names())
    shown = panglot("recipes", "show", "add-upper-sorbian").out
    assert "evaluation.bitext_retrieval" in shown
    assert panglot("recipes", "copy", "add-upper-sorbian", "mine.yaml").code == 0
    assert (tmp_path / "mine.yaml").read_text() == shown
    refused = panglot("recipes", "copy", "add-upper-sorbian", "mine.yaml")
    assert refused.code == 2
    assert "exists already" in refused.err


def test_components_show_their_parameters(panglot: Panglot) -> None:
    assert "alignment.contrastive" in panglot("components").out
    shown = panglot("components", "alignment.contrastive").out
    assert "temperature" in shown
    assert "0.05" in shown


def test_the_built_in_recipe_is_what_adapt_writes(panglot: Panglot) -> None:
    from panglot.languages import Language
    from panglot.recipes.adapt import DEFAULT_RETAINED, DEMO_PACKAGES, Adaptation, adapt_recipe

    retained = [Language(each) for each in DEFAULT_RETAINED]
    upper_sorbian, german = Language("hsb_Latn"), Language("deu_Latn")
    written = adapt_recipe(Adaptation(upper_sorbian, packages=list(DEMO_PACKAGES), retain=retained, control=german))
    assert load("add-upper-sorbian").steps == written.steps


def test_doctor_reports_without_failing(panglot: Panglot) -> None:
    outcome = panglot("doctor", "--json")
    checks = {each["what"]: each for each in json.loads(outcome.out)["checks"]}
    assert checks["torch"]["state"] == "ok"
    assert checks["embedded:e5-small"]["state"] in ("ok", "note")


def test_adapt_from_a_file_to_a_report(panglot: Panglot, pairs_file: Path, tmp_path: Path) -> None:
    arguments = ("adapt", "--language", "Upper Sorbian", "--pairs", pairs_file, *ALONE)
    plan = panglot(*arguments, "--dry-run")
    assert "alignment.contrastive" in plan.out
    assert not (tmp_path / "run").exists()
    first = panglot(*arguments, "--json")
    assert first.code == 0, first.err
    said = json.loads(first.out)
    assert {each["state"] for each in said["steps"].values()} == {"ran"}
    for name in ("recipe.yaml", "results.parquet", "report.html", "model/README.md", "model/model.safetensors"):
        assert (tmp_path / "run" / name).is_file(), name
    second = panglot(*arguments)
    assert "0 steps run" in second.err
    assert "run/report.html" in second.out
    import shutil

    shutil.rmtree(tmp_path / "run" / "steps" / "split")
    third = json.loads(panglot(*arguments, "--json").out)
    assert [name for name, each in third["steps"].items() if each["state"] == "ran"] == ["split"]
    assert third["steps"]["split"]["digest"] == said["steps"]["split"]["digest"]
    again = panglot("run", tmp_path / "run" / "recipe.yaml", "--out", "run")
    assert "0 steps run" in again.err
    assert panglot("report", "run").out.strip() == "run/report.html"


def test_a_script_in_a_translation_stays_text(panglot: Panglot, pairs_file: Path, tmp_path: Path) -> None:
    lines = pairs_file.read_text().splitlines()
    evil = "<script>alert(1)</script>"
    pairs_file.write_text("\n".join([lines[0], *(f"{evil} {line}" for line in lines[1:])]) + "\n")
    assert panglot("adapt", "--language", "hsb", "--pairs", pairs_file, *ALONE).code == 0
    page = (tmp_path / "run" / "report.html").read_text()
    assert evil not in page
    assert "&lt;script&gt;alert(1)" in page
    card = (tmp_path / "run" / "model" / "README.md").read_text()
    # inside a fence, text is shown and not read as HTML
    assert evil not in re.sub(r"^```.*?^```$", "", card, flags=re.MULTILINE | re.DOTALL)


def test_two_aligned_files_as_one_argument(panglot: Panglot, pairs_file: Path, tmp_path: Path) -> None:
    rows = [line.split("\t") for line in pairs_file.read_text().splitlines()[1:]]
    for number, name in enumerate(("a.hsb", "a.en")):
        (tmp_path / name).write_text("\n".join(row[number] for row in rows) + "\n")
    recipe = panglot("adapt", "--language", "hsb", "--pairs", "a.hsb,a.en", *ALONE, "--show-recipe").out
    assert "a.hsb,a.en" in recipe
    assert panglot("adapt", "--language", "hsb", "--pairs", "a.hsb,a.en", *ALONE).code == 0


def test_a_changed_model_folder_is_loaded_again(panglot: Panglot, tmp_path: Path) -> None:
    from panglot.models.tiny import write_tiny

    write_tiny("tiny:bert", tmp_path / "model")
    recipe = tmp_path / "r.yaml"
    recipe.write_text("steps:\n  base: {use: models.load, name: model}\n")
    assert panglot("run", recipe, "--out", "run").code == 0
    assert "0 steps run" in panglot("run", recipe, "--out", "run").err
    settings = json.loads((tmp_path / "model" / "config.json").read_text())
    (tmp_path / "model" / "config.json").write_text(json.dumps(settings | {"layer_norm_eps": 1e-6}))
    assert "1 steps run" in panglot("run", recipe, "--out", "run").err


@pytest.mark.parametrize("own", [True, False])
def test_the_report_says_when_the_control_is_of_another_domain(
    panglot: Panglot, pairs_file: Path, tmp_path: Path, own: bool
) -> None:
    pytest.importorskip("django")
    tiny = ("--model", "tiny:bert", "--epochs", "1", "--test", "20", "--retain", "none", "--control", "deu", "--out", "run")
    rows = [line.split("\t") for line in pairs_file.read_text().splitlines()[1:]]
    german = tmp_path / "german.tsv"
    german.write_text("\n".join(["de\ten", *(f"{text} ja\t{english} yes" for text, english in rows)]) + "\n")
    others = ("--other-pairs", f"deu={german}") if own else ()
    outcome = panglot("adapt", "--language", "hsb", "--pairs", pairs_file, *others, *tiny, "--json")
    assert outcome.code == 0, outcome.err
    limits = json.loads(outcome.out)["figures"]["limits"]
    assert any("another kind of text" in each for each in limits) is not own
