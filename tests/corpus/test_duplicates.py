"""Clusters of duplicates: against Jaccard similarity computed outright, in scripts of every kind, for any number of workers."""

import random
import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panglot.artifacts import Engine, InputError, step_folder
from panglot.artifacts.digest import digest_folder
from panglot.corpus.documents import DOCUMENTS_FILE, SHARDS_FOLDER, Documents, DocumentWriter
from panglot.corpus.duplicates.clustering import Range, find_edges, united, write_runs
from panglot.corpus.duplicates.clusters import Clusters, DuplicateIndex
from panglot.corpus.duplicates.deduplicate import deduplicate
from panglot.corpus.duplicates.find import duplicate_index, exact_duplicates, near_duplicates
from panglot.corpus.duplicates.runs import Run
from panglot.corpus.duplicates.shingles import shingles

LETTERS = {
    "eng_Latn": "abcdefghijklmnoprstuvw",
    "vie_Latn": "aáàảãạăắằeéèêếềoóòôốồuúùưứừ",
    "yor_Latn": ["ẹ", "ẹ́", "ẹ̀", "ọ", "ọ́", "ọ̀", "gb", "ṣ", "k", "b", "a", "á"],
    "arb_Arab": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "hin_Deva": ["का", "कि", "की", "कु", "के", "को", "खं", "ग", "घ", "च्छ", "ज", "न्त", "प्र", "ब"],
    "tha_Thai": ["กา", "กิ", "ก้า", "ข่า", "คี", "งู", "เจ", "โช", "ไซ", "ดำ", "ตึ", "ทุ", "นั", "บ๊ะ"],
    "mya_Mymr": ["က", "ကာ", "ကို", "ခ", "ဂ", "င်", "စ", "ဆို", "တ", "န်", "မာ", "ရ"],
    "zho_Hans": [chr(0x4E00 + each) for each in range(0, 3000, 7)],
    "jpn_Jpan": [*map(chr, range(0x3042, 0x3093)), *(chr(0x4E00 + each) for each in range(0, 2000, 13))],
    "amh_Ethi": [chr(each) for each in range(0x1200, 0x1250) if unicodedata.category(chr(each)) == "Lo"],
}
UNSPACED = {"tha_Thai", "mya_Mymr", "zho_Hans", "jpn_Jpan"}


def word(rng, tag):
    return "".join(rng.choice(LETTERS[tag]) for _ in range(rng.randint(2, 6)))


def text(words, tag):
    return ("" if tag in UNSPACED else " ").join(words)


def write(folder, rows, shards=1):
    """Documents in so many shards; a row is (tag, text)."""
    size = -(-len(rows) // shards)
    for number in range(shards):
        name = DOCUMENTS_FILE if shards == 1 else f"{SHARDS_FOLDER}/{number:05}.parquet"
        with DocumentWriter(folder / name) as writer:
            for tag, said in rows[number * size : (number + 1) * size]:
                writer.document(said, tag, source="test")
    return Documents(folder)


@pytest.fixture
def find(tmp_path):
    made = [0]

    def find(component, *, workers=1, **parameters):
        made[0] += 1
        final = tmp_path / f"step-{made[0]}" / "step"
        with step_folder(final, engine=Engine(workers=workers)) as step:
            artifact = component(**parameters, step=step)
        found = type(artifact).open(final)
        object.__setattr__(found, "figures", step.figures)
        return found

    return find


def table(clusters):
    return pa.concat_tables([pq.read_table(each) for each in clusters.shards]).to_pylist()


def groups(clusters):
    """The documents of each cluster, as places."""
    found = {}
    for place, row in enumerate(table(clusters)):
        found.setdefault(row["cluster"], []).append(place)
    return sorted(found.values())


def planted(tag, seed=0, count=60):
    """Texts, some of them copies with a word or two changed."""
    rng = random.Random(f"{tag} {seed}")
    rows = []
    for _ in range(count):
        words = [word(rng, tag) for _ in range(rng.randint(60, 160))]
        rows.append((tag, text(words, tag)))
        if rng.random() < 0.4:
            changed = list(words)
            for _ in range(rng.choice([0, 1, 2])):
                changed[rng.randrange(len(changed))] = word(rng, tag)
            rows.append((tag, text(changed, tag)))
    rng.shuffle(rows)
    return rows


@pytest.mark.parametrize("tag", sorted(LETTERS))
def test_against_brute_force(find, tmp_path, tag):
    rows = planted(tag)
    sets = shingles([said for _, said in rows]).sets()
    found = find(near_duplicates, of=write(tmp_path / "d", rows))
    where = {place: number for number, group in enumerate(groups(found)) for place in group}
    close = 0
    for one in range(len(rows)):
        for other in range(one):
            similarity = len(sets[one] & sets[other]) / len(sets[one] | sets[other])
            if similarity >= 0.85:
                close += 1
                assert where[one] == where[other], similarity
            elif similarity < 0.6:
                assert where[one] != where[other], similarity
    assert close > 5


def test_columns_of_clusters(find, tmp_path):
    long, short = "the same words again and again, with a tail " * 3, "THE SAME WORDS AGAIN AND AGAIN WITH A TAIL " * 3
    rows = [("eng_Latn", short.strip()), ("eng_Latn", "alone"), ("eng_Latn", long + "!"), ("deu_Latn", long)]
    of = write(tmp_path / "d", rows, shards=2)
    found = table(find(near_duplicates, of=of))
    ids = [row["id"] for row in of.rows()]
    assert [row["id"] for row in found] == ids
    assert [row["cluster"] for row in found] == [ids[0], ids[1], ids[0], ids[3]]
    assert [row["cluster_size"] for row in found] == [2, 1, 2, 1]
    assert [row["keep"] for row in found] == [True, True, False, True]
    assert [row["longest"] for row in found] == [False, True, True, True]
    assert [row["known"] for row in found] == [None] * 4
    across = table(find(near_duplicates, of=of, across=True))
    assert [row["cluster_size"] for row in across] == [3, 1, 3, 3]


def test_same_clusters_for_any_number_of_workers_and_shards(find, tmp_path):
    rows = [row for tag in sorted(LETTERS) for row in planted(tag, count=12)]
    random.Random(5).shuffle(rows)
    of = write(tmp_path / "d", rows, shards=4)
    found = [find(near_duplicates, of=of, workers=workers) for workers in (1, 2, 3)]
    assert len({digest_folder(each.folder / "clusters") for each in found}) == 1
    assert not (found[0].folder / ".work").exists()
    other = find(near_duplicates, of=write(tmp_path / "e", rows, shards=1))
    assert table(other) == table(found[0])


def test_exact_duplicates_by_normal_form(find, tmp_path):
    same = ["Dobry  dźeń!", "dobry dz\u0301en\u0301", "DOBRY DŹEŃ"]
    rows = [("hsb_Latn", each) for each in [*same, "?", "?", "!", "", "", "กิน ข้าว", "กินข้าว", "ข่าว", "ข้าว"]]
    rows.append(("dsb_Latn", same[0]))
    of = write(tmp_path / "d", rows, shards=3)
    assert groups(find(exact_duplicates, of=of)) == [[0, 1, 2], [3, 4], [5], [6, 7], [8, 9], [10], [11], [12]]
    assert groups(find(exact_duplicates, of=of, across=True))[0] == [0, 1, 2, 12]


def test_what_shares_a_band_by_chance_is_not_chained(find, tmp_path):
    """Pages with a long menu in common: candidates for the bands, but not alike."""
    rng = random.Random(7)
    menu = [word(rng, "eng_Latn") for _ in range(112)]
    rows = [("eng_Latn", " ".join(menu + [word(rng, "eng_Latn") for _ in range(45)])) for _ in range(60)]
    of = write(tmp_path / "d", rows)
    chained = find(near_duplicates, of=of, threshold=0.0)
    assert max(len(each) for each in groups(chained)) > 5
    assert max(len(each) for each in groups(find(near_duplicates, of=of))) == 1


def test_a_bucket_of_two_kinds_is_parted(find, tmp_path):
    """In one bucket, the first document is like some of the others; the rest are compared among themselves."""
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 256, (2, 112), dtype=np.uint8)
    sketches = np.stack([first, second, second, first, second, rng.integers(0, 256, 112, dtype=np.uint8)])
    path = tmp_path / "run"
    np.save(f"{path}.hashes.npy", np.full((1, 6), 77, dtype=np.uint64))
    np.save(f"{path}.rows.npy", np.arange(6, dtype=np.uint32)[None])
    np.save(f"{path}.sketches.npy", sketches)
    write_runs(tmp_path / "runs.json", [Run(str(path), 0, 6)])
    given = Range(str(tmp_path / "runs.json"), known=0, enough=84, band=0, number=0, low=0, high=2**64 - 1)
    assert find_edges(given, tmp_path)["edges"] == 3
    edges = np.load(tmp_path / "edges" / "000-00000.npy")
    assert sorted(map(tuple, edges.tolist())) == [(0, 3), (1, 2), (1, 4)]


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=40), st.randoms())
def test_union_against_a_search(edges, rng):
    near = {each: {each} for each in range(20)}
    for one, other in edges:
        near[one].add(other)
        near[other].add(one)
    wanted = []
    for each in range(20):
        seen, todo = set(), [each]
        while todo:
            node = todo.pop()
            if node not in seen:
                seen.add(node)
                todo += near[node]
        wanted.append(min(seen))
    rng.shuffle(edges)
    cut = len(edges) // 2
    parts = [np.array(part, dtype=np.int64).reshape(-1, 2) for part in (edges[:cut], edges[cut:])]
    assert united(20, parts).tolist() == wanted


def test_deduplicate_keeps_one_of_each_and_accounts_for_all(find, tmp_path):
    rows = planted("hin_Deva", count=30)
    of = write(tmp_path / "d", rows, shards=2)
    clusters = find(near_duplicates, of=of)

    def longest(group):
        return min(group, key=lambda place: (-len(rows[place][1]), place))

    for keep, best in (("first", min), ("longest", longest)):
        kept = find(deduplicate, of=of, clusters=clusters, keep=keep, workers=2)
        assert [row["text"] for row in kept.rows()] == [rows[each][1] for each in sorted(map(best, groups(clusters)))]
        assert len(kept) + len(kept.dropped) == len(rows)
        assert {row["reason"] for row in pq.read_table(kept.dropped.shards[0]).to_pylist()} == {"duplicate"}
    said = clusters.figures["documents"]
    assert said["in"] == len(rows) and said["repeated"] == len(kept.dropped)
    assert sum(size * count for size, count in clusters.sizes.items()) == len(rows)


def test_a_new_crawl_against_indexes_of_old_ones(find, tmp_path):
    rows = planted("yor_Latn", count=50)
    old, new = rows[:30], rows[30:]
    first = find(duplicate_index, of=write(tmp_path / "a", old[:15]), name="2023")
    second = find(duplicate_index, of=write(tmp_path / "b", old[15:]), name="2024", workers=2)
    of = write(tmp_path / "new", new, shards=2)
    found = table(find(near_duplicates, of=of, against=[first, second]))
    whole = table(find(near_duplicates, of=write(tmp_path / "all", rows)))
    assert [row["cluster"] for row in found] == [row["cluster"] for row in whole[30:]]
    assert [row["cluster_size"] for row in found] == [row["cluster_size"] for row in whole[30:]]
    assert [row["keep"] for row in found] == [row["keep"] for row in whole[30:]]
    ids = [row["id"] for row in whole]
    named = dict.fromkeys(ids[:15], "2023") | dict.fromkeys(ids[15:30], "2024")
    assert [row["known"] for row in found] == [named.get(row["cluster"]) for row in found]
    assert {row["known"] for row in found} == {None, "2023", "2024"}
    assert not any(row["longest"] for row in found if row["known"])
    selective = table(find(near_duplicates, of=of, against=[second]))
    assert {row["known"] for row in selective} == {None, "2024"}
    kept = find(deduplicate, of=of, clusters=find(near_duplicates, of=of, against=[first, second]))
    assert {row["reason"] for shard in kept.dropped.shards for row in pq.read_table(shard).to_pylist()} >= {"known: 2023"}


def test_an_index_of_another_setting_is_refused(find, tmp_path):
    of = write(tmp_path / "d", planted("eng_Latn", count=3))
    index = find(duplicate_index, of=of, name="old", bands=20)
    with pytest.raises(InputError, match="the index old was made with"):
        find(near_duplicates, of=of, against=[index])
    exact = find(duplicate_index, of=of, name="old", kind="exact")
    assert {row["known"] for row in table(find(exact_duplicates, of=of, against=[exact]))} == {"old"}


def test_clusters_of_other_documents_are_refused(find, tmp_path):
    clusters = find(near_duplicates, of=write(tmp_path / "d", planted("eng_Latn", count=3)))
    with pytest.raises(InputError, match="other documents"):
        find(deduplicate, of=write(tmp_path / "e", planted("eng_Latn", seed=1, count=3)), clusters=clusters)
    with pytest.raises(InputError, match="there are no clusters here"):
        _ = Clusters(tmp_path).shards
    with pytest.raises(InputError, match="there is no index of duplicates here"):
        _ = DuplicateIndex(tmp_path).name


def test_empty_table(find, tmp_path):
    of = write(tmp_path / "d", [])
    found = find(near_duplicates, of=of)
    assert table(found) == [] and found.figures["documents"]["in"] == 0
    assert len(find(deduplicate, of=of, clusters=found)) == 0


def test_duplicate_ids(find, tmp_path):
    """The same text twice has the same id twice."""
    of = write(tmp_path / "d", [("khm_Khmr", "សួស្តី" * 9)] * 3)
    clusters = find(near_duplicates, of=of)
    assert [row["keep"] for row in table(clusters)] == [True, False, False]
    assert len(find(deduplicate, of=of, clusters=clusters)) == 1


@pytest.mark.parametrize("count", [0, 1, 2, 5000])
def test_equal_hashes_keep_their_order(count):
    from panglot.corpus.duplicates.runs import in_order

    generator = np.random.default_rng(count)
    for high in (1, 3, 1 << 63):
        hashes = generator.integers(0, high, count).astype(np.uint64)
        assert in_order(hashes).tolist() == np.argsort(hashes, kind="stable").tolist()
