"""Thresholds of many languages, with the stop words and the reference models that they were estimated with."""

import json
import lzma
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from panglot.artifacts import Artifact, InputError
from panglot.corpus.thresholds.reference_model import ReferenceModel, train_model
from panglot.corpus.thresholds.rules import LEARNED

FILE = "thresholds.json"
MODELS = "models"
TEXT = "reference.json.xz"
"""Reference text by language, packed: where it lies, models are trained when they are asked for."""
_LIMIT = 1 << 27
FORMAT = 2
_RELATIVES = 5


@dataclass(frozen=True)
class LanguageThresholds:
    """What holds for one language.

    Attributes:
        bounds: signal to (least, greatest) allowed value; None where there is no such bound.
        stop_words: words as they stand in text, or nothing.
        segmenter: the segmenter that found the words; bounds and stop words hold for it only.
        model: the reference model, or None.
        origin: where the bounds come from: the language itself, relatives, its script, or the default.
        facts: the entry of the file.
    """

    tag: str
    bounds: dict[str, tuple[float | None, float | None]]
    stop_words: list[str] = field(default_factory=list)
    segmenter: str = ""
    model: ReferenceModel | None = None
    origin: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


class Thresholds(Artifact):
    """Thresholds by language: `thresholds.json`, and a reference model a language under `models/`.

    A packaged table is `thresholds.json.xz` with the reference text itself, `reference.json.xz`, which is smaller than models.
    """

    @cached_property
    def content(self) -> dict[str, Any]:
        """The file.

        Raises:
            InputError: it is missing, no JSON, or of another format.
        """
        path, packed = self.folder / FILE, self.folder / f"{FILE}.xz"
        if not path.is_file() and not packed.is_file():
            raise InputError("there are no thresholds here: thresholds.json is missing", where=self.folder)
        try:
            found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else unpacked(packed)
        except (ValueError, lzma.LZMAError) as error:
            raise InputError("the thresholds are no JSON", where=path) from error
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise InputError(f"the thresholds are not of format {FORMAT}", where=path)
        return found

    @property
    def languages(self) -> list[str]:
        """Tags of the languages that have thresholds of their own."""
        return sorted(self.content["languages"])

    def of(self, tag: str) -> LanguageThresholds:
        """What holds for a language: its own thresholds; else the loosest of its nearest relatives in the same script; else the
        loosest of its script; else the loosest of all. Never fails.
        """
        entry, origin = self._entry(tag)
        bounds: dict[str, tuple[float | None, float | None]] = {
            signal: (rule.get("min"), rule.get("max")) for signal, rule in entry.get("rules", {}).items()
        }
        own = origin == "language"
        model = self.model(tag)
        words = list(entry.get("stop_words", [])) if own else []
        if not words:
            bounds["stop_words_present"] = (None, None)
        if not own:
            # what the models of relatives say of their text tells nothing of what another model says
            bounds |= dict.fromkeys(LEARNED, (None, None))
        return LanguageThresholds(tag, bounds, words, self.content.get("segmenter", ""), model, origin, entry)

    def model(self, tag: str) -> ReferenceModel | None:
        """The reference model of a language, or None."""
        path = self.folder / MODELS / f"{tag}.npz"
        if path.is_file():
            return ReferenceModel.load(path)
        if tag not in self.texts:
            return None
        from panglot.corpus.noise import spaces_of

        entry = self.content["languages"].get(tag, {})
        effect, doubt = entry.get("word_order_effect", 0.0), entry.get("word_order_doubt", 0.0)
        return train_model(self.texts[tag], spaces=spaces_of(tag), effect=effect, doubt=doubt)

    @cached_property
    def texts(self) -> dict[str, list[str]]:
        """Reference text by language, where it comes with the thresholds; else nothing."""
        path = self.folder / TEXT
        return unpacked(path) if path.is_file() else {}

    def _entry(self, tag: str) -> tuple[dict[str, Any], str]:
        languages = self.content["languages"]
        if tag in languages:
            return languages[tag], "language"
        near = [languages[each] for each in relatives_of(tag, languages)]
        if near:
            return {"rules": loosest(near)}, "relatives"
        if tag[4:] in self.content.get("scripts", {}):
            return self.content["scripts"][tag[4:]], "script"
        return self.content.get("default", {}), "default"


def unpacked(path: Path) -> Any:
    """The content of a packed JSON file of at most 128 MiB.

    Raises:
        InputError: it is larger.
    """
    with lzma.open(path) as stream:
        data = stream.read(_LIMIT + 1)
    if len(data) > _LIMIT:
        raise InputError("the file is larger than 128 MiB once unpacked", where=path)
    return json.loads(data)


def relatives_of(tag: str, among: Iterable[str], count: int = _RELATIVES) -> list[str]:
    """The nearest relatives of a language in the same script among some tags; none for what is no tag."""
    from panglot.languages import Language

    try:
        language = Language(tag)
    except InputError:
        return []
    choice = [Language(each) for each in among if each != tag and each[4:] == tag[4:]]
    return [each.tag for each in language.relatives(count, among=choice)]


def loosest(entries: Iterable[Mapping[str, Any]], without: Iterable[str] = ()) -> dict[str, dict[str, float | None]]:
    """The loosest bound of several languages for each signal; a bound that one of them lacks is none.

    Example:
        >>> one, other = {"rules": {"a": {"min": 1, "max": None}}}, {"rules": {"a": {"min": 2, "max": 3}}}
        >>> loosest([one, other])
        {'a': {'min': 1, 'max': None}}
    """
    listed = [each["rules"] for each in entries]
    found: dict[str, dict[str, float | None]] = {}
    for signal in dict.fromkeys(signal for rules in listed for signal in rules):
        if signal in without:
            continue
        least = [rules.get(signal, {}).get("min") for rules in listed]
        most = [rules.get(signal, {}).get("max") for rules in listed]
        found[signal] = {
            "min": None if None in least else min(each for each in least if each is not None),
            "max": None if None in most else max(each for each in most if each is not None),
        }
    return found


def write_thresholds(folder: Path, content: Mapping[str, Any], models: Mapping[str, ReferenceModel]) -> Thresholds:
    """Write an artifact."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"format": FORMAT, **content}, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")
    for tag, model in models.items():
        model.save(folder / MODELS / f"{tag}.npz")
    return Thresholds(folder)
