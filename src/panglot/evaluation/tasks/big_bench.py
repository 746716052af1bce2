"""Layouts of BIG-bench and of BIG-Bench Hard."""

import re
from collections.abc import Iterator
from typing import Literal

from panglot.artifacts import InputError
from panglot.evaluation.tasks.columns import Columns, Label
from panglot.evaluation.tasks.files import FileLayout, Place, read_json, read_lines
from panglot.evaluation.tasks.rows import Row


class BigBench(FileLayout):
    """A JSON task of BIG-bench (Srivastava et al. 2023): an object with a list of `examples`; files of BBH are such too.

    Rows have `input`, `target` (a text or a list of texts), and of `target_scores` the `choices` and the number `best` of the
    one with the highest score, which is empty where several have it.
    """

    layout: Literal["big_bench"] = "big_bench"
    columns: Columns = Columns(
        fields={"question": "input"}, choices=("choices",), label=Label(column="best", by="number", unknown=("",))
    )

    def rows(self, place: Place) -> Iterator[Row]:
        path = place.path(self.path)
        found = read_json(path)
        examples = found.get("examples") if isinstance(found, dict) else None
        if not (isinstance(examples, list) and all(isinstance(each, dict) for each in examples)):
            raise InputError("the file is no JSON task of BIG-bench: it has no list of examples", where=path)
        for number, each in enumerate(examples, start=1):
            scores = each.get("target_scores") or {}
            if not (isinstance(scores, dict) and all(isinstance(score, int | float) for score in scores.values())):
                raise InputError("target_scores is no object of numbers", where=f"{path}, example {number}")
            best = [at for at, score in enumerate(scores.values()) if score == max(scores.values())]
            values = {"input": each.get("input"), "target": each.get("target"), "choices": list(scores)}
            yield Row(f"{path}, example {number}", values | {"best": best[0] if len(best) == 1 else None})


class CotPrompt(FileLayout):
    """A prompt of BBH with worked answers: blocks that begin with `Q:`, and in each the line that begins with `A:`.

    Rows have `id`, `question`, `reasoning` (without "Let's think step by step") and `answer`, what stands behind the last
    "the answer is". What stands before the first question describes the task, and is left out.
    """

    layout: Literal["cot_prompt"] = "cot_prompt"
    columns: Columns = Columns(id=("id",), fields={"question": "question", "reasoning": "reasoning"}, references=("answer",))

    def rows(self, place: Place) -> Iterator[Row]:
        path = place.path(self.path)
        blocks: list[tuple[str, list[str]]] = []
        for where, line in read_lines(path):
            if line.startswith("Q:"):
                blocks.append((where, []))
            if blocks:
                blocks[-1][1].append(line)
        if not blocks:
            raise InputError("the file has no line that begins with 'Q:'", where=path)
        for number, (where, lines) in enumerate(blocks, start=1):
            question, mark, said = "\n".join(lines).strip().removeprefix("Q:").partition("\nA:")
            reasoning = re.sub(r"^\s*Let's think step by step\.?\s*", "", said).strip()
            _, *behind = re.split(r"the answer is:?\s", reasoning, flags=re.IGNORECASE)
            answer = behind[-1].strip().removesuffix(".") if behind else ""
            if not (mark and answer):
                raise InputError("this question has no worked answer that ends with 'the answer is …'", where=where)
            # a bare number would be the id of an item, which is never shown before itself
            yield Row(
                where,
                {"id": f"worked-{number}", "question": question.strip(), "reasoning": reasoning, "answer": answer},
            )
