"""Rehydration: FineWeb2's formula on FineWeb2's own counts, and the component."""

import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panglot.artifacts import InputError, step_folder
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.corpus.duplicates.clusters import Clusters
from panglot.corpus.duplicates.deduplicate import deduplicate
from panglot.corpus.duplicates.find import near_duplicates
from panglot.corpus.duplicates.rehydrate import FixedTable, Rates, Repetitions, rehydrate
from panglot.corpus.duplicates.repetitions import SIMPLE_TABLE, SizeRates, compact, looked_up, repetitions

# Italian in FineWeb2, as published in its repository (Apache 2.0), rates rounded: what the filters removed, in per cent, of
# clusters of 1, 2, … 172 documents and of larger ones; and how many documents were left.
# fmt: off
REMOVED = [
    66.43, 52.5, 49.08, 47.51, 45.14, 44.9, 42.42, 41.82, 40.63, 40.63, 39.59, 40.24, 38.52, 39.44, 39.28,
    38.52, 37.43, 37.97, 37.07, 37.81, 37.51, 37.53, 37.08, 38.51, 37.69, 37.96, 38.4, 39.24, 39.12, 40.55,
    40.02, 41.04, 41.03, 41.34, 41.47, 42.38, 41.46, 41.64, 41.71, 42.18, 41.41, 42.21, 41.61, 42.1, 42.35,
    42.21, 42.47, 44.05, 43.4, 44.08, 43.99, 44.4, 44.35, 46.63, 45.01, 45.74, 44.85, 45.49, 45.42, 46.4,
    45.58, 46.26, 46.87, 46.76, 47.19, 47.29, 47.31, 47.0, 47.22, 47.27, 47.42, 48.3, 48.01, 48.11, 48.86,
    48.67, 48.73, 48.81, 48.18, 49.44, 47.97, 48.46, 48.42, 49.79, 48.69, 49.3, 49.42, 49.48, 49.23, 50.0,
    49.82, 50.05, 49.59, 50.25, 50.53, 50.43, 50.88, 51.39, 50.74, 52.38, 50.81, 50.93, 50.94, 50.61, 52.09,
    50.59, 51.61, 52.82, 52.31, 51.72, 51.38, 50.9, 51.99, 52.98, 51.52, 52.19, 52.15, 52.4, 53.04, 53.94,
    51.97, 52.86, 52.13, 52.28, 51.9, 53.55, 53.49, 52.39, 53.41, 53.54, 52.07, 53.71, 53.31, 53.95, 53.7,
    53.03, 54.52, 54.52, 54.78, 53.54, 54.21, 54.15, 54.18, 55.77, 54.27, 54.93, 55.63, 55.59, 55.51, 55.6,
    55.08, 55.37, 55.9, 54.74, 56.78, 55.76, 56.02, 53.4, 55.61, 56.11, 56.1, 54.79, 54.95, 56.19, 55.33,
    56.02, 55.09, 55.88, 54.59, 55.83, 55.03, 55.92, 59.73
]
LEFT = [
    83685785, 38990855, 22645230, 16874401, 12825892, 9906232, 7464859, 6353500, 5217491, 4294271, 3640857,
    3159502, 2601141, 2284482, 1987350, 1719405, 1497998, 1327496, 1158960, 1035913, 913573, 810682, 722060,
    651090, 572351, 506891, 450125, 404259, 360902, 327325, 291380, 266340, 243489, 228276, 218152, 206130,
    187871, 170418, 152315, 139306, 127999, 121473, 111641, 103555, 94744, 85966, 79018, 74164, 68145, 63432,
    59484, 55471, 51787, 48623, 45883, 43130, 40962, 37938, 36615, 35138, 32783, 30914, 29466, 28426, 26655,
    25739, 24139, 23514, 22394, 22034, 20893, 20079, 19011, 18267, 17449, 16646, 15882, 15315, 14962, 14109,
    13958, 13228, 12893, 12286, 12042, 11460, 11245, 10733, 10379, 10130, 9603, 9347, 9012, 8490, 8330, 8220,
    7755, 7605, 7504, 7194, 6998, 6808, 6739, 6598, 6119, 6281, 5891, 5755, 5604, 5642, 5462, 5401, 5106,
    4943, 4891, 4764, 4660, 4517, 4430, 4258, 4269, 4058, 3957, 4022, 3880, 3767, 3728, 3574, 3482, 3431,
    3442, 3216, 3234, 3062, 3114, 3082, 2844, 2871, 2746, 2773, 2722, 2644, 2715, 2529, 2614, 2457, 2402,
    2409, 2332, 2270, 2331, 2264, 2137, 2129, 2047, 2097, 2000, 2071, 1909, 1911, 1891, 1906, 1837, 1799,
    1791, 1781, 1774, 1668, 1730, 1687, 1648, 1580, 218122
]
# fmt: on
REMOVED_OF_ALL = 55.7617
PUBLISHED = {1: 1, 2: 3, 3: 4, 4: 5, 5: 6, 7: 7, 8: 8, 11: 9, 17: 10, 26: 9, 31: 8, 46: 7, 52: 6, 63: 5, 75: 4, 96: 3,
             118: 2, 123: 3, 125: 2, 145: 1}  # fmt: skip


def italian(maximum):
    return repetitions([each / 100 for each in REMOVED], REMOVED_OF_ALL / 100, maximum)


def test_growth_of_italian_is_as_published():
    times = italian(10)
    assert sum(a * b for a, b in zip(times, LEFT, strict=True)) == 965_462_863
    assert sum(LEFT) == 238_984_437
    smaller = sum(a * b for a, b in zip(italian(3), LEFT, strict=True))
    assert smaller / sum(LEFT) == pytest.approx(1.64, abs=0.005)


def test_shape_of_italian_is_as_published():
    times = italian(10)
    table = compact(range(1, len(times) + 1), times)
    differing = [size for size in range(1, 400) if looked_up(table, size) != looked_up(PUBLISHED, size)]
    # the published table begins a range one size early where a range of one size went before it
    assert differing == [75, 122]
    assert max(times) == 10 == times[20] and times[0] == times[-1] == 1


def test_all_rates_equal_is_no_division_by_zero():
    assert repetitions([0.4] * 9, 0.4, 10) == [1] * 9
    assert repetitions([0.4], 0.4, 10) == [1]
    assert repetitions([], 0.4, 10) == []


RATES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@settings(max_examples=200)
@given(RATES, st.floats(0, 1), st.integers(1, 12))
def test_repetitions_are_within_bounds(rates, of_all, maximum):
    found = repetitions(rates, of_all, maximum)
    assert len(found) == len(rates) and all(1 <= each <= maximum for each in found)
    unsmoothed = repetitions(rates, of_all, maximum, window=1)
    assert all(times == 1 for times, rate in zip(unsmoothed, rates, strict=True) if rate >= of_all)
    if min(rates) < of_all:
        assert unsmoothed[rates.index(min(rates))] == maximum


def test_a_rate_over_few_documents_is_not_the_best():
    """Three of four documents of size 40 were left by luck."""
    before, after = {1: 9000, 2: 3000, 3: 900, 40: 4}, {1: 900, 2: 600, 3: 360, 40: 3}
    pooled = SizeRates.of(before, after)
    assert pooled.sizes == [1, 2, 3] and looked_up(pooled.table(10), 3) == 10
    assert looked_up(SizeRates.of(before, after, tail=1).table(10), 3) < 10


def test_simple_table():
    sizes = (1, 2, 3, 4, 5, 99, 100, 999, 1000, 10**6)
    assert [looked_up(SIMPLE_TABLE, each) for each in sizes] == [1, 2, 3, 3, 5, 5, 8, 8, 1, 1]


def write(folder, rows):
    with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
        for tag, text in rows:
            writer.document(text, tag, source="test")
    return Documents(folder)


@pytest.fixture
def corpus(tmp_path):
    """Lao pages that stand one to four times; filters will remove most of those that stand once."""
    rng = random.Random(2)
    letters = "ກຂຄງຈຊຍດຕຖທນບປຜຝພຟມຢຣລວຫອຮ"
    rows = []
    for number in range(240):
        text = "".join(rng.choice(letters) for _ in range(120))
        rows += [("lao_Laoo" if number % 2 else "khm_Khmr", text)] * (1 + number // 2 % 4)
    of = write(tmp_path / "d", rows)
    with step_folder(tmp_path / "clusters") as step:
        near_duplicates(of=of, step=step)
    clusters = Clusters(tmp_path / "clusters")
    with step_folder(tmp_path / "kept") as step:
        deduplicate(of=of, clusters=clusters, step=step)
    return of, clusters, Documents(tmp_path / "kept")


def test_rehydrate_by_rates(tmp_path, corpus):
    _, clusters, kept = corpus
    rows = list(kept.rows())
    sizes = {row["id"]: row["cluster_size"] for row in pq.read_table(clusters.shards[0]).to_pylist()}
    left = [row for row in rows if sizes[row["id"]] > 1 or int(row["id"], 16) % 4 == 0]
    of = write(tmp_path / "filtered", [(row["language"], row["text"]) for row in left])
    with step_folder(tmp_path / "out") as step:
        rehydrate(of=of, clusters=clusters, before=kept, weights=Rates(maximum=3, tail=5), step=step)
    found = Repetitions(tmp_path / "out")
    table = pq.read_table(found.shards[0]).to_pylist()
    assert [row["id"] for row in table] == [row["id"] for row in left]
    assert all(row["cluster_size"] == sizes[row["id"]] for row in table)
    assert {row["repetitions"] for row in table if row["cluster_size"] == 1} == {1}
    assert {row["repetitions"] for row in table if row["cluster_size"] > 1} == {3}
    assert found.growth == pytest.approx(step.figures["growth"], abs=1e-4)
    said = step.figures["by_language"]
    assert set(said) == {"lao_Laoo", "khm_Khmr"} and said["lao_Laoo"]["table"] == {"1": 1, "2": 3}
    assert said["lao_Laoo"]["removed_by_size"]["2"] == 0


def test_rehydrate_by_table(tmp_path, corpus):
    _, clusters, kept = corpus
    with step_folder(tmp_path / "out") as step:
        rehydrate(of=kept, clusters=clusters, weights=FixedTable(), step=step)
    table = pa.concat_tables([pq.read_table(each) for each in Repetitions(tmp_path / "out").shards]).to_pylist()
    assert all(row["repetitions"] == min(row["cluster_size"], 3) for row in table)
    assert {row["cluster_size"] for row in table} == {1, 2, 3, 4}


def test_what_is_needed(tmp_path, corpus):
    of, clusters, kept = corpus
    with pytest.raises(InputError, match="documents before the filters"), step_folder(tmp_path / "a") as step:
        rehydrate(of=kept, clusters=clusters, step=step)
    other = write(tmp_path / "other", [("lao_Laoo", "ບໍ່ມີ")])
    with pytest.raises(InputError, match="none of these documents"), step_folder(tmp_path / "b") as step:
        rehydrate(of=other, clusters=clusters, before=of, step=step)
