"""Answers looked for in what was found: tokens by the Penn Treebank's conventions, words in any script, ties, and a task."""

import json

import numpy as np
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from panglot.artifacts import InputError, step_folder
from panglot.evaluation import metrics, tasks
from panglot.evaluation.answers_found import answer_words, holds, token_starts, tokens_of, tokens_until_answer
from panglot.evaluation.passage_retrieval import rank_passages
from panglot.evaluation.results import Results
from panglot.evaluation.runs import Runs
from panglot.evaluation.signature import ASKED
from panglot.evaluation.significance.systems import compare_systems
from panglot.evaluation.task_vectors import task_vectors
from panglot.evaluation.tasks.passages import Passage
from panglot.models.model import Model

# The rule of DPR's has_answer, written anew
DPR = regex.compile(r"[\p{L}\p{N}\p{M}]+|[^\p{Z}\p{C}]")
SENTENCES = [
    'He said "the U.S. Army has 1,000 men": it didn\'t.',
    "Tokyo (東京) is the capital, isn't it?!",
    "It costs $3.50 -- or 20% less... at J. Smith's; see a/b.",
    "The years 1990–1999 [the Nineties] were Finland's.",
    "E-mail me@example.org at 10:30, will you?",
    "Its name: O'Hara (d. 1999) 's.",
]


def spaced(text):
    starts = token_starts(text)
    return [text[at:end].strip() for at, end in zip(starts, [*starts[1:], len(text)], strict=False)]


@pytest.mark.parametrize("text", SENTENCES)
def test_tokens_are_as_many_as_nltk_has(text):
    nltk = pytest.importorskip("nltk.tokenize")
    assert len(spaced(text)) == len(nltk.NLTKWordTokenizer().tokenize(text)), spaced(text)


def test_tokens_of_two_sentences_by_hand():
    assert spaced("It rained in Oulu. Nobody's umbrella (3.5 m) held, as of 1,000.") == [
        "It", "rained", "in", "Oulu", ".", "Nobody", "'s", "umbrella", "(", "3.5", "m", ")", "held", ",", "as", "of",
        "1,000", ".",
    ]  # fmt: skip


def test_tokens_of_real_passages_are_nltks_within_a_thousandth(shared):
    nltk = pytest.importorskip("nltk.tokenize")
    passages = [each.text for each in tasks.find("afriqa-answers").passages("swh", folder=shared)][:400]
    # NLTK's rules are for one sentence each, and its own way to find them needs a download
    sentences = [each for text in passages for each in regex.split(r"(?<=[.?!])\s+(?=[^\p{Ll}\s])", text) if each.strip()]
    theirs = sum(len(nltk.NLTKWordTokenizer().tokenize(each)) for each in sentences)
    assert sum(len(token_starts(each)) for each in sentences) == pytest.approx(theirs, rel=1e-3)


@given(st.text(alphabet=st.one_of(st.characters(exclude_categories=("C", "Z")), st.sampled_from(" \n.,:'-")), max_size=60))
def test_every_visible_character_is_in_a_token_and_tokens_stand_in_order(text):
    starts = token_starts(text)
    assert starts == sorted(set(starts))
    assert "".join("".join(each.split()) for each in spaced(text)) == "".join(text.split())


@given(st.text(alphabet="aA b1.é'$,אب\u0301ñ", max_size=40), st.text(alphabet="aA b1.é'$,אب\u0301ñ", max_size=8))
def test_in_scripts_with_spaces_an_answer_is_found_where_dpr_finds_it(text, answer):
    import unicodedata

    def words(said):
        return [each.lower() for each in DPR.findall(unicodedata.normalize("NFD", said))]

    inside, wanted = words(text), words(answer)
    theirs = bool(wanted) and any(inside[at : at + len(wanted)] == wanted for at in range(len(inside)))
    assert holds(text, [answer]) == theirs


@pytest.mark.parametrize(
    ("text", "answer"),
    [("東京は日本の首都です。", "東京"), ("กรุงเทพเป็นเมืองหลวง", "กรุงเทพ"), ("ភ្នំពេញជារាជធានី", "ភ្នំពេញ"), ("我在北京市住", "北京")],
)
def test_an_answer_inside_a_script_without_spaces_is_found_which_dpr_misses(text, answer):
    assert holds(text, [answer])
    assert answer not in DPR.findall(text)
    assert not holds(text, ["大阪"])


def test_marks_belong_to_their_letters():
    # DPR's words too: Devanagari vowel signs and Hebrew points are letters of the word, composed or not
    assert holds("यह हिन्दी है", ["हिन्दी"]) and not holds("यह हिन्दी है", ["हिन्द"])
    assert holds("Pääministeri", ["pa\u0308a\u0308ministeri"])
    assert not holds("กำ", ["ก"])


def test_what_xor_retrieves_own_evaluation_gets_wrong():
    text = "It paid $1,000 to an Iranian in 1940."
    assert holds(text, ["$1,000"]) and not holds(text, ["Iran"]) and not holds(text, ["4"])
    assert answer_words("$1,000") == ["$", "1", ",", "000"]


def test_tokens_are_counted_through_all_texts_until_the_answer_is_whole():
    texts = ["a b c.", "d e New York f"]
    assert tokens_of(texts) == 9
    assert tokens_until_answer(texts, ["New York"], 100) == 8
    assert tokens_until_answer(texts, ["New York", "b"], 100) == 2
    assert tokens_until_answer(texts, ["New York"], 7) == 0 and tokens_until_answer(texts, ["New York"], 8) == 8
    assert tokens_until_answer(texts, ["c d", "", "!"], 100) == 0


def angle(text):
    return [np.cos(np.radians(float(text))), np.sin(np.radians(float(text)))]


def encode(texts):
    return np.array([angle(each.split()[0]) for each in texts], dtype=np.float32)


def test_of_equally_near_passages_those_without_the_answer_are_read_first():
    for order in (("a", "b", "c"), ("b", "a", "c")):
        bodies = {"a": "10 yes it is Oulu", "b": "10 something else", "c": "90 Oulu"}
        corpus = [Passage(each, bodies[each], bodies[each]) for each in order]
        found = rank_passages(encode(["0"]), [{}], corpus, encode, depth=2, texts=True)
        assert found.tokens_until_answer([["Oulu"]], 100) == [8]
        assert set(found.texts) == {"a", "b"}


def test_texts_are_kept_of_the_best_alone_for_any_size_of_block():
    corpus = [Passage(str(at), f"{at} title", f"text {at}") for at in range(30)]
    for block in (1, 7, 64):
        found = rank_passages(encode(["0", "29"]), [{}, {}], corpus, encode, depth=3, texts=True, block=block)
        assert found.ids == (("0", "1", "2"), ("29", "28", "27"))
        assert found.texts == {each: f"text {each}" for row in found.ids for each in row}
        assert found.cut_short(6) == 0 and found.cut_short(7) == 2
    whole = rank_passages(encode(["0"]), [{}], corpus, encode, depth=40, texts=True)
    assert whole.cut_short(1000) == 0


QUESTIONS = [
    {"id": "1", "question": "0", "lang": "ja", "answers": ["Oulu"], "split": "dev"},
    {"id": "2", "question": "90", "lang": "ja", "answers": ["Turku", "no"], "split": "dev"},
    {"id": "3", "question": "90", "lang": "ja ", "answers": ["yes"], "split": "dev"},
    {"id": "4", "question": "50", "lang": "te", "answers": ["1,000"], "split": "dev"},
]
CORPUS = 'id\ttext\ttitle\n1\t"10 ""in"" Oulu, Finland"\tOulu\n2\t88 in Tampere\tTurku\n3\t80 in Turku\tT\n'


@pytest.fixture
def xor(tmp_path, monkeypatch):
    folder = tmp_path / "data" / "xor-retrieve"
    folder.mkdir(parents=True)
    lines = "".join(json.dumps(each) + "\n" for each in QUESTIONS)
    (folder / "xor_dev_retrieve_eng_span_v1_1.jsonl").write_text(lines)
    (folder / "psgs_w100.tsv").write_text(CORPUS)
    asked = []

    class Known:
        def __init__(self, *_, **__):
            pass

        def encode(self, texts, prompt=None, progress=None):
            asked.append((prompt, list(texts)))
            return np.array([angle(next(each for each in text.split() if each.isdecimal())) for text in texts], np.float32)

    monkeypatch.setattr("panglot.models.encoder.Encoder", Known)
    monkeypatch.setattr(Model, "path", tmp_path)
    monkeypatch.setattr(Model, "facts", {"name": "m", "prompts": {"query": "query: ", "document": "passage: "}})
    return tmp_path / "data", asked


def test_the_files_of_xor_retrieve(xor):
    task, (data, _) = tasks.find("xor-retrieve"), xor
    found = task.items("ja", "dev", data)
    assert [(each.id, each.fields, each.references) for each in found.items] == [
        ("1", {"query": "0"}, ("Oulu",)),
        ("2", {"query": "90"}, ("Turku",)),
    ]
    assert found.left_out == {"no right answer": 1}
    corpus = list(task.passages("tel", "dev", data))
    assert corpus[0] == Passage("1", 'Oulu 10 "in" Oulu, Finland', '10 "in" Oulu, Finland')
    assert task.corpus("tel", "dev", data)[0] == task.corpus("ja", "dev", data)[0]


def test_it_is_measured_with_intervals_by_item(xor, tmp_path):
    (data, asked), task = xor, tasks.find("xor-retrieve")
    with step_folder(tmp_path / "measured") as step:
        task_vectors(task="xor-retrieve", split="dev", languages="jpn,tel", data=str(data), model=Model(tmp_path), step=step)
        figures = dict(step.figures)
    # the corpus is encoded once for both languages, with its titles
    assert [prompt for prompt, _ in asked] == ["query: ", "passage: "] and asked[1][1][0].startswith("Oulu 10")
    table = Results.open(tmp_path / "measured").table().to_pylist()
    values = {(row["language"], row["metric"]): row["value"] for row in table}
    # of 2 the nearest passage has Turku in its title alone, and the next one has it in its text; of 4 no passage has it
    assert values == {
        (language, metric): value for language, value in (("jpn_Jpan", 1), ("tel_Telu", 0)) for metric in task.metrics
    }
    assert all(row["ci_low"] <= row["value"] <= row["ci_high"] and row["ci_low"] < row["ci_high"] for row in table)
    assert "window:treebank|match:words-nfd-lower" in table[0]["signature"]
    assert figures["language"]["jpn_Jpan"]["passages"] == 3 and "judged@10" not in figures["language"]["jpn_Jpan"]
    items = [each for each in Results.open(tmp_path / "measured").items().to_pylist() if each["metric"] == "recall@5kt"]
    assert [(each["item"], each["correct"], each["prediction"], each["target"]) for each in items] == [
        ("1", 1.0, "1", "Oulu"), ("2", 1.0, "2", "Turku"), ("4", 0.0, "3", "1,000"),
    ]  # fmt: skip


def test_two_models_are_compared_question_by_question(xor, tmp_path):
    data, _ = xor
    found = []
    for name, prompt in (("first", "query: "), ("second", "")):
        with step_folder(tmp_path / name) as step:
            given = {"languages": "jpn", "query_prompt": prompt, "condition": name}
            task_vectors(task="xor-retrieve", split="dev", data=str(data), model=Model(tmp_path), step=step, **given)
        found.append(Runs(name, [[Results.open(tmp_path / name)]]))
    # each model has its own prompts, and nothing else may differ
    with pytest.raises(InputError, match="were not measured alike: query"):
        compare_systems(*found)
    compared = compare_systems(*found, across=ASKED)
    assert {(each.metric, each.language) for each in compared} == {("recall@5kt", "jpn_Jpan"), ("recall@2kt", "jpn_Jpan")}
    assert all(each.difference == 0 for each in compared)


HEAD = "name: t\ntitle: t\nkind: retrieval\nlanguages: [tha_Thai]\nlicence: x\nsource: s\ntranslated: native\ncitation: c\n"
FILES = "files:\n  layout: answered\n  path: q.jsonl\n  corpus: c.jsonl\n"


@pytest.mark.parametrize(
    ("metrics_of", "columns", "said"),
    [
        ("recall@2kt", "{fields: {q: q}, references: a}", "the field query, and relevant or references"),
        ("mrr@10", "{fields: {query: q}, references: a}", "the metric mrr@10 needs relevant"),
        ("recall@2kt", "{fields: {query: q}, relevant: r}", "the metric recall@2kt needs references"),
    ],
)
def test_a_metric_needs_what_it_is_judged_by(tmp_path, metrics_of, columns, said):
    (tmp_path / "t.yaml").write_text(f"{HEAD}splits: [test]\nmetrics: ['{metrics_of}']\n{FILES}  columns: {columns}\n")
    with pytest.raises(InputError, match=said):
        tasks.find(str(tmp_path / "t.yaml"))


def test_the_metric_by_name():
    metric = metrics.find("Recall@2kt")
    assert metric.name == "recall@2kt" and metric.k == 2000
    assert metrics.find("recall@2").name == "recall@2"
    with pytest.raises(InputError, match="there is no metric"):
        metrics.find("mrr@2kt")
