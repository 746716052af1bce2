"""Files in pieces and in parallel: the same bytes, nothing lost, the figures add up."""

import gzip
import itertools
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.artifacts import Engine, InputError, Step
from panglot.corpus import shards
from panglot.corpus.documents import Documents
from panglot.corpus.read_text import read_text
from panglot.corpus.reading import plan
from panglot.corpus.reading.bounded import Account, Source

BAD = [
    ('{"text": "a\\u0000b"}', "NUL byte"),
    ('{"text": "\\ud800"}', "lone surrogate"),
    ('{"text": "x", "language": "klingonese"}', "a language that nothing knows"),
    ('{"text": 7}', "a text is not a string"),
    ('{"text": "a"', "not JSON"),
    ('{"other": "a"}', "no key holds the text"),
    (json.dumps({"text": "ខ" * 1000}, ensure_ascii=False), "document larger than 1 KiB"),
]


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(plan, "_RANGE_BYTES", 5000)
    monkeypatch.setattr(plan, "_TASK_BYTES", 1000)
    monkeypatch.setattr(plan, "_GROUP_BYTES", 5000)


def lines(count):
    return [f"ߒߞߏ {number} " + "𞤀" * (number % 37) for number in range(count)]


def test_one_bad_document_in_ten_is_set_aside_with_its_place_and_all_add_up(run, tmp_path):
    rows = [json.dumps({"text": f"ok {number}"}) for number in range(90)]
    for number, (line, _) in enumerate(BAD):
        rows.insert(number * 9, line)
    path = tmp_path / "hsb.jsonl"
    path.write_text("\n".join(rows))
    ran = run(read_text, files=[str(path)], largest=1024)
    assert [row["text"] for row in ran.artifact.rows()] == [f"ok {number}" for number in range(90)]
    assert {each["reason"] for each in ran.quarantine} == {reason for _, reason in BAD}
    assert [each["where"] for each in ran.quarantine] == [f"{path}:{number * 9 + 1}" for number in range(len(BAD))]
    assert ran.step.figures["read"] == {"in": 97, "kept": 90, "quarantined": 7, "passed_over": {}}


def test_above_the_error_budget_it_stops_and_says_so(run, tmp_path):
    path = tmp_path / "hsb.jsonl"
    path.write_text('{"text": "ok"}\n' * 80 + '{"text": "\\u0000"}\n' * 15 + "{\n" * 5)
    with pytest.raises(InputError, match=r"20 of 100 documents were set aside.*budget of 10% \(NUL byte: 15, not JSON: 5\)"):
        run(read_text, files=[str(path)])


def test_repeated_identifiers_are_kept_and_told(run, tmp_path):
    path = tmp_path / "hsb.jsonl"
    path.write_text('{"id": "a", "text": "x"}\n{"id": "a", "text": "y"}\n{"id": "a", "text": "x"}\n')
    ran = run(read_text, files=[str(path)])
    assert [row["text"] for row in ran.artifact.rows()] == ["x", "y", "x"]
    assert [row["meta"] for row in ran.artifact.rows()] == ['{"id": "a"}'] * 3
    assert ran.step.notes == [
        "2 documents have an identifier that an earlier one of the same file has. All are kept: `id` is made from the content, "
        "and the file's own identifier is in `meta`."
    ]


def test_the_whole_file_and_its_bound(run, tmp_path):
    (tmp_path / "hsb.txt").write_text("a\n\n b\nc\n")
    (tmp_path / "deu.txt").write_text("0123456\n" * 200)
    ran = run(read_text, files=[str(tmp_path)], unit="file", largest=1024)
    assert [row["text"] for row in ran.artifact.rows()] == ["a\n\n b\nc"]
    assert ran.step.quarantined == {"file larger than 1 KiB": 1}


@given(
    st.lists(st.text(st.characters(exclude_characters="\n\r\0\ufeff", exclude_categories=("Cs",)), max_size=30), min_size=1),
    st.data(),
)
def test_parts_of_a_file_give_each_line_once(tmp_path_factory, texts, data):
    path = tmp_path_factory.mktemp("parts") / "a.txt"
    content = "\n".join(texts).encode()
    path.write_bytes(content + b"x")
    cuts = sorted(data.draw(st.sets(st.integers(1, max(len(content), 1)), max_size=5)))
    bounds = [0, *cuts, len(content) + 1]
    account = Account(Step(path.parent))
    found = [
        line for start, stop in itertools.pairwise(bounds) for _, line in Source(path, start=start, stop=stop).lines(account)
    ]
    assert found == [line.removesuffix("\r") for line in (content + b"x").decode().split("\n")]


def inputs(folder):
    folder.mkdir()
    (folder / "a.txt").write_text("\n".join(lines(400)))
    (folder / "b.jsonl").write_text(
        "".join(
            json.dumps({"text": each, "language": "bod"}) + ("\n{\n" if n == 9 else "\n") for n, each in enumerate(lines(300))
        )
    )
    (folder / "c.tsv.gz").write_bytes(
        gzip.compress(("id\ttext\n" + "".join(f"{n}\t{each}\n" for n, each in enumerate(lines(99)))).encode())
    )
    pq.write_table(
        pa.table({"text": lines(500), "url": [f"http://{n}" for n in range(500)]}), folder / "d.parquet", row_group_size=60
    )
    for number in range(5):
        (folder / f"e{number}.txt").write_text(f"ខ្មែរ {number}\n")
    return folder


def content(folder):
    return {
        each.relative_to(folder).as_posix(): each.read_bytes()
        for each in sorted(folder.rglob("*.*"))
        if "manifest" not in each.name
    }


def test_any_number_of_workers_and_any_cut_give_the_same_documents(run, tmp_path, small_pieces, monkeypatch):
    folder = inputs(tmp_path / "in")
    monkeypatch.setattr(shards, "SHARD_DOCUMENTS", 150)
    tasks = plan.cut(plan.plan(str(folder)), "line")
    assert len(tasks) > 8
    found = []
    for workers in (1, 2):
        step = Step(tmp_path / f"out{workers}", engine=Engine("local", workers))
        step.out.mkdir()
        read_text(files=[str(folder)], step=step)
        found.append((content(step.out), step.figures))
    assert found[0] == found[1]
    assert sorted(found[0][0])[:2] == ["documents/00000.parquet", "documents/00001.parquet"]
    rows = list(Documents(tmp_path / "out1").rows())
    expected = [*lines(400), *lines(300), *lines(99), *lines(500), *(f"ខ្មែរ {number}" for number in range(5))]
    assert [row["text"] for row in rows] == expected
    assert found[0][1]["read"] == {"in": len(expected) + 1, "kept": len(expected), "quarantined": 1, "passed_over": {}}
    monkeypatch.undo()
    whole = run(read_text, files=[str(folder)])
    assert list(whole.artifact.rows()) == rows
    again = run(read_text, files=[str(tmp_path / "out1")])
    assert list(again.artifact.rows()) == rows


def test_shards_are_cut_by_documents_and_by_characters(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "SHARD_DOCUMENTS", 3)
    monkeypatch.setattr(shards, "SHARD_CHARACTERS", 10)
    with shards.ShardWriter(tmp_path) as writer:
        for text in ("aa", "b", "c", "d", "eeeeeeee", "ff", "ggggggggggggggg", "h"):
            writer.document(text, "und", source="x")
    found = [pq.read_table(tmp_path / name)["text"].to_pylist() for name in writer.names]
    assert found == [["aa", "b", "c"], ["d", "eeeeeeee"], ["ff"], ["ggggggggggggggg"], ["h"]]


def test_one_side_of_translations(run, tmp_path):
    segments = '<tuv xml:lang="km"><seg>មួយ<ph>x</ph></seg></tuv><tuv xml:lang="en"><seg>one</seg></tuv>'
    tmx = f"<tmx><body><tu>{segments}</tu></body></tmx>"
    po = 'msgid ""\nmsgstr "Language: km\\nContent-Type: text/plain; charset=UTF-8\\n"\n\n'
    po += 'msgid "open"\nmsgstr "បើក"\n\nmsgid "x"\nmsgstr ""\n'
    (tmp_path / "a.tmx").write_text(tmx)
    (tmp_path / "a.po").write_text(po)
    ran = run(read_text, files=[str(tmp_path)])
    assert [(row["language"], row["text"]) for row in ran.artifact.rows()] == [
        ("khm_Khmr", "បើក"), ("khm_Khmr", "មួយ"), ("eng_Latn", "one"),
    ]  # fmt: skip
    assert ran.step.figures["read"]["passed_over"] == {"gettext entry untranslated": 1}
    one = run(read_text, files=[f"khm={tmp_path / 'a.tmx'}"])
    assert [row["text"] for row in one.artifact.rows()] == ["មួយ"]


def test_a_language_and_a_script_in_two_columns(run, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "добро", "language": "srp", "language_script": "Cyrl"}\n')
    assert run(read_text, files=[str(tmp_path / "a.jsonl")]).artifact.counts == {"srp_Cyrl": 1}


def test_files_of_other_formats_in_a_folder_are_counted(run, tmp_path):
    for name in ("hsb.txt", "a.docx", "b.wat.gz", "README"):
        (tmp_path / name).write_text("x\n")
    assert run(read_text, files=[str(tmp_path)]).step.figures["files_of_other_formats"] == {"docx": 1, "no suffix": 1, "wat": 1}


def test_real_text_of_many_languages(run, shared):
    ran = run(read_text, files=[str(shared / "udhr" / "udhr.jsonl.gz"), str(shared / "gnome_help")], limit=40)
    assert len(ran.artifact.languages) > 300
    said = ran.step.figures["read"]
    assert said["in"] == said["kept"] + said["quarantined"] + sum(said["passed_over"].values())
