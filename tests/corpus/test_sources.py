"""Named corpora: how each writes a language, and reading them from local copies of their layouts; nothing is downloaded."""

import gzip
import json
import lzma

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from panglot.artifacts import InputError
from panglot.corpus.read_pairs import read_pairs
from panglot.corpus.read_text import read_text
from panglot.corpus.reading.hub import MIRROR
from panglot.corpus.reading.sources import SOURCES, find_source, language_name
from panglot.languages import Language

YORUBA, CHINESE, ENGLISH = Language("yor_Latn"), Language("zho_Hans"), Language("eng_Latn")
TEXTS = ["Ìlú Òyó ni.", "Ẹ kú àárọ̀ o."]


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    folder = tmp_path / "mirror"
    monkeypatch.setenv(MIRROR, str(folder))

    def write(path, content):
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
        return place

    return write


def parquet(columns):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


def arrow(columns):
    sink = pa.BufferOutputStream()
    table = pa.table(columns)
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def jsonl(rows):
    return "".join(json.dumps(each) + "\n" for each in rows)


def configs(**paths):
    found = "".join(
        f"- config_name: {name}\n  data_files:\n  - split: train\n    path: {path}\n" for name, path in paths.items()
    )
    return f"---\nconfigs:\n{found}---\n"


URLS = ["https://a.ng/1", "https://a.ng/2"]
LAYOUTS = {
    "mc4": lambda put: put(
        "allenai/c4/multilingual/c4-yo.tfrecord-00000-of-00001.json.gz",
        gzip.compress(jsonl({"text": t, "timestamp": "2019", "url": u} for t, u in zip(TEXTS, URLS, strict=True)).encode()),
    ),
    "madlad400": lambda put: put(
        "allenai/MADLAD-400/data/yo/yo_clean_0000.jsonl.gz",
        gzip.compress(jsonl({"text": t.replace(" ", "\\n")} for t in TEXTS).encode()),
    ),
    "cc100": lambda put: put("data.statmt.org/cc-100/yo.txt.xz", lzma.compress("\n\n".join(TEXTS).encode())),
    "glot500": lambda put: put("cis-lmu/Glot500/yor_Latn/train/data-00000-of-00001.arrow", arrow({"text": TEXTS})),
    "glotcc": lambda put: put(
        "cis-lmu/GlotCC-V1/v1.0/yor-Latn/yor-Latn_0.parquet", parquet({"content": TEXTS, "warc-target-uri": URLS})
    ),
    "hplt2": lambda put: put(
        "HPLT/HPLT2.0_cleaned/yor_Latn/train-00000-of-00001.parquet", parquet({"u": URLS, "text": TEXTS, "id": ["1", "2"]})
    ),
    "oscar": lambda put: put(
        "oscar-corpus/OSCAR-2301/yo_meta/yo_meta_part_1.jsonl.zst",
        pa.compress(jsonl({"content": t, "metadata": {}} for t in TEXTS).encode(), codec="zstd", asbytes=True),
    ),
    "fineweb2": lambda put: (
        put("HuggingFaceFW/fineweb-2/README.md", configs(yor_Latn="data/yor_Latn/train/*")),
        put(
            "HuggingFaceFW/fineweb-2/data/yor_Latn/train/000.parquet",
            parquet({"text": TEXTS, "id": ["a", "b"], "url": URLS, "language": ["yor"] * 2, "language_script": ["Latn"] * 2}),
        ),
    ),
    "hplt3": lambda put: (
        put("HPLT/HPLT3.0/README.md", configs(yor_Latn="yor_Latn/*")),
        put("HPLT/HPLT3.0/yor_Latn/1.jsonl", jsonl({"text": t, "u": u} for t, u in zip(TEXTS, URLS, strict=True))),
    ),
    "culturax": lambda put: (
        put("uonlp/CulturaX/README.md", configs(yo="yo/*.parquet")),
        put("uonlp/CulturaX/yo/yo_part_00000.parquet", parquet({"text": TEXTS, "url": URLS, "source": ["mC4"] * 2})),
    ),
    "wikipedia": lambda put: (
        put("wikimedia/wikipedia/README.md", configs(**{"20231101.yo": "20231101.yo/*"})),
        put(
            "wikimedia/wikipedia/20231101.yo/train-0.parquet",
            parquet({"id": ["1", "2"], "url": URLS, "title": ["a", "b"], "text": TEXTS}),
        ),
    ),
    "roots": lambda put: put(
        "bigscience-data/roots_yo_wikipedia/data/train-0.parquet", parquet({"text": TEXTS, "meta": ["{}"] * 2})
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_each_layout_gives_the_text_in_its_language(run, mirror, name, monkeypatch):
    if name == "oscar":
        pytest.importorskip("zstandard", reason="zstandard is not installed")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(mirror("cache/x", "").parent))
    LAYOUTS[name](mirror)
    ran = run(read_text, files=[f"hub:{name}:Yoruba"], limit=9)
    found = list(ran.artifact.rows())
    expected = [text.replace(" ", "\n") for text in TEXTS] if name == "madlad400" else TEXTS
    assert [row["text"] for row in found] == expected
    assert {row["language"] for row in found} == {"yor_Latn"}
    assert {row["source"] for row in found} == {f"hub:{name}:Yoruba"}
    if SOURCES[name].url:
        assert [row["url"] for row in found] == URLS
    assert bool(SOURCES[name].unverified) == any("not checked" in note for note in ran.step.notes)
    by_entry = run(read_text, files=[f"yor=hub:{name}"], limit=1)
    assert by_entry.artifact.counts == {"yor_Latn": 1}


def test_pairs_of_a_named_corpus(run, mirror):
    mirror("Helsinki-NLP/opus_paracrawl/README.md", configs(**{"en-yo": "en-yo/*"}))
    mirror("Helsinki-NLP/opus_paracrawl/en-yo/train-0.jsonl", jsonl([{"translation": {"en": "hi", "yo": "ẹ kú"}}]))
    ran = run(read_pairs, files=["hub:paracrawl"], language=YORUBA, pivot=ENGLISH)
    assert ran.texts == [("ẹ kú", "hi")]
    with pytest.raises(InputError, match="holds no pairs"):
        run(read_pairs, files=["hub:mc4"], language=YORUBA, pivot=ENGLISH)


def test_pairs_of_conceptnet(run, tmp_path):
    rows = [
        ("/r/Synonym", "/c/yo/ilé/n", "/c/en/big_house", '{"weight": 2.0}'),
        ("/r/Synonym", "/c/en/dog", "/c/yo/ajá", "{}"),
        ("/r/IsA", "/c/yo/ajá", "/c/en/animal", "{}"),
        ("/r/Synonym", "/c/fr/chien", "/c/en/dog", "{}"),
    ]
    lines = [f"/a/[{r}/,{a}/,{b}/]\t{r}\t{a}\t{b}\t{j}\n" for r, a, b, j in rows] + ["nothing\n"]
    path = tmp_path / "conceptnet-assertions-5.7.0.csv.gz"
    path.write_bytes(gzip.compress("".join(lines).encode()))
    ran = run(read_pairs, files=[str(path)], language=YORUBA, pivot=ENGLISH)
    assert ran.texts == [("ilé", "big house"), ("ajá", "dog")]
    assert [row["score"] for row in ran.artifact.rows()] == [2.0, None]
    assert ran.step.quarantined == {"no assertion of ConceptNet": 1}


@pytest.mark.parametrize(
    ("tag", "written"),
    [
        ("yor_Latn", {"fineweb2": "yor_Latn", "glotcc": "yor-Latn", "mc4": "yo", "wikipedia": "yo"}),
        ("zho_Hans", {"fineweb2": "cmn_Hani", "mc4": "zh", "cc100": "zh-Hans", "wikipedia": "zh"}),
        ("nob_Latn", {"mc4": "no", "wikipedia": "no", "culturax": "no"}),
        ("gsw_Latn", {"wikipedia": "als", "mc4": "gsw"}),
        ("als_Latn", {"wikipedia": "sq", "madlad400": "sq"}),
        ("pes_Arab", {"fineweb2": "fas_Arab", "hplt2": "pes_Arab", "cc100": "fa"}),
        ("hin_Latn", {"mc4": "hi-Latn", "cc100": "hi_rom"}),
        ("nqo_Nkoo", {"fineweb2": "nqo_Nkoo", "wikipedia": "nqo"}),
        ("swh_Latn", {"mc4": "sw", "glot500": "swh_Latn"}),
    ],
)
def test_how_a_language_is_written(tag, written):
    assert {name: language_name(SOURCES[name], Language(tag)) for name in written} == written


def test_names_that_are_wrong_are_one_clear_line(run, monkeypatch):
    import huggingface_hub

    monkeypatch.delenv(MIRROR, raising=False)
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: None)
    for said, message in (
        ("hub:fineweb", "there is no corpus named 'fineweb'.*did you mean 'fineweb2'"),
        ("hub:mc4", "no language is said.*hub:mc4:yor"),
        ("hub:culturax:yo", "asks that its terms are accepted.*hf auth login"),
        ("hub:paracrawl", "holds pairs.*corpus.read_pairs"),
        ("hub:babelnet", "holds pairs"),
    ):
        with pytest.raises(InputError, match=message):
            run(read_text, files=[said])
    with pytest.raises(InputError, match="cannot be streamed.*conceptnet-assertions"):
        run(read_pairs, files=["hub:conceptnet"], language=YORUBA, pivot=ENGLISH)


def test_a_terms_error_of_the_hub_says_what_to_do(run, monkeypatch):
    import datasets

    def load(*_, **__):
        raise RuntimeError("Dataset 'owner/set' is a gated dataset on the Hub")

    monkeypatch.setattr(datasets, "load_dataset", load)
    with pytest.raises(InputError, match="owner/set asks that its terms are accepted"):
        run(read_text, files=["hub:owner/set"])


def test_no_code_of_a_data_set_is_run(run, mirror, monkeypatch):
    import datasets

    asked = []
    monkeypatch.setattr(datasets, "load_dataset", lambda *a, **k: asked.append((a, k)) or iter([{"text": "a"}]))
    monkeypatch.delenv(MIRROR)
    for said in ("hub:owner/set:hsb", "hub:wikipedia:yor", "hub:cc100:yor", "hub:pile"):
        run(read_text, files=[said])
    assert all(options["streaming"] and not options.get("trust_remote_code") for _, options in asked)
    assert [place for place, _ in asked] == [
        ("owner/set", "hsb"), ("wikimedia/wikipedia", "20231101.yo"), ("text", None), ("monology/pile-uncopyrighted", None),
    ]  # fmt: skip
    assert asked[2][1]["data_files"] == {"train": "https://data.statmt.org/cc-100/yo.txt.xz"}


def test_every_row_says_how_it_is_got():
    for name, each in SOURCES.items():
        assert find_source(name.upper()) is each
        assert each.repository or each.note
        assert bool(each.files) == bool(each.builder)
        assert each.languages > 0
