"""Tasks whose answers are programs: what is shown, run, counted, kept, and refused."""

import json
from concurrent.futures import CancelledError

import pytest
from asked_tasks import KnownEngine

from panglot.artifacts import InputError, step_folder
from panglot.evaluation import tasks
from panglot.evaluation.asking import component, programs
from panglot.evaluation.asking.component import ask
from panglot.evaluation.asking.settings import Asking
from panglot.evaluation.results import Results
from panglot.evaluation.running import verdicts
from panglot.evaluation.running.sandbox import problem
from panglot.evaluation.running.verdicts import Verdict

needs_sandbox = pytest.mark.skipif(problem() is not None, reason=f"no sandbox: {problem()}")
SOLUTIONS = {item.fields["beginning"]: item.references[0] for item in tasks.find("small-programs").items("tha").items}


@pytest.fixture
def run(tmp_path, monkeypatch):
    def measured(engine, name="a", *, task="small-programs", languages="tha,arb", **how):
        monkeypatch.setattr(component, "engine_of", lambda *_: engine)
        with step_folder(tmp_path / "steps" / name, key=name, seed=17) as step:
            ask(task=task, languages=languages, data=str(tmp_path), how=Asking(run_code=True, **how), step=step)
        manifest = json.loads((tmp_path / "steps" / name / "manifest.json").read_text())
        return Results.open(tmp_path / "steps" / name), manifest

    return measured


def solution(prompt):
    """Right where the prompt is Thai; in Arabic a program that gives nothing."""
    return SOLUTIONS.get(prompt.context, "    return None\n")


@needs_sandbox
def test_programs_are_run_and_counted_by_how_they_ended(run):
    engine = KnownEngine(solution)
    results, manifest = run(engine)
    rows = {row["language"]: row for row in results.table().to_pylist()}
    assert {row["metric"] for row in rows.values()} == {"pass@1"}
    assert (rows["tha_Thai"]["value"], rows["arb_Arab"]["value"]) == (1.0, 0.0)
    assert rows["tha_Thai"]["ci_low"] > 0.5
    assert all("run:bubblewrap,10s,1024MB" in row["signature"] for row in rows.values())
    figures = manifest["figures"]["language"]
    assert figures["tha_Thai"]["verdicts"] == {"passed": 8}
    assert figures["arb_Arab"]["verdicts"] == {"failed": 8}
    assert figures["tha_Thai"]["by_programming_language"] == {"python": {"n": 8, "pass@1": 1.0}}
    assert any("a test failed 8" in each and "arb_Arab" in each for each in manifest["notes"])
    items = results.items().to_pylist()
    assert {row["verdict"].partition(" ")[0] for row in items if row["language"] == "arb_Arab"} == {"failed"}
    assert all(row["programming"] == "python" for row in items)
    # what the model is shown: the beginning in the language, and nothing of the tests
    assert any("คืนค่า" in each.context for each in engine.asked) and not any("assert" in each.context for each in engine.asked)
    assert engine.asked[0].stop == ("\nclass", "\ndef", "\n#", "\nif", "\nprint")


def test_nothing_is_run_unless_a_person_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(component, "engine_of", lambda *_: pytest.fail("the model was opened"))
    monkeypatch.setattr(programs, "judge", lambda *_: pytest.fail("a program was run"))
    with pytest.raises(InputError, match="nobody said that they may") as error, step_folder(tmp_path / "s", key="k") as step:
        ask(task="small-programs", languages="tha", step=step)
    assert "--run-code" in error.value.fix


def test_without_a_sandbox_nothing_is_run(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(component, "engine_of", lambda *_: pytest.fail("the model was opened"))
    problem.cache_clear()
    try:
        with pytest.raises(InputError, match="is not installed") as error, step_folder(tmp_path / "s", key="k") as step:
            ask(task="small-programs", languages="tha", how=Asking(run_code=True), step=step)
    finally:
        problem.cache_clear()
    assert "apt install" in error.value.fix


def test_an_interruption_runs_no_program_twice(run, monkeypatch):
    monkeypatch.setattr(programs, "require", lambda: None)
    monkeypatch.setattr(component, "usable_cores", lambda: 1)
    monkeypatch.setattr(component, "require_running", lambda *_: None)
    seen = []

    def judged(program, limits, unwanted):
        seen.append(program.source)
        if len(seen) == 4:
            raise KeyboardInterrupt
        return Verdict("passed" if "return None" not in program.source else "failed")

    monkeypatch.setattr(programs, "judge", judged)
    with pytest.raises(KeyboardInterrupt):
        run(KnownEngine(solution))
    engine = KnownEngine(solution)
    results, _ = run(engine)
    # Arabic comes first: its answers are there, and of its programs only those are run that had no verdict
    assert len(seen) == 17
    assert {each.language for each in engine.asked} == {"tha_Thai"}
    undisturbed, _ = run(KnownEngine(solution), name="b")
    assert results.table().equals(undisturbed.table()) and results.items().equals(undisturbed.items())


def test_several_draws_give_pass_at_k(run, monkeypatch):
    monkeypatch.setattr(programs, "require", lambda: None)
    monkeypatch.setattr(component, "require_running", lambda *_: None)
    monkeypatch.setattr(
        programs, "judge", lambda program, limits, unwanted: Verdict("passed" if "right" in program.source else "error")
    )

    class Drawing(KnownEngine):
        sampling = None

        def generate(self, prompts, progress=None):
            seeds.append(self.sampling.seed)
            yield from super().generate(prompts, progress)

    seeds = []
    engine = Drawing(lambda prompt: "    right" if len(seeds) == 2 else "    wrong")
    results, manifest = run(engine, languages="tha", samples=4, temperature=0.8)
    rows = {row["metric"]: row["value"] for row in results.table().to_pylist()}
    # one of four passes: pass@1 is 1/4, pass@4 is 1
    assert rows == {"pass@1": 0.25, "pass@4": 1.0}
    assert len(set(seeds)) == 4
    assert manifest["figures"]["language"]["tha_Thai"]["verdicts"] == {"passed": 8, "error": 24}
    assert all("drawn:t0.8,p1,n4" in row["signature"] for row in results.table().to_pylist())


def test_draws_that_would_all_be_alike_are_refused():
    with pytest.raises(ValueError, match="without a temperature"):
        Asking(samples=3)


def test_languages_that_the_machine_lacks_are_named_and_left_out(run, tmp_path, monkeypatch):
    monkeypatch.setattr(programs, "require", lambda: None)
    monkeypatch.setattr(component, "require_running", lambda *_: None)
    monkeypatch.setattr(programs, "missing", lambda language: "kotlinc" if language.name == "kotlin" else "")
    ran = []
    monkeypatch.setattr(programs, "judge", lambda program, limits, unwanted: ran.append(program) or Verdict("passed"))
    rows = [
        {"text": "नमस्ते", "lang_cluster": name, "testcases": str([{"input": "1\r\n", "output": ["2"]}])}
        for name in ("Kotlin", "Python", "Kotlin", "COBOL")
    ]
    (tmp_path / "contest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "contest.yaml").write_text(
        "name: contest\ntitle: Problems\nkind: generation\nfamily: program-synthesis\nlanguages: [hin_Deva]\n"
        "metrics: [pass@1]\nsplits: [test]\ntranslated: native\nlicence: CC0 1.0\nsource: mine\ncitation: none\n"
        "files:\n  layout: json_lines\n  path: contest.jsonl\n"
        "  columns: {fields: {description: text, programming: lang_cluster, cases: testcases}}\n",
        encoding="utf-8",
    )
    engine = KnownEngine(lambda prompt: "print(2)\n")
    results, manifest = run(engine, task=str(tmp_path / "contest.yaml"), languages="hin")
    assert [each.context for each in engine.asked] == ["नमस्ते\n\n```Python\n"]
    assert ran[0].source == "print(2)" and ran[0].cases[0].outputs == ("2",)
    assert [row["n"] for row in results.table().to_pylist()] == [1]
    (said,) = [each for each in manifest["notes"] if "left out" in each]
    assert "kotlin needs kotlinc" in said and "COBOL" in said and "hin_Deva (3)" in said


def test_programming_languages_are_told_apart(tmp_path, run, monkeypatch):
    monkeypatch.setattr(programs, "require", lambda: None)
    monkeypatch.setattr(component, "require_running", lambda *_: None)
    monkeypatch.setattr(programs, "missing", lambda language: "")
    monkeypatch.setattr(
        programs, "judge", lambda program, limits, unwanted: Verdict("passed" if program.language == "Go" else "compile")
    )
    rows = [
        {"code": "x", "from": "Ruby", "to": name, "testcases": '[{"input": "", "output": "1"}]'} for name in ("Go", "C++", "Go")
    ]
    (tmp_path / "moved.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "moved.yaml").write_text(
        "name: moved\ntitle: Translation\nkind: generation\nfamily: program-translation\nlanguages: [eng_Latn]\n"
        "metrics: [pass@1]\nsplits: [test]\ntranslated: native\nlicence: CC0 1.0\nsource: mine\ncitation: none\n"
        "files:\n  layout: json_lines\n  path: moved.jsonl\n"
        "  columns: {fields: {code: code, written: from, programming: to, cases: testcases}}\n",
        encoding="utf-8",
    )
    _, manifest = run(KnownEngine(lambda prompt: "program"), task=str(tmp_path / "moved.yaml"), languages="eng")
    assert any("c++ 0.000 of 1, go 1.000 of 2" in each for each in manifest["notes"])
    assert any("not compiled 1" in each for each in manifest["notes"])


@needs_sandbox
def test_an_interruption_ends_what_is_running(run, monkeypatch):
    ended = []

    def judged(program, limits, unwanted):
        try:
            found = verdicts.judge(program, limits, unwanted)
        except CancelledError:
            ended.append("cancelled")
            raise
        ended.append(found.kind)
        return found

    def kept(journal, item, answer):
        if "verdicts" in journal._path.name:
            raise KeyboardInterrupt
        add(journal, item, answer)

    add = programs.Journal.add
    monkeypatch.setattr(programs, "judge", judged)
    monkeypatch.setattr(component, "usable_cores", lambda: 2)
    monkeypatch.setattr(programs.Journal, "add", kept)
    slow = "    import time\n    time.sleep(25)\n"
    with pytest.raises(KeyboardInterrupt):
        run(KnownEngine(lambda prompt: slow if "second_largest" in prompt.context else "    return 0\n"), languages="tha")
    # without an end the sleeper would have been waited for, and have been too slow
    assert sorted(ended) == ["cancelled", "failed"]
