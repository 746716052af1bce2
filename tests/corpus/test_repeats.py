"""Passages and substrings that come up again: what is taken out, what must stay, and that nothing is cut in two."""

import random
import unicodedata

import numpy as np
import pyarrow.parquet as pq
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from panglot.artifacts import Engine, step_folder
from panglot.artifacts.digest import digest_folder
from panglot.corpus.documents import DOCUMENTS_FILE, SHARDS_FOLDER, Documents, DocumentWriter, document_id
from panglot.corpus.duplicates.passages import repeated_passages, split
from panglot.corpus.duplicates.substrings import NEIGHBOURS, repeated_substrings, winnowed, without


def write(folder, texts, shards=1, tag="tha_Thai"):
    size = -(-len(texts) // shards)
    for number in range(shards):
        name = DOCUMENTS_FILE if shards == 1 else f"{SHARDS_FOLDER}/{number:05}.parquet"
        with DocumentWriter(folder / name) as writer:
            for text in texts[number * size : (number + 1) * size]:
                writer.document(text, tag, source="test")
    return Documents(folder)


@pytest.fixture
def apply(tmp_path):
    made = [0]

    def apply(component, *, workers=1, **parameters):
        made[0] += 1
        final = tmp_path / f"step-{made[0]}" / "step"
        with step_folder(final, engine=Engine(workers=workers)) as step:
            component(**parameters, step=step)
        return Documents(final), step.figures

    return apply


MENU = "หน้าแรก เกี่ยวกับเรา ติดต่อเราได้ที่นี่"
NOTICE = "Toate drepturile rezervate firmei noastre."


def pages(count, seed=0):
    rng = random.Random(seed)
    letters = "กขคงจชซดตถทนบปผพฟมยรลวสหอ"
    body = ["".join(rng.choice(letters) for _ in range(200)) for _ in range(count)]
    return [f"{MENU}\n{each}\n{NOTICE if number % 2 else NOTICE.upper() + '!!'}" for number, each in enumerate(body)], body


def test_boilerplate_lines_go_and_bodies_stay(apply, tmp_path):
    texts, body = pages(12)
    texts += [f"{MENU}\nok\n{NOTICE}", f"{MENU}\n\n{NOTICE}\n"]
    of = write(tmp_path / "d", texts, shards=3)
    found, figures = apply(repeated_passages, of=of, workers=2)
    assert list(found.texts()) == [*body, "ok"]
    assert [row["id"] for row in found.rows()] == [document_id("tha_Thai", each) for each in [*body, "ok"]]
    assert [row["text"] for row in found.dropped.rows()] == [texts[-1]]
    assert figures["documents"]["in"] == 14 and figures["documents"]["kept"] == 13 and figures["documents"]["changed"] == 13
    assert figures["documents"]["dropped"] == {"repeated passages": 1}
    shown = pq.read_table(found.folder / "passages.parquet").to_pylist()
    assert [(row["documents"], row["text"]) for row in shown] == [(14, NOTICE.upper() + "!!"), (14, MENU)]
    other, _ = apply(repeated_passages, of=of, workers=3)
    assert digest_folder(other.folder / "documents") == digest_folder(found.folder / "documents")


def test_fewer_documents_than_asked_for(apply, tmp_path):
    texts, _ = pages(12)
    found, _ = apply(repeated_passages, of=write(tmp_path / "d", texts), documents=13)
    assert list(found.texts()) == texts


def test_a_line_that_stands_often_in_one_document_stays(apply, tmp_path):
    text = "\n".join(["la la la, sang the chorus of them"] * 30)
    found, _ = apply(repeated_passages, of=write(tmp_path / "d", [text]))
    assert list(found.texts()) == [text]


def test_short_lines_stay(apply, tmp_path):
    texts = [f"Yes.\nใช่\n{each}" for each in pages(12)[1]]
    of = write(tmp_path / "d", texts)
    assert list(apply(repeated_passages, of=of)[0].texts()) == texts
    assert list(apply(repeated_passages, of=of, words=0)[0].texts()) == pages(12)[1]


def test_the_first_may_stay(apply, tmp_path):
    texts, body = pages(12)
    texts[0] = f"{MENU}\n{texts[0]}"
    found, _ = apply(repeated_passages, of=write(tmp_path / "d", texts, shards=2), keep="first")
    assert list(found.texts()) == [f"{MENU}\n{body[0]}\n{NOTICE.upper()}!!", *body[1:]]


def test_languages_are_counted_apart(apply, tmp_path):
    lines = [f"The very same English notice here.\nbody number {number} of them" for number in range(12)]
    with DocumentWriter(tmp_path / "d" / DOCUMENTS_FILE) as writer:
        for number, each in enumerate(lines):
            writer.document(each, "eng_Latn" if number % 2 else "hsb_Latn", source="test")
    of = Documents(tmp_path / "d")
    assert list(apply(repeated_passages, of=of)[0].texts()) == lines
    assert all("notice" not in each for each in apply(repeated_passages, of=of, across=True)[0].texts())


def test_paragraphs(apply, tmp_path):
    texts = [f"A notice that\nhas two lines of text\n\nbody {number} has words of its own" for number in range(10)]
    found, _ = apply(repeated_passages, of=write(tmp_path / "d", texts), unit="paragraph")
    assert list(found.texts()) == [f"body {number} has words of its own" for number in range(10)]


@settings(max_examples=200)
@given(st.text("a\r\n\x0b\u2028 ก", max_size=20), st.sampled_from(["line", "paragraph"]))
def test_split_loses_nothing(text, unit):
    parts = split(text, unit)
    assert "".join(parts) == text and len(parts) % 2 == 1
    assert all(each == each.strip("\r\n\x0b\u2028") or unit == "paragraph" for each in parts[::2])


def random_text(rng, size, letters="abcdefghijklmnop กขคงจ日本語山川"):
    return "".join(rng.choice(letters) for _ in range(size))


def test_a_long_stretch_goes_but_for_its_first_place(apply, tmp_path):
    rng = random.Random(1)
    shared = random_text(rng, 300)
    own = [random_text(rng, 400) for _ in range(6)]
    texts = [own[0] + shared + own[1], own[2] + shared + own[3], shared, own[4] + own[5]]
    of = write(tmp_path / "d", texts, shards=2)
    found, figures = apply(repeated_substrings, of=of, workers=2)
    left = list(found.texts())
    assert left[0] == texts[0] and left[-1] == texts[3]
    assert len(left[1]) < 800 + 2 * NEIGHBOURS and left[1][:390] == own[2][:390] and left[1][-390:] == own[3][-390:]
    assert len(left) == 4 or figures["documents"]["dropped"] == {"repeated substrings": 1}
    assert sum(map(len, left)) < 1100 + 800 + 800 + 4 * NEIGHBOURS
    again, _ = apply(repeated_substrings, of=of, workers=1)
    assert digest_folder(again.folder / "documents") == digest_folder(found.folder / "documents")


def repeats(texts, size):
    """The windows that stand in several places, by looking at all of them."""
    places = {}
    for number, text in enumerate(texts):
        for place in range(len(text) - size + 1):
            places.setdefault(text[place : place + size], []).append((number, place))
    return {window: found for window, found in places.items() if len(found) > 1}


@pytest.mark.parametrize("seed", range(6))
def test_against_all_windows(apply, tmp_path, seed):
    """Nothing goes that does not stand elsewhere; of what does, nothing longer than a window and its neighbours stays twice."""
    rng = random.Random(seed)
    size = 20
    pool = [random_text(rng, rng.randint(10, 90)) for _ in range(6)]
    texts = [
        random_text(rng, 30) + "".join(rng.choice(pool) + random_text(rng, rng.randint(0, 30)) for _ in range(4))
        for _ in range(8)
    ]
    found, _ = apply(repeated_substrings, of=write(tmp_path / "d", texts), characters=size)
    left = [row["text"] for row in found.rows()]
    twice = repeats(texts, size)
    kept = dict.fromkeys(range(len(texts)), "")
    source = iter(left)
    dropped = {row["text"] for row in found.dropped.rows()} if found.dropped else set()
    for number, text in enumerate(texts):
        kept[number] = "" if text in dropped else next(source)
    for number, text in enumerate(texts):
        covered = np.zeros(len(text), dtype=bool)
        for places in twice.values():
            for owner, place in places:
                if owner == number:
                    covered[place : place + size] = True
        unique = regex.sub(r"\s", "", "".join(np.array(list(text))[~covered]))
        it = iter(regex.sub(r"\s", "", kept[number]))
        assert all(each in it for each in unique), "what stands nowhere else is all there, in order"
    long = [window for window in repeats(left, size + NEIGHBOURS) if "\n" not in window]
    assert not long


def test_times(apply, tmp_path):
    rng = random.Random(4)
    shared = random_text(rng, 200)
    texts = [random_text(rng, 50) + shared for _ in range(3)]
    of = write(tmp_path / "d", texts)
    assert list(apply(repeated_substrings, of=of, times=4)[0].texts()) == texts
    assert sum(len(each) for each in apply(repeated_substrings, of=of, times=3)[0].texts()) < sum(map(len, texts)) - 350


def test_one_character_again_and_again(apply, tmp_path):
    found, _ = apply(repeated_substrings, of=write(tmp_path / "d", ["ก" * 1000, "x"]), characters=50)
    left = list(found.texts())
    assert 50 <= len(left[0]) <= 50 + 2 * NEIGHBOURS and left[1] == "x"


MARKED = ["ẹ́", "ọ̀", "ก้", "ที่", "क्षि", "नीं", "မြို့", "👩🏽‍🚀", "🇫🇷", "🇩🇪", "각", "e\u0301\u0323", "a", " ", "\r\n", "日"]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(MARKED), min_size=1, max_size=12), st.data())
def test_no_cluster_is_cut(clusters, data):
    text = "".join(clusters)
    gone = np.array(data.draw(st.lists(st.booleans(), min_size=len(text), max_size=len(text))), dtype=bool)
    whole = regex.findall(r"\X", text)
    left = without(text, gone)
    rest = iter(whole)
    for each in regex.findall(r"\X", left):
        if each.strip():
            assert each in rest, "each cluster that is left is one of the text, in order"
    place = 0
    kept = []
    for each in whole:
        if not gone[place : place + len(each)].all():
            kept.append(each)
        place += len(each)
    assert regex.sub(r"\s", "", left) == regex.sub(r"\s", "", "".join(kept))


@settings(max_examples=100)
@given(st.lists(st.text("abก", max_size=40), max_size=5), st.integers(3, 12))
def test_windows_by_definition(texts, size):
    """Which windows are kept depends on the text alone; of any eight neighbours one is kept at least."""
    found = winnowed(texts, size)
    alone = [winnowed([each], size) for each in texts]
    assert found.hashes.tolist() == [each for one in alone for each in one.hashes.tolist()]
    for number, text in enumerate(texts):
        places = set(found.places[found.texts == number].tolist())
        count = max(len(text) - size + 1, 0)
        for first in range(count - NEIGHBOURS + 1):
            assert places & set(range(first, first + NEIGHBOURS))
        assert places if count > 0 else not places
        mine = dict(
            zip(found.places[found.texts == number].tolist(), found.hashes[found.texts == number].tolist(), strict=True)
        )
        for one in mine:
            for other in mine:
                assert (mine[one] == mine[other]) == (text[one : one + size] == text[other : other + size])


def test_normalisation_forms_are_not_changed(apply, tmp_path):
    texts = [unicodedata.normalize("NFD", "Việt Nam đất nước " * 3), unicodedata.normalize("NFC", "Yorùbá ọ̀rọ̀ " * 3)]
    assert list(apply(repeated_passages, of=write(tmp_path / "d", texts))[0].texts()) == texts
