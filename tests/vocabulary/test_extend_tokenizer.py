"""Extension: all old ids stay, what round-tripped does so still, every new piece is reached, equal bytes in every process."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import SHAPES, TEXTS
from text_strategy import HARD, texts
from transformers import AutoTokenizer

from panglot.artifacts import InputError, step_folder
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.vocabulary.added_tokens import check_ids
from panglot.vocabulary.extend_tokenizer import extend_tokenizer, extend_vocabulary
from panglot.vocabulary.grow_unigram import grow_unigram
from panglot.vocabulary.piece_rules import PieceRules
from panglot.vocabulary.rows import Change
from panglot.vocabulary.surface import unknown_id
from panglot.vocabulary.tokenizer import Tokenizer
from panglot.vocabulary.vocabulary import Vocabulary
from panglot.vocabulary.word_counts import word_counts

BUILD = dict(SHAPES)
EVERY = pytest.mark.parametrize("name", list(BUILD))
# Scripts that the shapes have not seen (Santali, Dhivehi with marks, Tigrinya, Myanmar, four-byte Adlam), joined emoji, NFD.
NEW_TEXT = [
    "ᱥᱟᱱᱛᱟᱲᱤ ᱯᱟᱹᱨᱥᱤ ᱥᱟᱱᱛᱟᱲᱤ ᱯᱟᱹᱨᱥᱤ ᱟᱹᱲᱟᱹ ᱟᱹᱲᱟᱹ", "ދިވެހިރާއްޖެ ދިވެހިރާއްޖެ ބަސް ބަސް އަކުރު އަކުރު", "ትግርኛ ቋንቋ ትግርኛ ቋንቋ እዩ እዩ መንግስቲ መንግስቲ",
    "မြန်မာဘာသာစကား မြန်မာဘာသာစကား စကား", "𞤆𞤵𞤤𞤢𞤪 𞤆𞤵𞤤𞤢𞤪 𞤨𞤵𞤤𞤢𞤪 𞤨𞤵𞤤𞤢𞤪", "ភាសាខ្មែរ ភាសាខ្មែរ អក្សរខ្មែរ អក្សរខ្មែរ", "👩🏾‍🌾 👩🏾‍🌾 🦙 🦙",
    "cafe\u0301s cafe\u0301s nai\u0308vete\u0301 nai\u0308vete\u0301", "2024 2024 2025 2025 ja, ja, ja,",
]  # fmt: skip
ADD = 150


@cache
def shape(name: str) -> Vocabulary:
    return BUILD[name]()


@cache
def extended(name: str) -> Change:
    return extend_vocabulary(shape(name), lambda: iter(NEW_TEXT), ADD)


def pieces_of(text: str, vocabulary: Vocabulary) -> set[int]:
    return set(vocabulary.encode([text])[0])


def reached_by_itself(vocabulary: Vocabulary, number: int) -> bool:
    piece = vocabulary.tokens[number] or ""
    prefix = vocabulary.model.get("continuing_subword_prefix") if vocabulary.family == "wordpiece" else None
    if prefix and piece.startswith(prefix):
        heads = [each for each in vocabulary.model["vocab"] if len(each) == 1]
        words = (head + piece.removeprefix(prefix) for head in heads)
        return any([each.id for each in vocabulary.backend.model.tokenize(word)][1:] == [number] for word in words)
    return [each.id for each in vocabulary.backend.model.tokenize(piece)] == [number]


@EVERY
def test_old_ids_and_special_tokens_stay(name: str) -> None:
    old, new = extended(name).old, extended(name).new
    assert [each for each in new.tokens[: old.size] if each is not None] == [each for each in old.tokens if each is not None]
    assert new.added == old.added
    assert new.special == old.special
    assert new.document["post_processor"] == old.document["post_processor"]
    check_ids(new)
    kept = [each for each, token in enumerate(old.tokens) if token is not None]
    assert extended(name).source[kept].tolist() == kept
    assert extended(name).added == list(range(old.size, new.size))
    assert extended(name).dropped == []


@EVERY
def test_every_new_piece_is_reached(name: str) -> None:
    change = extended(name)
    assert 0 < len(change.added) <= ADD
    assert [change.new.tokens[each] for each in change.added if not reached_by_itself(change.new, each)] == []


@EVERY
def test_new_pieces_of_more_than_a_character_are_in_use(name: str) -> None:
    """Except that a BPE merges through pieces which later merges use up."""
    change = extended(name)
    used = {each for ids in change.new.encode(NEW_TEXT) for each in ids}
    merges = change.new.model.get("merges") or []
    through = {side for merge in merges for side in (merge.split(" ") if isinstance(merge, str) else merge)}
    inner = change.new.model.get("continuing_subword_prefix") or ""
    unused = [change.new.tokens[each] or "" for each in change.added if each not in used]
    assert [each for each in unused if len(each.removeprefix(inner)) > 1 and each not in through] == []


@EVERY
def test_fewer_tokens_and_nothing_seen_twice_is_unknown(name: str) -> None:
    change = extended(name)
    unknown = unknown_id(change.new)
    before, after = (sum(map(len, each.encode(NEW_TEXT))) for each in (change.old, change.new))
    assert all(unknown not in ids for ids in change.new.encode(NEW_TEXT))
    if not any(unknown in ids for ids in change.old.encode(NEW_TEXT)):
        assert after < 0.8 * before


@EVERY
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_round_tripped_does_so_still(name: str, data: st.DataObject) -> None:
    change = extended(name)
    text = data.draw(
        st.one_of(texts(), st.sampled_from(NEW_TEXT), st.lists(st.sampled_from(" ".join(NEW_TEXT)), max_size=20).map("".join))
    )
    before = change.old.decode(change.old.encode([text])[0])
    after = change.new.decode(change.new.encode([text])[0])
    if before == text:
        assert after == text


@EVERY
def test_hard_texts_round_trip_still(name: str) -> None:
    change = extended(name)
    found = [*TEXTS, *HARD]
    same = [each for each in found if change.old.decode(change.old.encode([each])[0]) == each]
    assert [each for each in same if change.new.decode(change.new.encode([each])[0]) != each] == []


@EVERY
def test_extension_by_nothing_is_the_identity(name: str) -> None:
    change = extend_vocabulary(shape(name), lambda: iter(NEW_TEXT), 0)
    assert change.new == change.old
    assert change.added == change.dropped == []


@EVERY
def test_other_scripts_are_cut_as_before(name: str) -> None:
    """Nothing of Ol Chiki, Adlam and Tigrinya can change a Thai, Hebrew or Chinese text."""
    change = extend_vocabulary(shape(name), lambda: iter(NEW_TEXT[:1] + NEW_TEXT[2:3] + NEW_TEXT[4:5]), 60)
    others = [each for each in TEXTS if not any("\u1200" <= letter <= "\u139f" for letter in each)]
    assert change.new.encode(others) == change.old.encode(others)


def test_numbers_and_punctuation_stay_as_they_are_cut() -> None:
    for name in ("llama2", "gemma", "xlm_r", "byte"):
        change = extended(name)
        assert change.new.encode(["2024 2025, 20252024."]) == change.old.encode(["2024 2025, 20252024."])


def test_rows_that_only_padded_are_used_first() -> None:
    """Qwen has more rows than tokens: new tokens begin at the first row without a token, not behind the last row."""
    change = extended("qwen")
    assert min(change.added) == change.old.size
    assert change.old.tokens[change.old.size - 1] == "</think>"


def test_minimum_count() -> None:
    rare, often = "ᱥᱟᱱᱛᱟᱲᱤ", "ދިވެހިރާއްޖެ"
    change = extend_vocabulary(shape("xlm_r"), lambda: iter([rare, *[often] * 5]), 50, minimum_count=3)
    assert unknown_id(change.new) in pieces_of(rare, change.new)
    assert len(change.new.encode([often])[0]) == 1


@pytest.mark.parametrize("name", ["xlm_r", "llama3", "llama2", "bert"])
def test_equal_bytes_in_every_process(name: str, tmp_path: Path) -> None:
    code = """
import json, sys
from pathlib import Path
from panglot.vocabulary.extend_tokenizer import extend_vocabulary
from panglot.vocabulary.reading import read_vocabulary
base, out, add = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
change = extend_vocabulary(read_vocabulary(base), lambda: iter(json.loads((base / "texts").read_text())), add)
change.new.save(out)
change.write(out)
"""
    found = []
    # The trainers that make the shapes are not deterministic themselves, so both processes read one file.
    shape(name).save(tmp_path / "base")
    (tmp_path / "base" / "texts").write_text(json.dumps(NEW_TEXT), encoding="utf-8")
    for seed, threads in (("1", "false"), ("77", "true")):
        out = tmp_path / seed
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TOKENIZERS_PARALLELISM": threads}
        command = [sys.executable, "-c", code, str(tmp_path / "base"), str(out), str(ADD)]
        subprocess.run(command, check=True, env=environment)
        found.append({each.name: each.read_bytes() for each in out.iterdir()})
    assert found[0] == found[1]


def test_order_of_the_texts_does_not_matter() -> None:
    for name in ("mt5", "gpt2", "bert"):
        turned = extend_vocabulary(shape(name), lambda: iter(NEW_TEXT[::-1]), ADD)
        assert turned.new.document == extended(name).new.document


def test_saved_folder_loads_in_transformers(tmp_path: Path) -> None:
    for name in BUILD:
        new = extended(name).new
        new.save(tmp_path / name)
        loaded = AutoTokenizer.from_pretrained(tmp_path / name)
        assert loaded(NEW_TEXT, add_special_tokens=False)["input_ids"] == new.encode(NEW_TEXT), name
        assert len(loaded) == new.size


def test_unigram_scores_by_hand() -> None:
    """Scale: `▁` and two letters have 2 uses each of 6 tokens, so log(1/3); δ is the median over the letters, −5 − log(1/3)."""
    import math

    pieces = [["<unk>", 0.0], ["▁", -2.0], ["a", -5.0], ["b", -5.0], ["z", -30.0]]
    space = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    model = {"type": "Unigram", "unk_id": 0, "vocab": pieces}
    old = Vocabulary({"model": model, "added_tokens": [], "pre_tokenizer": space})
    new = grow_unigram(old, word_counts(old, ["ab ab"]), 2, rules=PieceRules.of(old))
    # ▁ab alone is left in use: 2 of 2 tokens, log(1) + δ
    assert new.model["vocab"][5:] == [["▁ab", round(-5.0 - math.log(1 / 3), 6)]]


def test_lowest_score_stays_so_that_unknowns_cost_the_same() -> None:
    for name in ("xlm_r", "mbart", "mt5"):
        old, new = extended(name).old, extended(name).new
        assert min(each[1] for each in new.model["vocab"]) == min(each[1] for each in old.model["vocab"])


def test_merges_are_closed() -> None:
    for name in ("nllb", "gpt2", "llama3", "qwen", "llama2", "gemma", "byte", "byt5"):
        model = extended(name).new.model
        for left, right in model["merges"]:
            assert {left, right, left + right} <= model["vocab"].keys()
        assert model["merges"][: len(shape(name).model["merges"])] == shape(name).model["merges"]
        assert not any(side.startswith("<0x") for merge in model["merges"] for side in merge)


@pytest.mark.parametrize(
    ("found", "add", "message"),
    [
        ([], 5, "there is no text"),
        (["", "  \n "], 5, "there is no text"),
        (["ދިވެހި"], -1, "cannot be added"),
        (["2024 12 3 !? ..."], 5, "gives no new piece"),
    ],
)
def test_bad_input(found: list[str], add: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        extend_vocabulary(shape("xlm_r"), lambda: iter(found), add)


def test_text_of_which_the_normaliser_leaves_nothing() -> None:
    with pytest.raises(InputError, match="normaliser leaves nothing"):
        extend_vocabulary(shape("bert"), lambda: iter(["\u0000\u0001\u200d"]), 5)


def documents(folder: Path, rows: list[tuple[str, str]]) -> Documents:
    with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
        for text, language in rows:
            writer.document(text, language, source="test")
    return Documents.open(folder)


def test_component(tmp_path: Path) -> None:
    shape("qwen").save(tmp_path / "base" / "tokenizer")
    text = documents(tmp_path / "text", [(each, "und") for each in NEW_TEXT])
    retain = documents(tmp_path / "retain", [(each, "tha_Thai") for each in TEXTS])
    base = Tokenizer.open(tmp_path / "base")
    with step_folder(tmp_path / "step") as step:
        extend_tokenizer(tokenizer=base, text=text, add=40, retain=retain, step=step)
        figures = step.figures
    done = Tokenizer.open(tmp_path / "step")
    change = Change.read(done.folder, base.vocabulary, done.vocabulary)
    assert figures["added"] == 40 == len(change.added) == done.vocabulary.size - base.vocabulary.size
    assert figures["tokens_per_character"]["after"] < figures["tokens_per_character"]["before"]
    assert set(figures["retained"]) == {"tha_Thai"}
    assert np.array_equal(change.source[: base.vocabulary.size], np.arange(base.vocabulary.size))


MIXED = ["ក្រុមហ៊ុន LibreOffice Writer", "ក្រុមហ៊ុន LibreOffice Calc", "ក្រុម LibreOffice"]


@pytest.mark.parametrize("kind", ["qwen", "xlm_r", "bert", "gemma"])
def test_names_in_another_script_give_no_pieces(tmp_path: Path, kind: str) -> None:
    """Pieces for English names that stand in Khmer pages would change how English is cut."""
    base = base_of(kind, tmp_path)
    text = documents(tmp_path / "text", [(each, "khm_Khmr") for each in MIXED * 4])

    def latin(vocabulary: Vocabulary) -> list[str]:
        new = (vocabulary.tokens[each] or "" for each in range(base.vocabulary.size, vocabulary.size))
        return [each for each in new if len(regex.findall("[A-Za-z]", each)) > 1]

    own = as_many_as_there_are(base, text, tmp_path)
    assert not latin(own)
    assert own.size > base.vocabulary.size
    assert latin(as_many_as_there_are(base, text, tmp_path, scripts="any"))


def base_of(kind: str, folder: Path) -> Tokenizer:
    shape(kind).save(folder / "base" / "tokenizer")
    return Tokenizer.open(folder / "base")


def as_many_as_there_are(base: Tokenizer, text: Documents, folder: Path, **more: str) -> Vocabulary:
    with pytest.raises(InputError, match="add at most") as caught, step_folder(folder / "refused") as step:
        extend_tokenizer(tokenizer=base, text=text, add=10_000, step=step, **more)
    with step_folder(folder / "extended") as step:
        add = int(str(caught.value).split("add at most ")[1].split(",")[0])
        extend_tokenizer(tokenizer=base, text=text, add=add, step=step, **more)
    return Tokenizer.open(folder / "extended").vocabulary


def test_text_in_another_script_than_its_language_is_named(tmp_path: Path) -> None:
    text = documents(tmp_path / "text", [("ab ab abab abab", "khm_Khmr")] * 5)
    with pytest.raises(InputError, match="nothing of script Khmr"), step_folder(tmp_path / "step") as step:
        extend_tokenizer(tokenizer=base_of("xlm_r", tmp_path), text=text, add=2, step=step)


@pytest.mark.parametrize("kind", ["xlm_r", "bert"])
def test_khmer_with_and_without_zero_width_spaces(tmp_path: Path, kind: str) -> None:
    """Learnt from text with them, the pieces serve text without them too."""
    text = documents(tmp_path / "text", [("ប្រព័ន្ធ\u200bប្រតិបត្តិ\u200bការ", "khm_Khmr")] * 6)
    new = as_many_as_there_are(base_of(kind, tmp_path), text, tmp_path)
    assert len(new.encode(["ប្រព័ន្ធប្រតិបត្តិការ"])[0]) <= 2
    assert len(new.encode(["ប្រព័ន្ធ\u200bប្រតិបត្តិ\u200bការ"])[0]) <= 3


@pytest.mark.parametrize("kind", ["qwen", "xlm_r", "bert"])
def test_the_number_that_it_advises_can_be_had(tmp_path: Path, kind: str) -> None:
    shape(kind).save(tmp_path / "base" / "tokenizer")
    text = documents(tmp_path / "text", [(each, "und") for each in NEW_TEXT])
    base = Tokenizer.open(tmp_path / "base")
    with pytest.raises(InputError, match="add at most") as caught, step_folder(tmp_path / "refused") as step:
        extend_tokenizer(tokenizer=base, text=text, add=10_000, step=step)
    advised = int(str(caught.value).split("add at most ")[1].split(",")[0])
    with step_folder(tmp_path / "step") as step:
        extend_tokenizer(tokenizer=base, text=text, add=advised, step=step)
        assert step.figures["added"] == advised > 0


@pytest.mark.slow
def test_e5_small_on_tigrinya(shared: Path) -> None:
    """Fertility falls by two fifths on text that was not seen; other languages do not notice."""
    import gzip

    from panglot.models.embedded import embedded_folder
    from panglot.vocabulary.effect import token_effect
    from panglot.vocabulary.reading import read_vocabulary

    vocabulary = read_vocabulary(embedded_folder("embedded:e5-small"))
    news = []
    for part in ("dev", "test"):
        with gzip.open(shared / f"masakhanews/tir.{part}.jsonl.gz", "rt", encoding="utf-8") as stream:
            news += [json.loads(line)["text"] for line in stream]
    cut = len(news) * 4 // 5
    change = extend_vocabulary(vocabulary, lambda: iter(news[:cut]), 8000)
    sampled = {"tir": news[cut:]}
    for language in ("eng_Latn", "deu_Latn", "swh_Latn", "hin_Deva", "tha_Thai", "zho_Hans"):
        with gzip.open(shared / f"sib200/{language}.tsv.gz", "rt", encoding="utf-8") as stream:
            sampled[language] = [line.rstrip("\n").split("\t")[-1] for line in stream]
    effect = token_effect(change, sampled)
    fertility = effect.pop("tir")["tokens_per_character"]
    assert fertility["after"] <= 0.6 * fertility["before"]
    assert max(each["changed"] for each in effect.values()) <= 0.01
