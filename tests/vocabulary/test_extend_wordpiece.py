"""WordPiece: pieces that the greedy cut passes by or that spoil it, cases by hand."""

from panglot.vocabulary.grow_wordpiece import grow_wordpiece, shields
from panglot.vocabulary.piece_rules import PieceRules
from panglot.vocabulary.vocabulary import Vocabulary


def tokenizer(*pieces: str) -> Vocabulary:
    order = ["[UNK]", *pieces]
    model = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100}
    return Vocabulary({
        "model": {**model, "vocab": {piece: index for index, piece in enumerate(order)}},
        "added_tokens": [], "normalizer": None, "pre_tokenizer": {"type": "WhitespaceSplit"}, "decoder": None,
        "post_processor": None,
    })  # fmt: skip


def cut(vocabulary: Vocabulary, word: str) -> list[str]:
    return [str(vocabulary.tokens[each]) for each in vocabulary.encode([word])[0]]


def test_a_longer_match_strands_no_character() -> None:
    """`d` stands only inside `##cd`. With `abc` as a new piece, `abcd` would be abc + d, and d has no `##` form."""
    old = tokenizer("a", "##b", "##c", "##cd", "c", "b")
    assert cut(old, "abcd") == ["a", "##b", "##cd"]
    assert shields(old) == ["##d"]
    new = grow_wordpiece(old, {"abc": 9}, 3, rules=PieceRules.of(old))
    assert cut(new, "abc") == ["abc"]
    assert "[UNK]" not in cut(new, "abcd")


def test_a_piece_that_spoils_more_than_it_saves_is_left_out() -> None:
    """`ab` saves one piece in `ab` (2 times) and costs two in `abcdef`, which was a + bcdef (9 times)."""
    old = tokenizer(*"abcdef", *(f"##{each}" for each in "abcdef"), "##bcdef")
    new = grow_wordpiece(old, {"ab": 2, "abcdef": 9}, 1, rules=PieceRules.of(old))
    assert "ab" not in new.ids
    assert cut(new, "abcdef") == ["abcdef"]


def test_both_forms_of_a_character_and_one_of_a_mark() -> None:
    old = tokenizer("a", "##a")
    new = grow_wordpiece(old, {"ކަކަ": 4}, 3, rules=PieceRules.of(old))
    assert {new.tokens[each] for each in range(old.size, new.size)} == {"ކ", "##ކ", "##ަ"}
    assert cut(new, "ކަ") == ["ކ", "##ަ"]


def test_a_character_that_is_always_a_word_of_its_own_has_one_form() -> None:
    old = tokenizer("a", "##a")
    new = grow_wordpiece(old, {"龍": 4, "龜": 3, "aa": 2}, 10, rules=PieceRules.of(old))
    assert [new.tokens[each] for each in range(old.size, new.size)] == ["龍", "龜", "aa"]
