"""Tasks of the hub, read through `datasets` itself from a stand-in of the hub: what is asked, what comes, and what errors say.

The endpoint is read when `huggingface_hub` is imported, so that one other process asks for everything.
"""

import json
import os
import subprocess
import sys
import threading
from http.server import ThreadingHTTPServer

import pytest
from hub_stand_in import CODE, Handler, Hub, card, parquet

ASK = """
import json, sys
import huggingface_hub.utils._http as http
import panglot.evaluation.tasks.hub as hub
from panglot.artifacts import PanglotError
from panglot.evaluation import tasks

http.time.sleep = lambda seconds: None
hub._MOST_BYTES = 100_000
for line in sys.stdin:
    name, language, split, passages = json.loads(line)
    try:
        task = tasks.find(name)
        found = task.items(language, split)
        told = {"ids": [each.id for each in found.items], "left_out": dict(found.left_out), "revision": found.revision}
        told["first"] = {"fields": dict(found.items[0].fields), "label": found.items[0].label, "tags": found.items[0].tags}
        if passages:
            told["passages"] = [each.text for each in task.passages(language, split)]
    except PanglotError as error:
        told = {"error": str(error)}
    print(json.dumps(told), flush=True)
"""
MCQ = {"question": "q", "subject": "s", "choices": ["a", "b", "c", "d"], "answer": 2}


def filled():
    hub = Hub()
    hub.add(
        "Davlan/sib200",
        {
            "README.md": card(("nqo_Nkoo", "test", "data/nqo_Nkoo/test.tsv")),
            "data/nqo_Nkoo/test.tsv": "index_id\tcategory\ttext\n7\ttravel\tߒߞߏ\n8\tsports\tߛߓߍ\n".encode(),
        },
    )
    hub.config("cais/mmlu", "all", "test", [MCQ] * 3)
    # a script whose task names the copies, and two whose tasks do not: with copies, and without
    hub.add("csebuetnlp/xlsum", {"xlsum.py": CODE})
    hub.add(
        "csebuetnlp/xlsum",
        {"amharic/test/0000.parquet": parquet([{"id": "1", "url": "u", "title": "ት", "summary": "s", "text": "x"}])},
        revision="refs/convert/parquet",
    )
    hub.add("unimelb-nlp/wikiann", {"wikiann.py": CODE})
    hub.add(
        "unimelb-nlp/wikiann",
        {"ur/test/0000.parquet": parquet([{"tokens": ["لاہور", "شہر"], "ner_tags": [5, 0]}])},
        revision="refs/convert/parquet",
    )
    hub.add("google-research-datasets/paws-x", {"paws-x.py": CODE})
    hub.add("Idavidrein/gpqa", {"README.md": card(("gpqa_main", "train", "gpqa_main.csv")), "gpqa_main.csv": b"a\n"})
    hub.gated.add("Idavidrein/gpqa")
    hub.config("openai/MMMLU", "YO_NG", "test", [{"Question": "q"}])
    hub.config("TIGER-Lab/MMLU-Pro", "default", "test", [{"question_id": 1, "prompt": "q"}])
    hub.config("openai/gsm8k", "main", "test", [{"question": "q", "answer": "#### 1"}])
    hub.faults["openai/gsm8k", "main/test.parquet"] = "broken"
    instruction = {"key": 1, "prompt": "p", "instruction_id_list": ["a:b"], "kwargs": [{"x": 1}]}
    hub.config("google/IFEval", "default", "train", [instruction])
    hub.faults["google/IFEval", "default/train.parquet"] = "moved"
    endless = b'{"query_id": "1", "passage": "' + b"x" * 200_000
    hub.add("ucinlp/drop", {"README.md": card(("default", "validation", "v.jsonl")), "v.jsonl": endless})
    parts = {
        "swahili-queries/test.parquet": parquet([{"_id": "1", "text": "nani?"}]),
        "swahili-qrels/test.parquet": parquet([{"query-id": "1", "corpus-id": "9#0", "score": 1}]),
        "swahili-corpus/train.parquet": parquet([{"_id": "9#0", "title": "T", "text": "x"}]),
    }
    named = [(path.split("/")[0], path.split("/")[1].split(".")[0], path) for path in parts]
    hub.add("mteb/mrtidy", {"README.md": card(*named), **parts})
    return hub


ASKED = {
    "tsv": ("sib200", "nqo", "test", False),
    "again": ("sib200", "nqo", "test", False),
    "parquet": ("mmlu", "eng", "test", False),
    "copies": ("xlsum", "amh", "test", False),
    "script": ("wikiann", "urd", "test", False),
    "no copies": ("wikiann", "swh", "test", False),
    "nothing but a script": ("pawsx", "kor", "test", False),
    "gated": ("gpqa", "eng", "test", False),
    "config": ("mmmlu", "fra", "test", False),
    "column": ("mmlu-pro", "eng", "test", False),
    "broken": ("gsm8k", "eng", "test", False),
    "moved": ("ifeval", "eng", "test", False),
    "endless": ("drop", "eng", "dev", False),
    "absent": ("hellaswag", "eng", "dev", False),
    "retrieval": ("mr-tydi", "swh", "test", True),
}


def child(server, home, asked):
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "PANGLOT_"))}
    environment |= {"HF_ENDPOINT": f"http://127.0.0.1:{server.server_address[1]}", "HF_HOME": str(home), "NO_PROXY": "*"}
    lines = "".join(json.dumps(each) + "\n" for each in asked)
    ran = subprocess.run(
        [sys.executable, "-c", ASK], input=lines, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.hub = filled()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        found = child(server, tmp_path_factory.mktemp("home"), ASKED.values())
    finally:
        server.shutdown()
        server.server_close()
    return dict(zip(ASKED, found, strict=True)), server.hub.asked


@pytest.mark.parametrize(
    ("name", "ids", "first"),
    [
        ("tsv", ["7", "8"], {"fields": {"text": "ߒߞߏ"}, "label": 1, "tags": []}),
        ("parquet", ["0", "1", "2"], {"fields": {"question": "q", "subject": "s"}, "label": 2, "tags": []}),
        ("copies", ["1"], {"fields": {"title": "ት", "text": "x"}, "label": None, "tags": []}),
        ("script", ["0"], {"fields": {}, "label": None, "tags": ["B-LOC", "O"]}),
        ("moved", ["1"], {"fields": {"prompt": "p", "instructions": '["a:b"]', "arguments": '[{"x": 1}]'}, "label": None}),
        ("retrieval", ["1"], {"fields": {"query": "nani?"}, "label": None, "tags": []}),
    ],
)
def test_rows_of_the_hub_become_items(told, name, ids, first):
    found = told[0][name]
    assert found.get("ids") == ids, found
    assert {key: found["first"][key] for key in first} == first


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no copies", "unimelb-nlp/wikiann is a script, which is not run, and the hub has no Parquet copies of sw/test"),
        ("nothing but a script", "paws-x is a script, which is not run, and the hub has no Parquet copies of ko/test"),
        ("gated", "Idavidrein/gpqa asks that its terms are accepted"),
        ("config", "BuilderConfig 'FR_FR' not found. Available: ['YO_NG']"),
        ("column", "there is no column 'question' (hub:TIGER-Lab/MMLU-Pro:default:test, row 1)"),
        ("broken", "the hub data set cannot be loaded: Server error '500 Internal Server Error'"),
        ("endless", "a file of 200,030 bytes is more than the 100,000 that are read of JSON, CSV and text: v.jsonl"),
        ("absent", "'Rowan/hellaswag' doesn't exist on the Hub"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(told, name, said):
    error = told[0][name].get("error", "")
    assert said in error, told[0][name]
    assert "\n" not in error


def test_the_passages_of_the_hub_are_another_configuration_and_split(told):
    assert told[0]["retrieval"]["passages"] == ["T x"]


def test_the_revision_is_a_digest_of_the_rows(told):
    found = told[0]
    assert found["tsv"]["revision"] == found["again"]["revision"] != found["parquet"]["revision"]


def test_no_script_is_run_and_no_endless_file_is_asked_for(told):
    _, asked = told
    # a script would end the process that asks, and its text is not even wanted where copies are named
    assert not any(path.endswith("xlsum.py") for _, path in asked)
    assert not any(method == "GET" and path.endswith("v.jsonl") for method, path in asked)


def test_offline_is_said_in_a_line(tmp_path):
    class Nowhere:
        server_address = ("", 9)

    (found,) = child(Nowhere, tmp_path, [("sib200", "nqo", "test", False)])
    assert "sib200 in nqo_Nkoo: the hub data set cannot be loaded" in found["error"] and "\n" not in found["error"]
