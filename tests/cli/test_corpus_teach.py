"""`panglot corpus teach`."""

import json

import numpy as np
import pytest

from panglot.corpus.identification import identifier


@pytest.fixture
def sentences(tmp_path):
    """A regular language that nobody speaks, and what is like it."""
    chance = np.random.default_rng(5)
    syllables = ["qua", "xim", "zor", "thu", "vep", "wik", "jyn", "gda", "sfo", "hlu"]

    def some(count):
        return [
            " ".join("".join(chance.choice(syllables, chance.integers(1, 4))) for _ in range(9)).capitalize() + "."
            for _ in range(count)
        ]

    path = tmp_path / "tlh.txt"
    path.write_text("\n".join([*some(200), "", *some(100)]) + "\n", encoding="utf-8")
    return path, some(20)


def test_a_taught_language_is_identified(panglot, sentences, tmp_path):
    path, fresh = sentences
    said = panglot("corpus", "teach", f"{path}=tlh_Latn", "--out", str(tmp_path / "taught"), "--json")
    assert said.code == 0
    assert json.loads(said.out)["figures"]["sentences"] == {"tlh_Latn": 300}
    judge = identifier(str(tmp_path / "taught"))
    assert [each.tag for each in judge.identify(fresh)] == ["tlh_Latn"] * 20
    more = panglot("corpus", "teach", f"{path}=Clallam", "--base", str(tmp_path / "taught"), "--out", str(tmp_path / "more"))
    assert more.code == 0 and "300 sentences" in more.out
    assert {"tlh_Latn", "clm_Latn"} <= set(identifier(str(tmp_path / "more")).languages)


def test_bad_input_is_one_line(panglot, sentences, tmp_path):
    path, _ = sentences
    latin = tmp_path / "latin1.txt"
    latin.write_bytes("Gr\xfc\xdfe\n".encode("latin-1"))
    short = tmp_path / "short.txt"
    short.write_text("nuqneH\n")
    for given, words in (
        (str(path), "which language"),
        (f"{path}=nonsense", "no language has"),
        (f"{tmp_path}/nowhere.txt=hsb", "no such file"),
        (f"{latin}=deu", "not UTF-8"),
        (f"{short}=tlh_Latn", "too little"),
        (f"{path}=tlh", "name the language with its script: tlh_Latn"),
    ):
        said = panglot("corpus", "teach", given, "--out", str(tmp_path / "out"))
        assert said.code == 2, given
        assert words in said.err and "Traceback" not in said.err
    assert not (tmp_path / "out").exists()
