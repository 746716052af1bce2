"""`panglot corpus decontaminate`: what leaked from where, the same command again, and what it refuses."""

import json

ITEM = "Farmers plant rice in the rainy season, cut it once the water has gone, and sell it in town."


def corpus(folder):
    folder.mkdir()
    (folder / "eng.txt").write_text(f"A clean line.\nBefore {ITEM} after\n")
    (folder / "tha.txt").write_text("วันนี้อากาศดีมาก\n")
    return folder


def test_table_leaks_and_counts(panglot, tmp_path):
    (tmp_path / "tasks.tsv").write_text(f"text\n{ITEM}\n")
    outcome = panglot(
        "corpus",
        "decontaminate",
        corpus(tmp_path / "c"),
        "--against",
        tmp_path / "tasks.tsv",
        "--out",
        tmp_path / "run",
        "--quiet",
    )
    assert outcome.code == 0, outcome.err
    assert "100%  tasks tasks.tsv:2 text  in eng.txt" in outcome.out
    assert "3 documents: 2 kept (0 cut), 1 dropped" in outcome.out


def test_json_names_further_sets_and_is_kept(panglot, tmp_path):
    (tmp_path / "tasks.tsv").write_text(f"text\n{ITEM}\n")
    arguments = (
        "corpus",
        "decontaminate",
        corpus(tmp_path / "c"),
        "--against",
        tmp_path / "tasks.tsv",
        "--out",
        tmp_path / "run",
        "--json",
    )
    said = json.loads(panglot(*arguments).out)
    assert said["leaks"] == 1
    assert said["figures"]["tasks"]["tasks"]["documents"] == 1
    # the run folder can be given again, with the sets behind it
    again = json.loads(
        panglot(
            "corpus",
            "decontaminate",
            tmp_path / "run",
            "--out",
            tmp_path / "two",
            "--json",
            "--against",
            "tasks.tsv",
            "tasks.tsv",
        ).out
    )
    assert again["leaks"] == 0


def test_what_is_refused(panglot, tmp_path):
    place = corpus(tmp_path / "c")
    assert "no evaluation set is given" in panglot("corpus", "decontaminate", place, "--out", tmp_path / "run").last_error
    missing = panglot("corpus", "decontaminate", place, "--against", "none.tsv", "--out", tmp_path / "run")
    assert missing.code == 2
    assert "none.tsv" in missing.err
