"""Run folders made up for tests: the manifests, tables and texts of a real run without its training."""

import json
import math
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from panglot.artifacts import digest_value, read_manifest, step_folder
from panglot.corpus.pairs import SCHEMA, PairWriter
from panglot.evaluation.results import Measurement, Results, write_results
from panglot.languages import Language
from panglot.models import Model
from panglot.report.page import Page, page

SAYINGS = {
    "hsb_Latn": [
        ("Dataj njeje so namakała.", "The file was not found."),
        ("Prošu zapodajće płaćiwu e-mejlowu adresu.", "Please enter a valid email address."),
        ("Změny su so wuspěšnje składowali.", "The changes were saved successfully."),
        ("Chceće tutu stronu woprawdźe zhašeć?", "Do you really want to delete this page?"),
        ("Hesło je překrótke.", "The password is too short."),
        ("Wubjerće wobraz z biblioteki.", "Choose an image from the library."),
        ("Posledni přizjewjenje", "Last login"),
        ("Tute polo je trěbne.", "This field is required."),
    ],
    "ckb_Arab": [
        ("پەڕگەکە نەدۆزرایەوە.", "The file was not found."),
        ("تکایە ناونیشانی ئیمەیڵێکی دروست بنووسە.", "Please enter a valid email address."),
        ("گۆڕانکارییەکان بە سەرکەوتوویی پاشەکەوت کران.", "The changes were saved successfully."),
        ("دڵنیایت لە سڕینەوەی ئەم پەڕەیە؟", "Do you really want to delete this page?"),
        ("وشەی نهێنی زۆر کورتە (کەمتر لە %(n)d پیت).", "The password is too short (less than %(n)d characters)."),
        ("وێنەیەک لە کتێبخانەکەوە هەڵبژێرە.", "Choose an image from the library."),
    ],
    "div_Thaa": [
        ("ފައިލެއް ނުފެނުނު.", "The file was not found."),
        ("ރަނގަޅު އީމެއިލް އެޑްރެހެއް ޖަހުއްވާ.", "Please enter a valid email address."),
        ("ބަދަލުތައް ރައްކާކުރެވިއްޖެ.", "The changes were saved successfully."),
        ("ޕާސްވޯޑު މާ ކުރުވެއްޖެ.", "The password is too short."),
    ],
    "khm_Khmr": [
        ("រកមិនឃើញឯកសារទេ។", "The file was not found."),
        ("សូមបញ្ចូលអាសយដ្ឋានអ៊ីមែលត្រឹមត្រូវ។", "Please enter a valid email address."),
        ("ការផ្លាស់ប្ដូរត្រូវបានរក្សាទុកដោយជោគជ័យ។", "The changes were saved successfully."),
        ("ពាក្យសម្ងាត់ខ្លីពេក។", "The password is too short."),
    ],
}
PACKAGES = {"django": "5.2.1", "wagtail": "7.0.1", "django-allauth": "65.9.0", "sphinx": "8.2.3"}
ORIGINS = [f"gettext:{each}" for each in PACKAGES]
HOSTILE = [
    ("<script>alert(1)</script>", "</svg></style><img src=x onerror=alert(2)>"),
    ("\" onmouseover='alert(3)' x=\"", "{{ 7 * 7 }} {% raw %} & &amp;"),
    ("NUL \x00 bell \x07 \u202eoverride \u2069\u2066isolate", "[link](javascript:alert(4)) | `code` *b*"),
    ("ខ្មែរ" * 3000, "x" * 10_000),
    ("𐐷𐐲\u0301\u0301 🏳️‍🌈", "https://example.org/tracker.png"),
]


@dataclass
class Made:
    """A run to be made.

    Attributes:
        values: language to (before, control, after).
    """

    language: str = "hsb_Latn"
    control_language: str = "deu_Latn"
    values: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    n: int = 120
    control: bool = True
    relative: bool = False
    seed: int = 17
    hostile: bool = False
    half_width: float = 0.06
    p_adjusted: float = 0.0004

    def __post_init__(self) -> None:
        self.values = self.values or {
            self.language: (0.604, 0.775, 0.946),
            "deu_Latn": (0.967, 0.979, 0.971),
            "ces_Latn": (0.954, 0.958, 0.954),
            "pol_Latn": (0.963, 0.958, 0.958),
            "swh_Latn": (0.892, 0.883, 0.879),
        }

    @property
    def retained(self) -> list[Language]:
        return [Language(each) for each in self.values if each != self.language]

    @property
    def sayings(self) -> list[tuple[str, str]]:
        return (HOSTILE if self.hostile else []) + SAYINGS[self.language]


def make_run(run: Path, made: Made | None = None) -> dict[str, Any]:
    """Write a run folder; gives the arguments of `report.page`."""
    made = made or Made()
    steps = run / "steps"
    rng = random.Random(made.seed)
    others = [each for each in made.values if each != made.language]

    def step(name: str, component: str, *used: str, **more: Any) -> Any:
        inputs = {f"${each}": _digest(steps, each) for each in used}
        return step_folder(steps / name, component=component, seed=made.seed, key=name, inputs=inputs, **more)

    with step("pairs", "corpus.harvest_gettext", parameters={"languages": [made.language], "pivot": "eng_Latn"}) as each:
        _pairs(each.out, made, [made.language], 412)
        each.figures |= {"pairs": {made.language: 412}, "packages": PACKAGES}
        each.quarantine("malformed PO file", where="django 5.2.1 hsb/django.po:17", excerpt="msgstr")
        each.quarantine("<b>empty</b> translation", where="sphinx 8.2.3 hsb/sphinx.po:4")
    with step("clean", "corpus.clean", "pairs", parameters={"of": "$pairs", "min_words": 3}) as each:
        _pairs(each.out, made, [made.language], 339)
        each.figures |= {
            "kept": {made.language: 339},
            "dropped": {made.language: {"fewer than 3 words": 51, "source equals target": 12, "same pair again": 10}},
        }
    with step("split", "corpus.split", "clean", parameters={"of": "$clean", "test": made.n}) as each:
        _pairs(each.out / "train", made, [made.language], 212)
        _pairs(each.out / "test", made, [made.language, *others], made.n)
        each.figures["removed_from_train"] = {made.language: 7}
    with step("base", "models.load", parameters={"name": "embedded:e5-small"}) as each:
        _model(each.out, "embedded:e5-small")
    settings = {
        "model": "$base",
        "pairs": "$split.train",
        "epochs": 5,
        "batch_size": 32,
        "learning_rate": 1e-4,
        "temperature": 0.05,
    }
    for place, name in enumerate(["tuned", *(["german"] if made.control else []), *(["czech"] if made.relative else [])]):
        with step(name, "alignment.contrastive", "base", "split.train", parameters=settings) as each:
            _model(each.out, name)
            each.figures |= {"pairs": 212, "steps": 35, "tokens": 30123, "precision": "bf16"}
            each.note("The last batch was made smaller.")
            curve = [
                {"step": at, "epoch": at / 7, "loss": (2.1 - place * 0.2) * math.exp(-at / 9) + 0.12 + rng.random() / 12,
                 "learning_rate": 1e-4 * (1 - at / 35), "retention_loss": 0.02 * (1 - math.exp(-at / 6)) + rng.random() / 500}
                for at in range(1, 36)
            ]  # fmt: skip
            (each.out / "curve.json").write_text(json.dumps(curve))
    conditions = {"before": ("base", 0), "after": ("tuned", 2)} | ({"control": ("german", 1)} if made.control else {})
    if made.relative:
        conditions["relative"] = ("czech", 3)
    found: dict[str, Any] = {}
    for name, (model, place) in conditions.items():
        with step(name, "evaluation.bitext_retrieval", model, "split.test") as each:
            values = {key: (*value, (value[1] + value[2]) / 2 + 0.01) for key, value in made.values.items()}
            rows = [
                _row(model, key, name, metric, value[place] + shift, made.n, 0.04)
                for key, value in values.items()
                for metric, shift in _METRICS.items()
            ]
            write_results(each.out, rows, _items(made, place))
        found[name] = Results.open(steps / name)
    with step("change", "evaluation.compare", *(each for each in conditions if each != "relative")) as each:
        rows = []
        for key, (before, control, after) in made.values.items():
            wanted = {"change": after - before}
            if made.control:
                wanted |= {"over control": after - control, "control change": control - before}
            half = made.half_width if key == made.language else 0.018
            rows += [
                _row("tuned", key, condition, metric, value, made.n, half, made.p_adjusted if key == made.language else 0.8)
                for condition, value in wanted.items()
                for metric in _METRICS
            ]
        write_results(each.out, rows)
    result = {
        "change": Results.open(steps / "change"),
        "language": Language(made.language),
        "retained": made.retained,
        "model": Model.open(steps / "tuned"),
        **found,
    }
    if made.control:
        result["control_language"] = Language(made.control_language)
    if made.relative:
        result["relative_language"] = Language("ces_Latn")
    return result


def _digest(steps: Path, reference: str) -> str:
    name, _, part = reference.partition(".")
    manifest = read_manifest(steps / name)
    assert manifest is not None
    return manifest.digest_under(part)


_METRICS = {
    "accuracy_cosine": 0.0,
    "accuracy_cosine_to_pivot": 0.008,
    "accuracy_cosine_from_pivot": -0.008,
    "accuracy_margin": 0.01,
}


def _row(
    model: str, language: str, condition: str, metric: str, value: float, n: int, half: float, p: float | None = None
) -> Any:
    value, floor = round(value, 6), 0.0 if p is None else -1.0
    return Measurement(
        model, "bitext-retrieval", "5a1f", language, condition, metric, value, n,
        max(value - half, floor), min(value + half, 1.0),
        "task:bitext-retrieval|pivot:eng_Latn|n:120|rev:5a1f|v:0.1.0", None if p is None else p / 5, p,
    )  # fmt: skip


def _pairs(folder: Path, made: Made, languages: list[str], n: int) -> None:
    with PairWriter(folder / "pairs.parquet", SCHEMA) as writer:
        for language in languages:
            texts = made.sayings if language == made.language else [(f"Beispiel {language}", "An example of this text")]
            for at in range(n):
                source, target = texts[at % len(texts)]
                mark = f" {at // len(texts)}" if at >= len(texts) else ""
                origin = "<i>hostile</i> 1.0" if made.hostile and at % 3 == 0 else ORIGINS[min(at % 7, 3)]
                writer.pair(source + mark, target + mark, language, "eng_Latn", origin=origin)


def _items(made: Made, place: int) -> pa.Table:
    """Items of the target: in the base model (0) all are wrong but the last, in the others all are right but the last."""
    rows = []
    for at, (source, target) in enumerate(made.sayings):
        wrong_source, wrong_target = made.sayings[(at + 1) % len(made.sayings)]
        last = at == len(made.sayings) - 1
        for direction, (asked, right, wrong) in {
            "to_pivot": (source, target, wrong_target),
            "from_pivot": (target, source, wrong_source),
        }.items():
            correct = float(last == (place == 0))
            rows.append(
                {
                    "task": "bitext-retrieval", "language": made.language, "metric": "accuracy_cosine", "direction": direction,
                    "item": digest_value([source, target]), "correct": correct, "rank": 1 if correct else 2,
                    "source": asked, "target": right, "predicted": right if correct else wrong,
                }
            )  # fmt: skip
    return pa.Table.from_pylist(rows)


def _model(folder: Path, name: str) -> None:
    place = folder / "model"
    (place / "1_Pooling").mkdir(parents=True)
    files = {
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
        ],
        "1_Pooling/config.json": {"pooling_mode_mean_tokens": True, "word_embedding_dimension": 384},
        "config_sentence_transformers.json": {"prompts": {"query": "query: "}, "default_prompt_name": "query"},
        "sentence_bert_config.json": {"max_seq_length": 512},
    }
    for path, value in files.items():
        (place / path).write_text(json.dumps(value))
    (folder / "model.json").write_text(json.dumps({"name": name, "digest": "9", "source": "step"}))


def make_page(run: Path, made: Made | None = None, **more: Any) -> Page:
    """Write a run folder with its report, as the runner does."""
    made = made or Made()
    arguments = {**make_run(run, made), **more}
    with step_folder(run / "steps" / "report", component="report.page", volatile=Page.volatile, seed=made.seed) as step:
        page(**arguments, step=step)
    return Page.open(run / "steps" / "report")
