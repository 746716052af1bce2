import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panglot.evaluation.retrieval import TIE, Ranking, rank_both_ways


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def diagonal(n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(n), np.arange(n)


def naive(source: np.ndarray, target: np.ndarray, right: set[tuple[int, int]], k: int, score: str) -> list[tuple[int, float]]:
    """Rank and score of the best right target of every source, by loops over the definition, in double precision."""
    cosine = [[float(np.dot(x.astype(np.float64), y.astype(np.float64))) for y in target] for x in source]
    n, m = len(source), len(target)
    near_x = [np.mean(sorted(cosine[i], reverse=True)[:k]) for i in range(n)]
    near_y = [np.mean(sorted((cosine[i][j] for i in range(n)), reverse=True)[:k]) for j in range(m)]
    found = []
    for i in range(n):
        scores = [
            cosine[i][j] / max((near_x[i] + near_y[j]) / 2, 1e-6) if score == "margin" else cosine[i][j] for j in range(m)
        ]
        gold = max(scores[j] for j in range(m) if (i, j) in right)
        found.append((1 + sum(scores[j] >= gold - TIE for j in range(m) if (i, j) not in right), gold))
    return found


def test_margin_by_hand_on_three_by_three() -> None:
    # Planar vectors whose cosines are chosen through angles: source at 0°, 60°, 180°; target at 0°, 90°, 120°.
    def at(*degrees: float) -> np.ndarray:
        return unit(np.array([[np.cos(np.radians(d)), np.sin(np.radians(d))] for d in degrees]))

    found = rank_both_ways(at(0, 60, 180), at(0, 90, 120), diagonal(3), neighbours=1)
    # Cosines: [1, 0, -.5], [.5, .866, .5], [-1, 0, .5]; nearest of sources: 1, .866, .5; of targets: 1, .866, .5.
    assert found["cosine", "to_pivot"].rank.tolist() == [1, 1, 1]
    assert found["cosine", "to_pivot"].right == pytest.approx([1, 0.8660254, 0.5], abs=1e-6)
    assert found["margin", "to_pivot"].right == pytest.approx([1, 1, 1], abs=1e-6)
    # margin(60°, 0°) = .5 / ((.866 + 1) / 2); margin(60°, 120°) = .5 / ((.866 + .5) / 2).
    assert found["margin", "to_pivot"].wrong_score[1] == pytest.approx(0.5 / ((0.8660254 + 0.5) / 2), abs=1e-6)
    assert found["margin", "to_pivot"].wrong.tolist() == [1, 2, 1]
    assert found["margin", "from_pivot"].wrong_score[0] == pytest.approx(0.5 / ((0.8660254 + 1) / 2), abs=1e-6)


def test_margin_overrules_a_hub_where_cosine_fails() -> None:
    # Target 0 is the centre of everything: nearer to sources 1 and 2 than their own translations are.
    source = unit(np.array([[1.0, 0.0, 0.0], [0.7, 0.7, 0.0], [0.7, 0.0, 0.7]]))
    target = unit(np.array([[1.0, 0.4, 0.4], [0.2, 1.0, -0.25], [0.2, -0.25, 1.0]]))
    found = rank_both_ways(source, target, diagonal(3), neighbours=2)
    assert found["cosine", "to_pivot"].rank.tolist() == [1, 2, 2]
    assert found["cosine", "to_pivot"].wrong.tolist()[1:] == [0, 0]
    assert found["margin", "to_pivot"].rank.tolist() == [1, 1, 1]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 12), st.integers(1, 40), st.integers(0, 10_000))
def test_blocks_equal_loops_over_the_definition(n: int, m: int, k: int, cells: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    source, target = unit(rng.normal(size=(n, 4))), unit(rng.normal(size=(m, 4)))
    right = {(i, int(rng.integers(m))) for i in range(n)} | {(int(rng.integers(n)), j) for j in range(m)}
    pairs = sorted(right, key=lambda pair: hash((pair, seed)))
    arrays = (np.array([i for i, _ in pairs]), np.array([j for _, j in pairs]))
    found = rank_both_ways(source, target, arrays, neighbours=k, block_cells=cells)
    for score in ("cosine", "margin"):
        forth = naive(source, target, right, k, score)
        back = naive(target, source, {(j, i) for i, j in right}, k, score)
        for direction, expected in (("to_pivot", forth), ("from_pivot", back)):
            ranking = found[score, direction]
            # The divisor's floor makes some margins about 1e6: single precision is compared relatively.
            assert ranking.right == pytest.approx([gold for _, gold in expected], rel=1e-4, abs=1e-5)
            if np.abs(ranking.right).max() < 100:
                assert ranking.rank.tolist() == [rank for rank, _ in expected]


@given(st.integers(1, 200), st.integers(0, 100))
@settings(deadline=None)
def test_the_block_does_not_change_the_outcome(cells: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    source, target = unit(rng.normal(size=(13, 5))), unit(rng.normal(size=(13, 5)))
    whole = rank_both_ways(source, target, diagonal(13), block_cells=10_000)
    parts = rank_both_ways(source, target, diagonal(13), block_cells=cells)
    for key, expected in whole.items():
        assert parts[key].rank.tolist() == expected.rank.tolist()
        assert parts[key].wrong.tolist() == expected.wrong.tolist()


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("neighbours", [1, 4, 100])
def test_few_items_and_more_neighbours_than_items(n: int, neighbours: int) -> None:
    vectors = unit(np.random.default_rng(n).normal(size=(n, 8)))
    for ranking in rank_both_ways(vectors, vectors, diagonal(n), neighbours=neighbours).values():
        assert ranking.rank.tolist() == [1] * n
        assert (ranking.wrong >= 0).tolist() == [n > 1] * n


def misses(ranking: Ranking) -> list[bool]:
    return (ranking.rank > 1).tolist()


def test_a_tie_is_a_miss_whatever_the_order() -> None:
    vectors = unit(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    for ranking in rank_both_ways(vectors, vectors, diagonal(3)).values():
        assert misses(ranking) == [True, True, False]


def test_a_constant_encoder_is_never_right() -> None:
    vectors = unit(np.ones((5, 3)))
    for ranking in rank_both_ways(vectors, vectors, diagonal(5)).values():
        assert ranking.rank.tolist() == [5] * 5


def test_a_negative_divisor_does_not_turn_the_order_round() -> None:
    source, target = unit(np.array([[1.0, 0.0], [0.9, 0.1]])), unit(np.array([[-0.9, 0.5], [-1.0, -0.2]]))
    found = rank_both_ways(source, target, diagonal(2), neighbours=2)
    assert (found["margin", "to_pivot"].right < 0).all()
    assert found["margin", "to_pivot"].rank.tolist() == found["cosine", "to_pivot"].rank.tolist()


def test_every_text_needs_a_right_answer() -> None:
    vectors = unit(np.eye(3))
    with pytest.raises(ValueError, match="right answer"):
        rank_both_ways(vectors, vectors, diagonal(2))


def test_memory_is_set_by_the_block_and_not_by_the_square() -> None:
    n = 6000
    vectors = unit(np.random.default_rng(0).normal(size=(n, 16)))
    tracemalloc.start()
    found = rank_both_ways(vectors, vectors, diagonal(n), block_cells=1 << 18)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found["cosine", "to_pivot"].rank == 1).all()
    assert peak < 0.1 * 4 * n * n


def test_progress_reaches_its_end() -> None:
    vectors, told = unit(np.eye(7)), []
    rank_both_ways(vectors, vectors, diagonal(7), block_cells=20, advance=told.append)
    assert sum(told) == 14
    assert len(told) > 2
