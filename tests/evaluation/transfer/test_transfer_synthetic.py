"""Questions that a model wrote: what can be read of them, which are kept, and what is learnt in the end."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError
from transfer_items import write_items

from panglot.artifacts import InputError, PanglotError, Step, step_folder
from panglot.corpus.documents import Documents, DocumentWriter, document_id
from panglot.evaluation.prompts.prompt import Prompt
from panglot.evaluation.prompts.words import Words
from panglot.evaluation.signature import Signature
from panglot.evaluation.tasks.item import Item
from panglot.evaluation.transfer import write_questions as writing
from panglot.evaluation.transfer.choosing import NONE, OTHER, PARTLY, judge
from panglot.evaluation.transfer.learners import FinetuneLearner
from panglot.evaluation.transfer.plan import Fit, Part, Test, plan_of
from panglot.evaluation.transfer.settings import Finetune, Kinds, Probe, Synthetic
from panglot.evaluation.transfer.transfer import transfer
from panglot.evaluation.transfer.write_questions import WrittenQuestions, write_questions
from panglot.evaluation.transfer.written_pairs import (
    ELSEWHERE,
    NO_ANSWER,
    NO_MARK,
    NO_QUESTION,
    NOTHING,
    REPEATED,
    Marks,
    ask_for_pair,
    read_pair,
)  # fmt: skip
from panglot.models.load import load
from panglot.models.model import Model

ENG, THA, ARB, SWH = "eng_Latn", "tha_Thai", "arb_Arab", "swh_Latn"
EXAMPLE = {"fields": {"question": "ใครอยู่?", "context": "มานะอยู่ในกรุงเทพ"}, "references": ["มานะ"]}
PASSAGE = "เชียงใหม่อยู่ทางเหนือของไทย"
FAST = Finetune(learning_rate=3e-3, epochs=12, batch_size=8, warmup=0, precision="fp32", tokens_at_a_time=4096)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (" ที่ใดอยู่ทางเหนือ?\nคำตอบ: เชียงใหม่", ("ที่ใดอยู่ทางเหนือ?", "เชียงใหม่")),
        ("คำถาม: ที่ใดอยู่ทางเหนือ?\n คำตอบ：  \n“เชียงใหม่”。\nอีก", ("ที่ใดอยู่ทางเหนือ?", "เชียงใหม่")),
        ("Question: Where?\nAnswer: ไทย", ("Where?", "ไทย")),
        (" \n", NOTHING),
        ("ที่ใดอยู่ทางเหนือ? เชียงใหม่", NO_MARK),
        ("\nคำตอบ: เชียงใหม่", NO_QUESTION),
        ("?\nคำตอบ: เชียงใหม่", NO_QUESTION),
        ("ที่ใด?\nคำตอบ:", NO_ANSWER),
        ("ที่ใด?\nคำตอบ: …", NO_ANSWER),
        ("ใครอยู่\nคำตอบ: ไทย", REPEATED),
        ("ที่ใด?\nคำตอบ: ภูเก็ต", ELSEWHERE),
    ],
)
def test_a_pair_is_read_by_characters_or_has_a_reason(written: str, found: object) -> None:
    marks = [Marks.of(Words.of(tag)) for tag in (THA, ENG)]
    assert read_pair(written, PASSAGE, marks, ["ใครอยู่?"]) == found


def test_an_answer_is_given_as_the_passage_spells_it() -> None:
    marks = [Marks.of(Words.of(ENG))]
    assert read_pair("Where?\nAnswer: dodoma.", "Asha lives in Dodoma now", marks) == ("Where?", "Dodoma")
    # a mark that is written in two characters
    assert read_pair("Où?\nAnswer: école", "une école", marks) == ("Où?", "école")
    arabic = [Marks.of(Words.of(ARB)), *marks]
    assert read_pair("أين؟\nالجواب: القاهرة، ".replace("الجواب", arabic[0].answer), "زرت القاهرة أمس", arabic) == (
        "أين؟",
        "القاهرة",
    )


def test_prompts_show_the_example_and_have_turns_in_a_chat() -> None:
    marks, shown = Marks.of(Words.of(THA)), [Item("0", THA, EXAMPLE["fields"], references=("มานะ",))]  # type: ignore[arg-type]
    plain = ask_for_pair(PASSAGE, shown, marks, chat=False, most=9, language=THA)
    assert plain.context.endswith(f"{PASSAGE}\nคำถาม:") and plain.context.count("คำตอบ:") == 1
    chat = ask_for_pair(PASSAGE, shown, marks, chat=True, most=9, language=THA)
    assert [each.role for each in chat.messages] == ["user", "assistant", "user"]
    assert chat.messages[1].content == "คำถาม: ใครอยู่?\nคำตอบ: มานะ"


def _passages(folder: Path, rows: Sequence[tuple[str, str]]) -> Documents:
    with DocumentWriter(folder / "documents.parquet") as writer:
        for language, text in rows:
            writer.document(text, language, source="test")
    return Documents(folder)


class Scripted:
    """Writes what it is told for the passage that a prompt ends with."""

    name = "scripted"

    def __init__(self, said: dict[str, str]) -> None:
        self.said, self.asked = said, 0

    def generate(self, prompts: Sequence[Prompt], progress: Any = None) -> Iterator[tuple[int, str]]:
        for number, prompt in reversed(list(enumerate(prompts))):
            self.asked += 1
            yield number, next(text for passage, text in self.said.items() if passage in prompt.context.rpartition("\n\n")[2])


def test_every_passage_is_kept_or_has_a_reason(
    tmp_path: Path, new_step: Callable[..., Step], monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = str(write_items(tmp_path / "examples", {"tha.train": [EXAMPLE]}))
    long = "ก" * 50
    rows = [(THA, PASSAGE), (THA, "มานะอยู่ใน กรุงเทพ"), (THA, "ฝน\nตก"), (THA, long), (ARB, "زرت القاهرة"), (THA, PASSAGE)]
    engine = Scripted({PASSAGE: "ที่ใด?\nคำตอบ: ไทย", "ฝน ตก": "ไม่มี"})
    monkeypatch.setattr(writing, "engine_of", lambda *_: engine)
    step = new_step()
    given: dict[str, Any] = {"passages": _passages(tmp_path / "passages", rows), "examples": examples, "most_characters": 40}
    found = write_questions(**given, step=step)
    (line,) = (found.folder / "tha_Thai.train.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {
        "id": document_id(THA, PASSAGE), "fields": {"question": "ที่ใด?", "context": PASSAGE}, "references": ["ไทย"],
    }  # fmt: skip
    reasons = {each["passage"]: (each["reason"], each["written"]) for each in found.dropped().to_pylist()}
    assert reasons == {
        "มานะอยู่ใน กรุงเทพ": (writing.IS_EXAMPLE, ""), "ฝน ตก": (NO_MARK, "ไม่มี"), long: (writing.TOO_LONG, ""),
        "زرت القاهرة": (writing.NO_EXAMPLE, ""), PASSAGE: (writing.TWICE, ""),
    }  # fmt: skip
    assert step.figures["written"][THA]["passages"] == 5 and step.figures["written"][THA]["pairs"] == 1
    assert engine.asked == 2
    # what was written is not asked again
    again = Step(new_step().out, seed=17, scratch=step.scratch)
    write_questions(**given, step=again)
    assert engine.asked == 2 and (again.out / "dropped.parquet").read_bytes() == (step.out / "dropped.parquet").read_bytes()
    with pytest.raises(InputError, match="prompts_in: eng"):
        write_questions(**given, prompts_in="nqo", step=new_step())
    engine.said = dict.fromkeys(engine.said, "")
    with pytest.raises(PanglotError, match="no question with an answer came of 6 passages"):
        write_questions(**given, step=new_step())


def test_agreement_by_hand() -> None:
    items = [Item(str(at), THA, {"question": "?"}, references=("กรุงเทพ",)) for at in range(4)]
    # four of six characters (clusters) are shared by กรุงเทพ (ก รุ ง เ ท พ) and งเทพ: precision 1, recall 4/6, F1 0.8
    said = ["กรุงเทพ。", "งเทพ", "ฝน", ""]
    exact = judge(items, said, Synthetic(), 1)
    assert [each.reason for each in exact] == [None, PARTLY, OTHER, NONE]
    assert [each.token_f1 for each in exact] == pytest.approx([1, 0.8, 0, 0])
    assert [each.reason for each in judge(items, said, Synthetic(agreement="f1", least_f1=0.8), 2)] == [None, None, OTHER, NONE]
    assert judge(items, said, Synthetic(agreement="f1", least_f1=0.81), 1)[1].reason == PARTLY


def test_the_plan_has_a_training_for_each_language_with_written_questions() -> None:
    kinds = Kinds(zero_shot=False, synthetic=Synthetic(folder="x"))
    plan = plan_of([[ENG]], [ENG, THA], kinds, trainable=[ENG], synthetic=[THA])
    wanted = Fit((Part(ENG),), before=(Part(THA, "synthetic"),), synthetic=kinds.synthetic)
    assert plan.tests == {wanted: [Test("train eng_Latn, synthetic", THA)]}
    assert plan.skipped == {"train eng_Latn, synthetic": [ENG]}
    with pytest.raises(ValidationError):
        Synthetic(rounds=-1)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("bert")
    with step_folder(folder / "model") as step:
        load(name="tiny:bert", step=step)
    return Model.open(folder / "model")


def asked(language: str, count: int, first: int) -> list[dict[str, Any]]:
    """Questions whose answer is the number behind the sign; the place of it and what stands around it change."""
    words = {ENG: ("rain", "dry", "wave", "much", "sky"), SWH: ("mvua", "kavu", "siku", "hewa", "mwaka")}[language]
    found = []
    for at in range(first, first + count):
        before, after = (" ".join(words[(at + 2 * each) % 5] for each in range(more)) for more in (at % 3, 1 + at % 2))
        fields = {"question": "how many", "context": f"{before} # {10 + at} {after}".strip()}
        found.append({"id": str(at), "fields": fields, "references": [str(10 + at)]})
    return found


def test_planted_bad_pairs_are_dropped_and_the_student_learns(
    bert: Model, tmp_path: Path, new_step: Callable[..., Step], monkeypatch: pytest.MonkeyPatch
) -> None:
    task = write_items(
        tmp_path / "task", {"eng.train": asked(ENG, 40, 0), "eng.test": asked(ENG, 4, 50), "swh.test": asked(SWH, 12, 5)}
    )
    good = asked(SWH, 12, 20)
    bad = [each | {"id": f"bad-{each['id']}", "references": [each["fields"]["context"][:2]]} for each in asked(SWH, 8, 40)]
    tested = [asked(SWH, 1, 5)[0] | {"id": "tested"}]
    folder = write_items(tmp_path / "written", {"swh.train": [*good, *bad, *tested]})
    learnt: list[tuple[str, int, bool]] = []
    finetune = FinetuneLearner._learnt

    def spied(self: FinetuneLearner, rows: Any, run: int, place: Path, advance: Any, headed: Any = None, *more: Any) -> Any:
        learnt.append((place.relative_to(self._step.scratch).as_posix().partition("/")[2], len(rows), headed is not None))
        return finetune(self, rows, run, place, advance, headed, *more)

    monkeypatch.setattr(FinetuneLearner, "_learnt", spied)
    step = new_step()
    given: dict[str, Any] = {
        "model": bert, "task": str(task), "train": ["eng"], "method": FAST, "test": ["swh"],
        "written": WrittenQuestions(folder),
        "kinds": Kinds(zero_shot=False, synthetic=Synthetic(rounds=2)),
    }  # fmt: skip
    found = transfer(**given, step=step)
    table = pq.read_table(found.folder / "synthetic.parquet").to_pylist()
    assert len(table) == 2 * 20 and {each["item"] for each in table if each["item"].startswith("bad")}
    kept = {number: {each["item"] for each in table if each["round"] == number and each["reason"] is None} for number in (1, 2)}
    for number, ids in kept.items():
        assert not any(each.startswith("bad") for each in ids), number
        assert len(ids) >= 8, number
    (rounds,) = step.figures["synthetic"].values()
    assert [each["kept"] for each in rounds] == [len(kept[1]), len(kept[2])]
    assert all(each["kept"] + sum(each["dropped"].values()) == 20 for each in rounds)
    assert learnt == [
        ("labeller", 40, False), ("round-1/written", len(kept[1]), False), ("round-1/source", 40, True),
        ("round-2/written", len(kept[2]), False), ("round-2/source", 40, True),
    ]  # fmt: skip
    assert step.figures["written_of_tested_passages"] == {SWH: 1}
    (f1,) = [each["value"] for each in found.table().to_pylist() if each["metric"] == "token_f1"]
    assert f1 > 0.5
    # predictions and judgements are kept: nothing is learnt again, and all is the same
    again = Step(new_step().out, seed=17, scratch=step.scratch)
    transfer(**given, step=again)
    assert len(learnt) == 5 and again.figures == step.figures and again.notes == step.notes
    assert (again.out / "synthetic.parquet").read_bytes() == (step.out / "synthetic.parquet").read_bytes()


def test_all_pairs_are_learnt_without_rounds_and_what_cannot_be_is_refused(
    bert: Model, tmp_path: Path, new_step: Callable[..., Step]
) -> None:
    task = str(write_items(tmp_path / "task", {"eng.train": asked(ENG, 8, 0), "swh.test": asked(SWH, 4, 60)}))
    folder = str(write_items(tmp_path / "written", {"swh.train": asked(SWH, 8, 20)}))
    short = FAST.model_copy(update={"epochs": 1.0})
    given: dict[str, Any] = {"model": bert, "task": task, "train": ["eng"], "test": ["swh"]}
    kinds = Kinds(synthetic=Synthetic(folder=folder, rounds=0, order="together"))
    found = transfer(**given, method=short, kinds=kinds, step=new_step())
    assert "train eng_Latn, synthetic unchosen" in {each["condition"] for each in found.table().to_pylist()}
    assert pq.read_table(found.folder / "synthetic.parquet").num_rows == 0
    # what pairs were learnt, and how they were chosen, tells scores apart; a score without them says nothing of it
    others = [
        Kinds(zero_shot=False, synthetic=Synthetic(folder=folder, rounds=0)),
        Kinds(
            zero_shot=False,
            synthetic=Synthetic(
                folder=str(write_items(tmp_path / "other", {"swh.train": asked(SWH, 8, 21)})), rounds=0, order="together"
            ),
        ),
    ]
    tables = [found.table()] + [transfer(**given, method=short, kinds=each, step=new_step()).table() for each in others]
    written = [
        Signature.parse(row["signature"]).get("written")
        for table in tables
        for row in table.to_pylist()
        if row["metric"] == "token_f1" and row["condition"] == "train eng_Latn, synthetic unchosen"
    ]
    assert len(set(written) - {None}) == len(written) == 3
    plain = [row["signature"] for row in tables[0].to_pylist() if row["condition"] == "train eng_Latn"]
    assert plain and not any("written:" in each for each in plain)
    with pytest.raises(InputError, match="there are no written questions"):
        transfer(**given, method=short, kinds=Kinds(synthetic=Synthetic()), step=new_step())
    labels = [{"fields": {"text": str(at)}, "label": at % 2} for at in range(8)]
    other = str(write_items(tmp_path / "labels", {"eng.train": labels, "swh.test": labels}))
    for method, message in ((short, "written questions are for extraction"), (Probe(), "a probe has no labels of a teacher")):
        with pytest.raises(InputError, match=message):
            transfer(**given | {"task": other}, method=method, kinds=kinds, step=new_step())


@pytest.mark.slow
def test_the_recipe_goes_from_passages_to_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from panglot.recipes.recipe import load as load_recipe
    from panglot.recipes.recipe import with_overrides
    from panglot.recipes.runner import run

    monkeypatch.chdir(tmp_path)
    Path("passages.txt").write_text("दिल्ली भारत की राजधानी है।\nमुंबई समुद्र के पास है।\n", encoding="utf-8")
    example = {"fields": {"question": "राम कहाँ है?", "context": "राम घर में है।"}, "references": ["घर में"]}
    write_items(tmp_path / "examples", {"hin.train": [example]})
    rows = {"eng.train": asked(ENG, 8, 0), "eng.test": asked(ENG, 2, 50), "hin.test": [example] * 2}
    write_items(
        tmp_path / "questions",
        {name: [{k: v for k, v in one.items() if k != "id"} for one in each] for name, each in rows.items()},
    )
    engine = Scripted({"दिल्ली": " भारत की राजधानी क्या है?\nउत्तर: दिल्ली", "मुंबई": "?"})
    engine.said = {key: text.replace("उत्तर", Words.of("hin_Deva").capital("answer")) for key, text in engine.said.items()}
    monkeypatch.setattr(writing, "engine_of", lambda *_: engine)
    changes = ["writer.name=tiny:llama", "base.name=tiny:xlm-roberta"]
    run(with_overrides(load_recipe("gemquad"), changes), tmp_path / "run")
    assert (tmp_path / "run" / "report.html").is_file()
    (line,) = (tmp_path / "run" / "steps" / "written" / "hin_Deva.train.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["references"] == ["दिल्ली"]
    table = pq.read_table(tmp_path / "run" / "steps" / "matrix" / "synthetic.parquet").to_pylist()
    assert [each["round"] for each in table] == [1, 2]
