"""Item values stay with their language, in whatever order pyarrow gives groups."""

import random

import pyarrow as pa

from panglot.evaluation.results import units_of

TAGS = ("bul_Cyrl", "ces_Latn", "deu_Latn", "ell_Grek", "eng_Latn", "fra_Latn", "hin_Deva", "rus_Cyrl", "tur_Latn", "ukr_Cyrl")


def test_values_are_not_given_to_another_language() -> None:
    # About one table in fifty has groups out of order.
    for seed in range(300):
        rng = random.Random(seed)
        expected = {tag: [rng.random() for _ in range(rng.randint(5, 60))] for tag in rng.sample(TAGS, rng.randint(2, 4))}
        rows = [
            {"task": "bits-per-byte", "language": tag, "metric": "m", "item": f"{tag} {at:03}", "correct": value}
            for tag, values in expected.items()
            for at, value in enumerate(values)
        ]
        found = units_of(pa.Table.from_pylist(rows))
        assert {tag: units.values.tolist() for (_, tag, _), units in found.items()} == expected
        assert all(item.startswith(tag) for (_, tag, _), units in found.items() for item in units.items)
