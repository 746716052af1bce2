"""`panglot corpus sources`."""

import json


def test_the_table_says_how_a_language_is_written(panglot):
    said = panglot("corpus", "sources", "--language", "Yoruba")
    assert said.code == 0
    rows = {line.split()[0]: line for line in said.out.splitlines() if line.strip()}
    assert "yor_Latn" in rows["fineweb2"]
    assert "yor-Latn" in rows["glotcc"]
    assert "terms to accept" in rows["culturax"]


def test_json_holds_what_could_not_be_checked(panglot):
    found = json.loads(panglot("corpus", "sources", "--json").out)
    assert found["mc4"]["unverified"] == ""
    assert found["oscar"]["unverified"]
    assert found["mc4"]["language"] is None


def test_an_unknown_language_is_one_line(panglot):
    said = panglot("corpus", "sources", "--language", "Klingonese")
    assert said.code == 2
    assert "no language has the code or name 'Klingonese'" in said.err
