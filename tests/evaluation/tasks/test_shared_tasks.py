"""The built-in tasks on the real files: nothing is lost, labels are as balanced as they are."""

from collections import Counter

import pytest

from panglot.evaluation import tasks

LOCAL = [
    "afriqa", "afriqa-answers", "afriqa-retrieval", "afrisenti", "americasnli", "amqa", "belebele", "bible", "exams",
    "flores-v1", "mafand", "masakhaner",
    "masakhanews", "masakhapos", "mgsm", "multi30k", "nusax", "panlex-bli", "quran", "semrel", "sib200", "sib200-pairs",
    "stsb", "tatoeba", "ud-parsing", "ud-pos", "ud-pud-parsing", "ud-pud-pos",
    "wisesight", "xcopa", "xnli", "xquad", "xsid-intent", "xsid-slots",
    "xwinograd",
]  # fmt: skip
LEFT_OUT = {
    "afriqa": {"the answer is not in the context": 163, "no context": 7},
    "afriqa-answers": {"no right answer": 143},
    "afriqa-retrieval": {"a query without a relevant passage": 7},
    "bible": {"no target": 28},
    "exams": {"no known answer": 1},
}
MENDED = {"afriqa": 22, "amqa": 20}


def counted(shared):
    """Rows of each file of the data pack, by its manifest."""
    lines = (shared / "manifest" / "files.tsv").read_text().splitlines()[1:]
    return {path: int(rows) for path, _, rows, _ in (line.split("\t") for line in lines) if rows}


def file_of(task, tag, split, shared):
    return task.paths(tag, split, shared)[0].relative_to(shared).as_posix()


@pytest.mark.parametrize("name", LOCAL)
def test_one_language_of_each(shared, name):
    task = tasks.find(name)
    split = "test" if "test" in task.splits else "dev"
    tag = next(each for each in sorted(task.languages, reverse=True) if task.paths(each, split, shared))
    found = task.items(tag, split, shared)
    assert len(found) + sum(found.left_out.values()) <= counted(shared)[file_of(task, tag, split, shared)]
    assert len({each.id for each in found.items}) == len(found) > 0
    assert {each.language for each in found.items} == {tag}
    first = found.items[0]
    parts = {
        "classification": first.fields and first.label is not None,
        "choice": len(first.choices) > 1 and first.label is not None,
        "generation": first.references,
        "extraction": first.references and first.references[0] in first.fields.get("context", ""),
        "tagging": len(first.words) == len(first.tags) > 0,
        "parsing": len(first.words) == len(first.tags) == len(first.heads) > 0,
        "pairs": set(first.fields) == {"source", "target"},
        "similarity": first.score is not None,
        "retrieval": "query" in first.fields and (first.relevant or first.references),
    }
    assert parts[task.kind]
    if task.kind == "similarity":
        low, high = task.range
        assert all(low <= each.score <= high for each in found.items)


@pytest.mark.slow
@pytest.mark.parametrize("name", LOCAL)
def test_counts_of_every_language_and_split_are_the_manifests(shared, name):
    task, rows, read, left_out, mended = tasks.find(name), counted(shared), Counter(), Counter(), 0
    for tag in task.languages:
        here = [split for split in task.splits if task.paths(tag, split, shared)]
        assert here or (task.hub and tag in task.hub.languages), tag
        for split in here:
            found = task.items(tag, split, shared)
            read[file_of(task, tag, split, shared), tag] += len(found) + sum(found.left_out.values())
            left_out.update(found.left_out)
            mended += sum(found.mended.values())
    assert {key: rows[key[0]] for key in read} == read
    assert left_out == LEFT_OUT.get(name, {})
    assert mended == MENDED.get(name, 0)


@pytest.mark.parametrize(
    ("name", "tag", "shares"),
    [
        ("xnli", "swh_Latn", {0: 1670, 1: 1670, 2: 1670}),
        ("americasnli", "quy_Latn", {0: 250, 1: 250, 2: 250}),
        ("xcopa", "tha_Thai", {0: 250, 1: 250}),
        ("nusax", "min_Latn", {0: 151, 1: 96, 2: 153}),
        ("afrisenti", "amh_Ethi", {0: 107, 1: 54, 2: 339}),
        ("belebele", "eng_Latn", {0: 219, 1: 224, 2: 232, 3: 225}),
        ("xwinograd", "zho_Hans", {0: 8, 1: 8}),
        ("exams", "tur_Latn", {0: 116, 1: 87, 2: 80, 3: 96, 4: 21}),
        ("wisesight", "tha_Thai", {0: 470, 1: 460, 2: 469, 3: 201}),
        ("masakhanews", "tir_Ethi", {0: 11, 1: 19, 2: 37, 3: 57, 5: 16, 6: 10}),
    ],
)
def test_labels_are_as_the_files_have_them(shared, name, tag, shares):
    found = tasks.find(name).items(tag, "test", shared)
    assert Counter(each.label for each in found.items) == shares


def test_ids_of_a_parallel_task_are_the_same_items(shared):
    task = tasks.find("sib200")
    first, second = (task.items(tag, "test", shared) for tag in ("nqo_Nkoo", "tha_Thai"))
    assert [each.id for each in first.items] == [each.id for each in second.items]
    assert [each.label for each in first.items] == [each.label for each in second.items]
    assert first.revision != second.revision


def test_any_pivot_and_both_directions(shared):
    pair = tasks.find("quran@urd").items("tur", "test", shared).items[0]
    into = tasks.find("quran@urd:into").items("tur", "test", shared).items[0]
    back = tasks.find("quran@urd:from").items("tur", "test", shared).items[0]
    assert into.fields["source"] == back.references[0] == pair.fields["target"]
    assert back.fields["source"] == into.references[0] == pair.fields["source"]
    basque = tasks.find("panlex-bli@eus").items("kat", "test", shared)
    assert len(basque) == counted(shared)["panlex_bli/kat-eus.test.tsv"] == 1506


def test_exemplars_and_gaps(shared):
    worked = tasks.find("mgsm").items("tha", "exemplars", shared)
    assert len(worked) == 8 and len(worked.items[0].references[0]) > 20
    gap = tasks.find("xwinograd").items("eng", "test", shared)
    assert len(gap) == 2325
    for item in gap.items[:50]:
        parts = item.fields
        assert parts["before"] + parts["pronoun"] + parts["after"] == parts["sentence"]
