"""WECHSEL, FOCUS and OFA on vocabularies small enough to say what must come out."""

import numpy as np
import pytest
from pydantic import TypeAdapter

from panglot.artifacts import InputError
from panglot.vocabulary.factors import principal_directions
from panglot.vocabulary.initialise.focus import Focus
from panglot.vocabulary.initialise.methods import Initialise
from panglot.vocabulary.initialise.ofa import Ofa
from panglot.vocabulary.initialise.overlap import plain_text
from panglot.vocabulary.initialise.random import draw
from panglot.vocabulary.initialise.task import Task
from panglot.vocabulary.initialise.wechsel import Wechsel
from panglot.vocabulary.rows import NEW, Change
from panglot.vocabulary.static_vectors import StaticVectors
from panglot.vocabulary.static_vectors_file import write_vectors
from panglot.vocabulary.surface import surfaces
from panglot.vocabulary.vocabulary import Vocabulary

SPECIAL = {"special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}


def vocabulary(*words, unknown=0):
    """A WordPiece tokenizer whose words are its pieces; the unknown token has the id that is asked for."""
    pieces = [*words]
    pieces.insert(unknown, "[UNK]")
    model = {"type": "WordPiece", "vocab": {piece: number for number, piece in enumerate(pieces)}, "unk_token": "[UNK]"}
    model |= {"continuing_subword_prefix": "##", "max_input_chars_per_word": 100}
    added = [{"id": unknown, "content": "[UNK]", **SPECIAL}]
    return Vocabulary({"version": "1.0", "model": model, "added_tokens": added, "pre_tokenizer": {"type": "Whitespace"}})


def task(old, new, texts=None, *, width=4, seed=0, output=False):
    source = np.array([NEW if each is None else old.ids.get(each, NEW) for each in new.tokens])
    random = np.random.default_rng(3)
    matrices = {"input": random.standard_normal((old.size + 2, width)).astype(np.float32)}
    if output:
        matrices |= {"output": matrices["input"] * 2, "bias": random.standard_normal((old.size + 2, 1)).astype(np.float32)}
    return Task(Change(old, new, source), matrices, None if texts is None else lambda: iter(texts), seed)


def vectors(folder, name="v", **rows):
    path = folder / f"{name}.safetensors"
    write_vectors(StaticVectors(list(rows), np.array(list(rows.values()), np.float32)), path)
    return str(path)


def row_of(task, word):
    return task.old("input")[task.change.old.ids[word]]


# FOCUS


def test_focus_by_hand(tmp_path):
    given = task(vocabulary("ดำ", "ขาว", "ก"), vocabulary("ดำ", "ขาว", "ก", "เทา"), output=True)
    # Cosines √½, √½ and −√½: sparsemax is ½, ½, 0.
    file = vectors(tmp_path, **{"ดำ": [1, 0], "ขาว": [0, 1], "ก": [-1, 0], "เทา": [1, 1]})
    found = Focus(vectors=file).rows(given)
    expected = (row_of(given, "ดำ") + row_of(given, "ขาว")) / 2
    assert found["input"] == pytest.approx(expected[None], abs=1e-6)
    assert found["output"] == pytest.approx(2 * expected[None], abs=1e-6)
    assert found["bias"] == pytest.approx(given.old("bias")[1:3].mean(), abs=1e-6)
    assert given.figures["combined"] == 1


def test_focus_mixes_what_stands_in_like_company():
    old, new = vocabulary("อยู่", "ใน", "บ้าน", "วัด", "ไป", "มา"), vocabulary("อยู่", "ใน", "บ้าน", "วัด", "ไป", "มา", "เรือน")
    texts = ["อยู่ ใน บ้าน", "ไป มา วัด", "วัด ไป มา", "ใน บ้าน อยู่"] * 20 + ["อยู่ ใน เรือน", "ใน เรือน อยู่"] * 20
    given = task(old, new, texts)
    weights = Focus(dimension=4).weights(given).toarray()[0]
    assert weights.sum() == pytest.approx(1)
    assert weights[old.ids["บ้าน"]] == weights.max()
    assert weights[[old.ids[each] for each in ("วัด", "ไป", "มา")]].sum() < 0.2
    again = Focus(dimension=4).rows(task(old, new, texts))["input"]
    assert (again == Focus(dimension=4).rows(given)["input"]).all()


def test_focus_draws_what_is_rarer_than_the_minimum():
    given = task(vocabulary("a", "b"), vocabulary("a", "b", "c", "d"), ["a b c"] * 9 + ["a b"])
    found = Focus(minimum_count=10).rows(given)["input"]
    assert (found == draw(given.old("input"), 2, given.seed_of("input"))).all()
    assert given.figures["drawn"] == given.figures["without_vector"] == 2


def test_focus_takes_no_donors_that_the_new_text_lacks(tmp_path):
    file = vectors(tmp_path, near=[1, 0], far=[0.5, 1], new=[1, 0.1])
    old, new = vocabulary("near", "far"), vocabulary("near", "far", "new")
    free, held = task(old, new), task(old, new, ["far new"])
    assert Focus(vectors=file).weights(free).toarray()[0, old.ids["near"]] > 0.5
    assert Focus(vectors=file).weights(held).toarray()[0].tolist() == [0, 0, 1]


def test_the_token_with_the_id_zero_is_a_donor(tmp_path):
    # `vocabulary.get(token)` is 0 for it, which the reference takes for absent when it extends.
    old, new = vocabulary("zero", "x", unknown=2), vocabulary("zero", "x", "new", unknown=3)
    file = vectors(tmp_path, zero=[1, 0], x=[-1, 0], new=[1, 0])
    assert Focus(vectors=file).weights(task(old, new, ["zero x new"])).toarray()[0].tolist() == [1, 0, 0]


def test_special_tokens_are_no_donors(tmp_path):
    old, new = vocabulary("a"), vocabulary("a", "new")
    file = vectors(tmp_path, **{"[UNK]": [1, 0], "a": [0.9, 0.1], "new": [1, 0]})
    assert Focus(vectors=file).weights(task(old, new)).toarray()[0].tolist() == [0, 1]


def test_a_fuzzy_match_is_copied_and_gives_too(tmp_path):
    old, new = vocabulary("berlin", "rom"), vocabulary("Berlin", "rom", "Hauptstadt")
    file = vectors(tmp_path, Berlin=[1, 0], rom=[-1, 0], Hauptstadt=[1, 0])
    given = task(old, new)
    assert Focus(vectors=file, match="fuzzy").weights(given).toarray().tolist() == [[0, 1, 0], [0, 1, 0]]
    assert Focus(vectors=file).weights(given).toarray()[0, old.ids["rom"]] == 1
    assert Focus(vectors=file, match="fuzzy").rows(given)["input"][0] == pytest.approx(row_of(given, "berlin"))


def test_focus_without_text_and_without_vectors():
    with pytest.raises(InputError, match="FOCUS needs text"):
        Focus().rows(task(vocabulary("a"), vocabulary("a", "b")))


def test_focus_without_anything_known_draws():
    given = task(vocabulary("a"), vocabulary("a", "b"), [])
    assert np.isfinite(Focus().rows(given)["input"]).all()
    assert given.figures["drawn"] == 1


# WECHSEL

ENGLISH = ["water", "fire", "earth", "wind", "stone", "tree"]
HEBREW = ["מים", "אש", "אדמה", "רוח", "אבן", "עץ"]


def languages(folder, *, source_width=3, target_width=3):
    """The same cloud of words twice, the second time turned; the second half of the dictionary is not given."""
    random = np.random.default_rng(0)
    cloud = random.standard_normal((6, 3))
    turned = cloud @ np.linalg.qr(random.standard_normal((3, 3)))[0]

    def wide(rows, width):
        return np.hstack([rows, np.zeros((6, width - 3))]) @ np.linalg.qr(random.standard_normal((width, width)))[0]

    source = vectors(folder, "s", **dict(zip(ENGLISH, wide(cloud, source_width), strict=True)))
    target = vectors(folder, "t", **dict(zip(HEBREW, wide(turned, target_width), strict=True)))
    path = folder / "dictionary.tsv"
    path.write_text("".join(f"{one}\t{other}\n" for one, other in zip(ENGLISH[:4], HEBREW[:4], strict=True)), encoding="utf-8")
    return {"source_vectors": source, "target_vectors": target, "dictionary": str(path)}


@pytest.mark.parametrize(("source_width", "target_width"), [(3, 3), (3, 5), (5, 3)])
def test_wechsel_finds_the_translations(tmp_path, source_width, target_width):
    files = languages(tmp_path, source_width=source_width, target_width=target_width)
    given = task(vocabulary(*ENGLISH), vocabulary(*HEBREW))
    found = Wechsel(**files, neighbours=1).rows(given)["input"]
    assert found == pytest.approx(np.stack([row_of(given, each) for each in ENGLISH]), abs=1e-6)
    assert given.figures["dictionary_pairs"] == 4
    colder = Wechsel(**files, temperature=1e-3).rows(given)["input"]
    assert np.isfinite(colder).all()
    assert colder == pytest.approx(found, abs=1e-3)


def test_wechsel_weights_by_hand(tmp_path):
    source = vectors(tmp_path, "s", one=[1, 0], two=[0, 1], three=[-1, 0])
    target = vectors(tmp_path, "t", new=[3, 3])
    given = task(vocabulary("one", "two", "three"), vocabulary("new"))
    found = Wechsel(source_vectors=source, target_vectors=target, aligned=True).weights(given).toarray()[0]
    powers = np.exp(np.array([1, 1, -1]) * np.sqrt(0.5) / 0.1)
    assert found == pytest.approx([0, *(powers / powers.sum())], abs=1e-6)


def test_wechsel_without_a_dictionary_uses_words_that_both_sides_have(tmp_path):
    random = np.random.default_rng(1)
    cloud = random.standard_normal((6, 3))
    turn = np.linalg.qr(random.standard_normal((3, 3)))[0]
    names = ["1984", "Riga", "km", "2024"]
    source = vectors(tmp_path, "s", **dict(zip([*names, "water", "fire"], cloud, strict=True)))
    target = vectors(tmp_path, "t", **dict(zip([*names, "מים", "אש"], cloud @ turn, strict=True)))
    given = task(vocabulary(*names, "water", "fire"), vocabulary(*names, "מים", "אש"))
    found = Wechsel(source_vectors=source, target_vectors=target, neighbours=1).rows(given)["input"]
    assert found == pytest.approx(np.stack([row_of(given, "water"), row_of(given, "fire")]), abs=1e-6)
    assert any("no dictionary" in each for each in given.notes)


def test_wechsel_makes_vectors_from_text(tmp_path):
    (tmp_path / "source.txt").write_text("water 1984 fire\nfire water 1984\n" * 10, encoding="utf-8")
    given = task(vocabulary("water", "fire", "1984"), vocabulary("1984", "מים", "אש"), ["מים 1984 אש", "אש מים 1984"] * 10)
    found = Wechsel(source_text=str(tmp_path / "source.txt"), dimension=2).rows(given)["input"]
    assert np.isfinite(found).all()
    assert given.figures["combined"] == 2
    assert any("alignment is weak" in each for each in given.notes)


def test_wechsel_draws_pieces_of_no_word(tmp_path):
    given = task(vocabulary(*ENGLISH), vocabulary(*HEBREW, "שמש"))
    found = Wechsel(**languages(tmp_path)).rows(given)["input"]
    assert (found[-1] == draw(given.old("input"), 7, given.seed_of("input"))[-1]).all()
    assert given.figures["drawn"] == 1


def test_wechsel_says_what_is_missing(tmp_path):
    given = task(vocabulary("a"), vocabulary("b"))
    with pytest.raises(InputError, match="word vectors of the old language"):
        Wechsel().rows(given)
    with pytest.raises(InputError, match="word vectors of the new language"):
        Wechsel(source_vectors=vectors(tmp_path, a=[1, 0])).rows(given)
    (tmp_path / "short.txt").write_text("a\n", encoding="utf-8")
    with pytest.raises(InputError, match="occurs 5 times"):
        Wechsel(source_text=str(tmp_path / "short.txt")).rows(given)
    with pytest.raises(InputError, match="no pair of words"):
        files = {f"{side}_vectors": vectors(tmp_path, side, **{side: [1, 0]}) for side in ("source", "target")}
        Wechsel(**files).rows(given)


# OFA


def test_ofa_by_hand(tmp_path):
    file = vectors(tmp_path, one=[1, 0], two=[0, 1], three=[-1, 0], חדש=[1, 1])
    given = task(vocabulary("one", "two", "three"), vocabulary("one", "חדש"))
    powers = np.exp(np.array([1, 1, -1]) * np.sqrt(0.5) / 0.1)
    assert Ofa(vectors=file).weights(given).toarray()[0] == pytest.approx([0, *(powers / powers.sum())], abs=1e-6)


def test_ofa_copies_a_token_that_differs_in_case_only(tmp_path):
    given = task(vocabulary("riga", "x"), vocabulary("Riga", "x"))
    assert Ofa(vectors=vectors(tmp_path, x=[1, 0], Riga=[1, 0])).rows(given)["input"][0] == pytest.approx(row_of(given, "riga"))


def test_ofa_with_factors_mixes_coordinates(tmp_path):
    file = vectors(tmp_path, one=[1, 0], two=[0, 1], חדש=[1, 1])
    given = task(vocabulary("one", "two", *"abcdefgh"), vocabulary("one", "חדש", "unseen"))
    whole, part = Ofa(vectors=file).rows(given)["input"], Ofa(vectors=file, factors=2).rows(given)["input"]
    directions = principal_directions(given.old("input"))[1][:, :2]
    assert part[0] == pytest.approx(whole[0] @ directions @ directions.T, abs=1e-5)
    assert np.abs(part[0] - whole[0]).max() > 1e-3
    assert (part[1] == whole[1]).all(), "a row that is drawn is drawn"
    assert Ofa(vectors=file, factors=99).rows(given)["input"] == pytest.approx(whole)


def test_ofa_makes_vectors_from_both_texts(tmp_path):
    (tmp_path / "old.txt").write_text("water 1984 fire\nfire water 1984\n" * 10, encoding="utf-8")
    given = task(vocabulary("water", "fire", "1984"), vocabulary("1984", "מים", "אש"), ["מים 1984 אש", "אש מים 1984"] * 10)
    weights = Ofa(source_text=str(tmp_path / "old.txt"), dimension=4).weights(given)
    assert weights.sum(axis=1) == pytest.approx(1)
    with pytest.raises(InputError, match="OFA needs"):
        Ofa().rows(task(vocabulary("a"), vocabulary("b")))


# All three


@pytest.mark.parametrize("kind", ["wechsel", "focus", "ofa"])
def test_a_method_is_named_in_a_recipe(kind):
    assert TypeAdapter(Initialise).validate_python(kind).method == kind


def test_files_are_told_so_that_a_step_is_run_again():
    files = Wechsel(source_vectors="a.vec", source_text="b.txt", dictionary="c.tsv").files()
    assert [each.name for each in (*files, *Focus(vectors="d.vec").files(), *Ofa(vectors="e.vec").files())] == [
        "a.vec",
        "b.txt",
        "c.tsv",
        "d.vec",
        "e.vec",
    ]


# Against plain numpy: the formulas of the papers, with loops, on random vectors and tokens of several pieces

LETTERS = "aשขក"
PIECES = [*LETTERS, *(f"##{each}" for each in LETTERS), "aש", "##ขก", "กข", "##שa"]


def unit(rows):
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)


def mean_of_words(pieces, words, rows, weights, *, cased):
    """u of each piece: the mean over the words whose cut holds it."""
    found = np.zeros((pieces.size, rows.shape[1]))
    for piece in set(range(pieces.size)) - pieces.special:
        total = 0.0
        for word, row, weight in zip(words, rows, weights, strict=True):
            spelt = [word, f" {word}"]
            if cased and word[:1].upper() != word[:1]:
                spelt += [word[:1].upper() + word[1:], " " + word[:1].upper() + word[1:]]
            times = sum(piece in pieces.encode([form])[0] for form in spelt)
            share = float(times > 0) if cased else times * weight
            found[piece] += share * row
            total += share
        found[piece] /= total or 1.0
    return found


def nearest_softmax(query, donors, k, temperature):
    known = [place for place in range(len(donors)) if donors[place].any()]
    cosines = {place: float(unit(query) @ unit(donors[place])) for place in known}
    kept = sorted(known, key=lambda place: -cosines[place])[:k]
    powers = np.exp([cosines[each] / temperature for each in kept])
    found = np.zeros(len(donors))
    found[kept] = powers / powers.sum()
    return found


def old_and_new():
    return vocabulary(*PIECES), vocabulary(*PIECES, "aขก", "##กש", "שก")


WORDS = ["aש", "aขก", "กש", "ขขก", "שกש", "aa", "กขaש", "שกขก"]


def forms(word):
    return word, word.lower(), word.title()


@pytest.mark.parametrize("seed", range(5))
def test_wechsel_equals_its_formula(tmp_path, seed):
    random = np.random.default_rng(seed)
    old, new = old_and_new()
    source, target = random.standard_normal((8, 4)), random.standard_normal((8, 4))
    counts = random.integers(1, 9, 8)
    for name, rows in (("s", source), ("t", target)):
        write_vectors(StaticVectors(WORDS, rows.astype(np.float32), counts), tmp_path / f"{name}.safetensors")
    pairs = [(WORDS[each], WORDS[(each + 1) % 8]) for each in range(6)]
    (tmp_path / "d.tsv").write_text("".join(f"{one}\t{other}\n" for one, other in pairs), encoding="utf-8")
    # as it is, lower and title case of both words: nine pairs, and forms that coincide count as often as they do
    spelt = [(x, y) for one, other in pairs for x in forms(one) for y in forms(other) if x in WORDS and y in WORDS]
    left, right = source[[WORDS.index(x) for x, _ in spelt]], target[[WORDS.index(y) for _, y in spelt]]
    one, _, other = np.linalg.svd(left.T @ right)
    donors = mean_of_words(old, WORDS, source, counts, cased=False) @ (one @ other)
    queries = mean_of_words(new, WORDS, target, counts, cased=False)
    given = task(old, new)
    files = {f"{side}_vectors": str(tmp_path / f"{side[0]}.safetensors") for side in ("source", "target")}
    found = Wechsel(**files, dictionary=str(tmp_path / "d.tsv"), neighbours=3).weights(given).toarray()
    expected = [
        nearest_softmax(queries[each], donors, 3, 0.1) if queries[each].any() else np.zeros(old.size) for each in given.targets
    ]
    assert found == pytest.approx(np.array(expected), abs=1e-4)
    assert found.sum(axis=1).max() == pytest.approx(1)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("factors", [None, 2])
def test_ofa_equals_its_formula(tmp_path, seed, factors):
    random = np.random.default_rng(seed)
    old, new = old_and_new()
    rows = random.standard_normal((8, 4))
    write_vectors(StaticVectors(WORDS, rows.astype(np.float32)), tmp_path / "v.safetensors")
    donors, queries = (mean_of_words(each, WORDS, rows, np.ones(8), cased=True) for each in (old, new))
    given = task(old, new, seed=seed, width=6)
    found = Ofa(vectors=str(tmp_path / "v.safetensors"), neighbours=3, factors=factors).rows(given)["input"]
    old_rows = given.old("input").astype(float)
    left, values, right = np.linalg.svd(old_rows, full_matrices=False)
    coordinates, primitives = left[:, :factors], values[:factors, None] * right[:factors]
    for row, target in enumerate(given.targets):
        if queries[target].any():
            weights = nearest_softmax(queries[target], donors, 3, 0.1)
            # in the paper the coordinates are mixed, and the primitives multiplied afterwards
            assert found[row] == pytest.approx((weights @ coordinates) @ primitives, abs=1e-4)
    assert given.figures["combined"] >= 2


@pytest.mark.parametrize("seed", range(5))
def test_focus_equals_its_formula(tmp_path, seed):
    random = np.random.default_rng(seed)
    old, new = old_and_new()
    rows = random.standard_normal((new.size, 4)).astype(np.float32)
    write_vectors(StaticVectors([str(each) for each in new.tokens], rows), tmp_path / "v.safetensors")
    given = task(old, new, seed=seed)
    found = Focus(vectors=str(tmp_path / "v.safetensors")).rows(given)["input"]
    overlap = [number for number, token in enumerate(new.tokens) if token in old.ids and number not in new.special]
    for row, target in enumerate(given.targets):
        cosines = unit(rows[overlap].astype(float)) @ unit(rows[target].astype(float))
        # the projection on the simplex, by bisection of its threshold
        low, high = cosines.min() - 1, cosines.max()
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if np.maximum(cosines - middle, 0).sum() > 1 else (low, middle)
        weights = np.maximum(cosines - low, 0)
        expected = weights @ given.old("input")[[old.ids[new.tokens[each]] for each in overlap]]
        assert found[row] == pytest.approx(expected, abs=1e-4)


def test_halves_of_characters_are_not_all_one_word(tmp_path):
    # decoded with replacement characters they would all get the vector of the word U+FFFD, which real files hold
    from initialise_tasks import extended, task_of
    from shapes import gpt2

    change = extended(gpt2(), 20)
    texts = surfaces(change.new)
    halves = [each for each in change.added if texts[each] and not plain_text(texts[each])]
    assert halves
    file = vectors(tmp_path, **{"\ufffd": [1.0, 0.0], "market": [1.0, 0.1]})
    weights = Focus(vectors=file).weights(task_of(change, texts=None))
    assert not weights[[change.added.index(each) for each in halves]].nnz
