"""Texts and tokenizers to be measured: documents by language, and a tokenizer small enough to count by hand."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shapes import added, make
from tokenizers import decoders, pre_tokenizers

from panglot.artifacts import step_folder
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.vocabulary.measure import measure
from panglot.vocabulary.measures import Measures
from panglot.vocabulary.tokenizer import TOKENIZER_FOLDER, Tokenizer
from panglot.vocabulary.vocabulary import Vocabulary

HAND = ["[UNK]", "to", "dom", "##y", ".", "a", "##b", "d", "o", "m", "t", "y", "b"]
ENGLISH, SORBIAN = ["to dom to", "a"], ["domy to.", "xyz a"]


def by_hand(pieces: Sequence[str] = HAND) -> Vocabulary:
    """WordPiece whose cuts can be seen at a glance: the longest piece first, `##` inside words."""
    model = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100}
    return make(
        {**model, "vocab": {piece: number for number, piece in enumerate(pieces)}},
        [added(0, "[UNK]")],
        pre_tokenizer=pre_tokenizers.BertPreTokenizer(),
        decoder=decoders.WordPiece(),
        config={"unk_token": "[UNK]", "tokenizer_class": "PreTrainedTokenizerFast"},
    )


def documents(folder: Path, texts: Mapping[str, Sequence[str]]) -> Documents:
    """Texts by language tag as the artifact that `corpus.read_text` gives."""
    with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
        for tag, found in texts.items():
            for text in found:
                writer.document(text, tag, source="made")
    return Documents.open(folder)


def tokenizer(folder: Path, vocabulary: Vocabulary) -> Tokenizer:
    vocabulary.save(folder / TOKENIZER_FOLDER)
    return Tokenizer.open(folder)


def measured(
    folder: Path, texts: Mapping[str, Sequence[str]], vocabularies: Mapping[str, Vocabulary], *, seed: int = 7, **options: Any
) -> Measures:
    """Measure texts with tokenizers by name, in a folder of its own."""
    place = Path(tempfile.mkdtemp(dir=folder))
    of = [tokenizer(place / f"tokenizer-{number}", each) for number, each in enumerate(vocabularies.values())]
    with step_folder(place / "measures", seed=seed) as step:
        measure(of=of, text=documents(place / "text", texts), names=list(vocabularies), step=step, **options)
    return Measures.open(place / "measures")


def figures(found: Measures, language: str, name: str = "", condition: str = "") -> dict[str, float]:
    """Measure to value."""
    name = name or found.tokenizers[0]
    return {
        each["metric"]: each["value"]
        for each in found.rows
        if (each["model"], each["language"], each["condition"]) == (name, language, condition)
    }


def tidy(folder: Path) -> None:
    """Empty a folder between the examples of a property."""
    for each in folder.iterdir():
        shutil.rmtree(each)
