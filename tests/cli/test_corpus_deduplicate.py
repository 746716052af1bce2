"""`panglot corpus deduplicate`: the recipe it writes, and a run."""

import json

import pytest

from panglot.cli.corpus.deduplicate import recipe_of
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter

TEXTS = [
    "ພາສາລາວ ເປັນພາສາຂອງຊາວລາວ ທີ່ໃຊ້ໃນປະເທດລາວ ແລະ ພາກຕາເວັນອອກສຽງເໜືອຂອງໄທ",
    "ພາສາລາວເປັນພາສາຂອງຊາວລາວ ທີ່ໃຊ້ໃນປະເທດລາວ ແລະພາກຕາເວັນອອກສຽງເໜືອຂອງໄທ!",
    "ຂໍ້ຄວາມອື່ນ",
]


def write(folder, texts):
    with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
        for text in texts:
            writer.document(text, "lao_Laoo", source="test")
    return folder


def test_a_run_and_a_second_crawl_against_its_index(panglot, tmp_path):
    first = write(tmp_path / "first", TEXTS)
    outcome = panglot(
        "corpus", "deduplicate", first, "--out", tmp_path / "run", "--index", "2023", "--workers", 1, "--quiet", "--json"
    )
    assert outcome.code == 0, outcome.err
    said = outcome.out
    found = json.loads(said)
    assert list(Documents(tmp_path / "run" / "steps" / "deduplicated").texts()) == [TEXTS[0], TEXTS[2]]
    assert found["figures"]["deduplicated"]["documents"]["dropped"] == {"duplicate": 1}
    second = write(tmp_path / "second", [TEXTS[1], "ໃໝ່ໝົດ"])
    outcome = panglot("corpus", "deduplicate", second, "--out", tmp_path / "again", "--against", found["index"], "--workers", 1)
    assert outcome.code == 0, outcome.err
    said = outcome.out
    assert "lao_Laoo" in said
    kept = Documents(tmp_path / "again" / "steps" / "deduplicated")
    assert list(kept.texts()) == ["ໃໝ່ໝົດ"]
    assert [row["text"] for row in kept.dropped.rows()] == [TEXTS[1]]


def test_dry_run_writes_nothing(panglot, tmp_path):
    folder = write(tmp_path / "d", TEXTS)
    outcome = panglot(
        "corpus", "deduplicate", folder, "--out", tmp_path / "run", "--passages", 10, "--exact", "--across", "--dry-run"
    )
    assert outcome.code == 0, outcome.err
    said = outcome.out
    assert "corpus.repeated_passages" in said and "corpus.exact_duplicates" in said
    assert not (tmp_path / "run").exists()


def test_recipe(tmp_path):
    folder = write(tmp_path / "d", TEXTS)
    recipe = recipe_of(
        folder, {"across": True, "threshold": 0.8}, exact=False, keep="longest", against=[tmp_path], index="a", passages=None
    )
    assert list(recipe.steps) == ["text", "index_1", "duplicates", "deduplicated", "index"]
    said = {"of": "$text", "across": True, "threshold": 0.8, "against": ["$index_1"]}
    assert recipe.steps["duplicates"].parameters == said
    assert recipe.steps["index"].parameters == {"of": "$deduplicated", "name": "a", "kind": "near", "across": True}


@pytest.mark.parametrize(
    ("flags", "what"), [(["--keep", "best"], "first or the longest"), (["--exact", "--threshold", "0.8"], "no threshold")]
)
def test_impossible_flags(panglot, tmp_path, flags, what):
    outcome = panglot("corpus", "deduplicate", write(tmp_path / "d", TEXTS), "--out", tmp_path / "run", *flags)
    assert outcome.code == 2 and what in outcome.last_error
