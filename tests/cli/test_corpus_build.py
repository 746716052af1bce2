"""`panglot corpus build` and `panglot corpus inspect`."""

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from calling import Panglot

from panglot.artifacts import digest_folder, read_manifest
from panglot.corpus.documents import Documents
from panglot.corpus.engine import close

PARAGRAPHS = {
    "tha_Thai": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ต่างมีเหตุผลและมโนธรรม และควรปฏิบัติต่อกันด้วยเจตนารมณ์แห่งภราดรภาพ",
    "hin_Deva": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है। उन्हें बुद्धि और अन्तरात्मा की देन प्राप्त है।",
    "hsb_Latn": "Wšitcy čłowjekojo su wot naroda swobodni a su jenacy po dostojnosći a prawach. Woni su z rozumom wobdarjeni.",
}
FEW = ["--no-near", "--set", "thresholds.folder=own", "--workers", "2"]


@pytest.fixture(autouse=True, scope="module")
def _no_workers_left() -> Iterator[None]:
    yield
    close()


@pytest.fixture
def raw(panglot: Panglot, tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    for tag, text in PARAGRAPHS.items():
        texts = [f"{text} {number}" for number in range(6)]
        broken = "nichts Ã¼ber uns, fÃ¼r alle"
        (folder / f"{tag}.txt").write_text(
            "\n\n".join([*texts, texts[0], broken, "[bold]me@example.org[/] \x1b[31m"]), encoding="utf-8"
        )
    own = tmp_path / "own"
    own.mkdir()
    rules = {"characters": {"min": 40, "max": None}}
    said = {"format": 2, "languages": {tag: {"rules": rules} for tag in PARAGRAPHS}, "default": {}, "segmenter": ""}
    (own / "thresholds.json").write_text(json.dumps(said))
    return folder


def test_build(panglot: Panglot, raw: Path, tmp_path: Path) -> None:
    outcome = panglot("corpus", "build", raw, "--out", "run", "--json", *FEW)
    assert outcome.code == 0, outcome.err
    said = json.loads(outcome.out)
    steps = {each["step"]: each for each in said["figures"]["steps"]}
    assert list(steps) == ["read", "cleaned", "unique", "filtered", "masked"]
    assert steps["read"]["kept"] == steps["cleaned"]["in"]
    for each in steps.values():
        assert each["in"] == each["kept"] + sum(each["dropped"].values()) + each["quarantined"]
    assert steps["cleaned"]["changed"]["repaired"] == 3
    assert steps["unique"]["dropped"] == {"duplicate": 3}
    assert sum(steps["filtered"]["dropped"].values()) == 6
    published = Documents(tmp_path / "run")
    assert published.counts == dict.fromkeys(sorted(PARAGRAPHS), 6)
    assert next(iter(published.texts("hsb_Latn"))) == PARAGRAPHS["hsb_Latn"] + " 0"
    assert said["figures"]["languages"]["tha_Thai"]["documents"] == 6
    # nothing is done again, and what was published stays
    again = json.loads(panglot("corpus", "build", raw, "--out", "run", "--json", *FEW).out)
    assert {each["state"] for each in again["steps"].values()} == {"kept"}
    assert again["figures"] == said["figures"]


def test_number_of_workers_does_not_change_a_byte(panglot: Panglot, raw: Path, tmp_path: Path) -> None:
    for workers in (1, 3):
        assert panglot("corpus", "build", raw, "--out", f"run{workers}", "--quiet", *FEW[:-1], workers).code == 0
    names = sorted(each.name for each in (tmp_path / "run1" / "steps").iterdir())
    assert names == sorted(each.name for each in (tmp_path / "run3" / "steps").iterdir())
    for name in names:
        first, second = (read_manifest(tmp_path / run / "steps" / name) for run in ("run1", "run3"))
        assert first is not None
        assert second is not None
        assert (first.digest, first.figures, first.key) == (second.digest, second.figures, second.key)
    assert digest_folder(tmp_path / "run1" / "documents") == digest_folder(tmp_path / "run3" / "documents")


@pytest.mark.slow
def test_ray_gives_the_same_bytes(panglot: Panglot, raw: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is not installed")
    for engine in ("local", "ray"):
        outcome = panglot("corpus", "build", raw, "--out", engine, "--quiet", *FEW, "--engine", engine)
        assert outcome.code == 0, outcome.err
    skipped = [each.relative_to(tmp_path / "local").as_posix() for each in (tmp_path / "local").rglob("manifest.json")]
    for folder in ("documents", "steps"):
        inside = [each.removeprefix(f"{folder}/") for each in skipped]
        local, ray = (digest_folder(tmp_path / engine / folder, without=inside) for engine in ("local", "ray"))
        assert local == ray


def test_languages(panglot: Panglot, raw: Path, tmp_path: Path) -> None:
    outcome = panglot("corpus", "build", raw, "--out", "run", "--json", "--languages", "hsb,th", *FEW)
    assert outcome.code == 0, outcome.err
    assert Documents(tmp_path / "run").languages == ["hsb_Latn", "tha_Thai"]
    assert json.loads(outcome.out)["figures"]["steps"][1]["dropped"] == {"other language": 9}


def test_dry_run(panglot: Panglot, raw: Path, tmp_path: Path) -> None:
    outcome = panglot("corpus", "build", raw, "--out", "run", "--dry-run", "--json", *FEW)
    assert {each["state"] for each in json.loads(outcome.out)["steps"]} == {"to run", "after a change"}
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["raw", "--languages", "hsp_Latm"], "hsp_Latm"),
        (["raw", "--languages", "deu"], "there is no document of deu_Latn"),
        (["absent.txt"], "absent.txt"),
        (["raw", "--engine", "rya"], "did you mean 'ray'"),
        (["raw", "--address", "auto", "--engine", "local"], "only the engine ray has an address"),
        (["raw", "--thresholds", "raw"], "there are no thresholds here"),
        (["raw", "--unit", "verse"], "unit"),
        (["raw", "--set", "cleand.repair=false"], "did you mean 'cleaned'"),
    ],
)
def test_bad_input(panglot: Panglot, raw: Path, arguments: list[str], words: str) -> None:
    few = FEW if "--thresholds" not in arguments else ["--no-near"]
    outcome = panglot("corpus", "build", *arguments, "--out", "run", "--quiet", *few)
    assert outcome.code == 2
    assert words in outcome.last_error
    assert "Traceback" not in outcome.err


def test_folder_of_another_recipe(panglot: Panglot, raw: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recipe.yaml").write_text("name: thresholds\nsteps:\n  a: {use: corpus.read_text, files: [x]}\n")
    outcome = panglot("corpus", "build", raw, "--out", "run", *FEW)
    assert (outcome.code, "it holds a run of thresholds" in outcome.last_error) == (2, True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine")
    outcome = panglot("corpus", "build", raw, "--out", "other", *FEW)
    assert (outcome.code, "files of another kind" in outcome.last_error) == (2, True)


def test_inspect(panglot: Panglot, raw: Path, tmp_path: Path) -> None:
    assert panglot("corpus", "build", raw, "--out", "run", "--quiet", *FEW).code == 0
    kept = panglot("corpus", "inspect", "run", "--language", "tha", "-n", "2")
    assert kept.out.count("kept by masked") == 2
    assert PARAGRAPHS["tha_Thai"][:40] in kept.out
    assert "duplicate" in kept.out
    copies = json.loads(panglot("corpus", "inspect", "run", "--dropped", "duplicate", "--json", "-n", "99").out)
    assert [each["reason"] for each in copies["documents"]] == ["duplicate"] * 3
    assert copies["reasons"]["duplicate"] == 3
    every = panglot("corpus", "inspect", "run", "--dropped", "all", "--step", "filtered", "-n", "99")
    # the text cannot command the terminal, and is not read as markup
    assert "[bold]me@example.org[/]" in every.out
    assert "\x1b" not in every.out
    wrong = panglot("corpus", "inspect", "run", "--dropped", "duplicat")
    assert (wrong.code, "did you mean 'duplicate'" in wrong.last_error) == (2, True)
    assert panglot("corpus", "inspect", "absent").code == 2
    assert "no step 'filterd'" in panglot("corpus", "inspect", "run", "--step", "filterd").last_error
    plain = json.loads(panglot("corpus", "inspect", tmp_path / "run" / "steps" / "unique", "--json", "-n", "1").out)
    assert len(plain["documents"]) == 1


def test_what_was_quarantined_can_be_read(panglot: Panglot, tmp_path: Path) -> None:
    folder = tmp_path / "steps" / "one"
    folder.mkdir(parents=True)
    pq.write_table(one_document(), folder / "documents.parquet")
    record = {"reason": "ValueError", "where": "abc", "excerpt": "\x1b[2J", "detail": "ValueError: no good"}
    (folder / "quarantine.jsonl").write_text(json.dumps(record) + "\n")
    shown = panglot("corpus", "inspect", ".", "--dropped", "all")
    assert "no good" in shown.out
    assert "\\x1b[2J" in shown.out


def one_document():
    import pyarrow as pa

    from panglot.corpus.documents import SCHEMA

    row = {"id": "1", "text": "x", "language": "hsb_Latn", "source": "a", "url": None, "meta": None}
    return pa.Table.from_pylist([row], schema=SCHEMA)
