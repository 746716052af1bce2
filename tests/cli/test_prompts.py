"""`panglot prompts` as a person calls it."""

import json
from pathlib import Path

from calling import Panglot
from tokenizers import Tokenizer
from tokenizers.models import BPE


def test_check_a_sound_task(panglot: Panglot) -> None:
    done = panglot("prompts", "check", "xnli", "--language", "swa", "--language", "tha")
    assert done.code == 0
    assert "xnli: no errors" in done.out
    assert "written for Panglot, unreviewed" in done.out


def test_check_finds_an_error_and_exits_with_one(panglot: Panglot, tmp_path: Path) -> None:
    (tmp_path / "arb_Arab.yaml").write_text('words: {"no": [رقم, machine]}', encoding="utf-8")
    done = panglot("prompts", "check", "xnli", "--language", "ar", "--words", tmp_path, "--json")
    assert done.code == 1
    told = json.loads(done.out)
    assert told["errors"] == len([each for each in told["findings"] if each["severity"] == "error"]) > 0
    assert "other-sense" in {each["code"] for each in told["findings"]}


def test_check_with_a_tokenizer(panglot: Panglot, tmp_path: Path) -> None:
    letters = Tokenizer(BPE({each: n for n, each in enumerate("?ajneiuchwrfsldo ")}, [], unk_token="?"))
    letters.save(str(tmp_path / "tokenizer.json"))
    done = panglot("prompts", "check", "nli", "--language", "deu", "--tokenizer", tmp_path / "tokenizer.json")
    assert "(entailment 5, neutral 11, contradiction 7)" in done.out  # " wahr", " weder noch", " falsch"
    assert panglot("prompts", "check", "nli", "--language", "deu", "--tokenizer", "no/such/place").code == 2


def test_show(panglot: Panglot) -> None:
    done = panglot("prompts", "show", "xcopa", "--language", "Thai", "--formulation", "letters")
    assert done.code == 0
    assert "ก. ⟨choice 1⟩" in done.out
    told = json.loads(panglot("prompts", "show", "xnli", "--language", "zh", "--template", "xglm", "--json").out)
    assert told[0]["prompt"]["continuations"] == ["是的，⟨hypothesis⟩", "而且，⟨hypothesis⟩", "不是，⟨hypothesis⟩"]
    chain = panglot("prompts", "show", "mgsm", "--language", "ben", "--condition", "native+native-cot")
    assert "ধাপে ধাপে উত্তর:" in chain.out


def test_bad_input_is_one_line(panglot: Panglot) -> None:
    for arguments, said in (
        (("check", "xnlli"), "did you mean"),
        (("show", "xnli", "--language", "Guarani"), "no words of Guarani"),
        (("show", "xnli", "--language", "zul", "--template", "true-false"), "no word 'true' in Zulu"),
        (("show", "xnli", "--language", "deu", "--template", "xgml"), "no template 'xgml'"),
        (("show", "xnli", "--language", "deu", "--formulation", "cloze-ish"), "no formulation"),
        (("show", "xnli", "--language", "deu", "--condition", "german"), "no condition 'german'"),
        (("check", "xnli", "--language", "Klingonish"), "Klingonish"),
    ):
        done = panglot("prompts", *arguments)
        assert (done.code, len(done.err.strip().splitlines())) == (2, 1), (arguments, done)
        assert said in done.err
