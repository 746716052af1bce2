"""`panglot vocabulary train`: the published folder, the table, resuming, errors."""

import json

import pytest


@pytest.fixture
def texts(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "hsb.txt").write_text("haj witaj wšón swět\nwitaj do swěta\n" * 40)
    (folder / "hin.txt").write_text("नमस्ते दुनिया हिन्दी\nहिन्दी की दुनिया\n" * 10)
    return folder


def test_table_and_published_folder(panglot, texts, tmp_path):
    outcome = panglot("vocabulary", "train", "--text", texts, "--size", 310, "--alpha", 0, "--out", "run", "--quiet")
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert [line.split()[0] for line in lines if line[:3] in ("hin", "hsb")] == ["hin_Deva", "hsb_Latn"]
    assert next(line for line in lines if line.startswith("hin_Deva")).split()[2] == "50.00%"
    assert "0 unknown tokens" in outcome.out
    from transformers import AutoTokenizer

    loaded = AutoTokenizer.from_pretrained(tmp_path / "run" / "tokenizer")
    assert len(loaded) == 310
    assert loaded.decode(loaded("हिन्दी की")["input_ids"], skip_special_tokens=True) == "हिन्दी की"


def test_json_and_the_same_command_again(panglot, texts):
    arguments = ("vocabulary", "train", "--text", texts, "--size", 60, "--algorithm", "unigram", "--out", "run", "--json")
    first, again = panglot(*arguments), panglot(*arguments)
    assert json.loads(first.out)["figures"]["size"] == 60
    assert json.loads(first.out)["state"] == "ran"
    assert json.loads(again.out)["state"] == "kept"
    (texts / "hsb.txt").write_text("haj haj\nwšón swět\n" * 30)
    assert json.loads(panglot(*arguments).out)["state"] == "ran"


def test_unimax_and_fixed_files(panglot, texts):
    outcome = panglot(
        "vocabulary", "train", "--text", f"dsb={texts / 'hsb.txt'}", "--text", texts / "hin.txt", "--unimax", 2,
        "--algorithm", "wordpiece", "--size", 85, "--out", "run", "--json",
    )  # fmt: skip
    languages = json.loads(outcome.out)["figures"]["languages"]
    assert set(languages) == {"dsb_Latn", "hin_Deva"}
    assert languages["hin_Deva"]["times"] == 2


def test_byte_needs_no_text(panglot, tmp_path):
    assert panglot("vocabulary", "train", "--algorithm", "byte", "--out", "run", "--quiet").code == 0
    assert (tmp_path / "run" / "tokenizer" / "tokenizer.json").is_file()


def test_dry_run_writes_nothing(panglot, texts, tmp_path):
    outcome = panglot("vocabulary", "train", "--text", texts, "--size", 320, "--out", "run", "--dry-run")
    assert outcome.code == 0
    assert "vocabulary.train" in outcome.out
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no text is given"),
        (("--text", "absent.txt"), "there is no such file"),
        (("--text", "texts", "--alpha", 0.3, "--unimax", 5), "two rules of the same thing"),
        (("--text", "texts", "--size", 5000), "the text supports only"),
        (("--text", "texts", "--size", 20, "--algorithm", "unigram"), "has no room for the"),
        (("--text", "texts", "--algorithm", "sentencepiece"), "'bpe', 'unigram', 'wordpiece' or 'byte'"),
        (("--text", "texts", "--unimax", 0), "greater than 0"),
        (("--text", "texts", "--clusters", 3, "--size", 300), "3 clusters of 2 languages"),
        (("--text", "klingonese=texts"), "no language has the code or name"),
    ],
)
def test_bad_input_is_one_line(panglot, texts, tmp_path, arguments, message):
    outcome = panglot("vocabulary", "train", *arguments, "--out", "run", "--quiet")
    assert outcome.code == 2
    lines = outcome.err.strip().splitlines()
    assert len(lines) == 1
    assert message in lines[0]
    assert not (tmp_path / "run" / "tokenizer").exists()


def test_a_run_that_fails_leaves_no_older_tokenizer(panglot, texts, tmp_path):
    arguments = ("vocabulary", "train", "--text", texts, "--algorithm", "unigram", "--out", "run", "--quiet", "--size")
    assert panglot(*arguments, 60).code == 0
    assert panglot(*arguments, 20).code == 2
    assert not (tmp_path / "run" / "tokenizer").exists()


def test_a_folder_with_other_files_is_left_alone(panglot, texts, tmp_path):
    mine = tmp_path / "run" / "tokenizer"
    mine.mkdir(parents=True)
    (mine / "mine.txt").write_text("x")
    outcome = panglot("vocabulary", "train", "--text", texts, "--size", 310, "--out", "run")
    assert "the folder is in use" in outcome.err
    assert (mine / "mine.txt").is_file()


def test_out_is_a_file(panglot, texts, tmp_path):
    (tmp_path / "run").write_text("x")
    assert "not a folder" in panglot("vocabulary", "train", "--text", texts, "--out", "run").err
