"""A tokenizer without a model, as an artifact."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from panglot.artifacts import Artifact
from panglot.vocabulary.reading import read_vocabulary
from panglot.vocabulary.vocabulary import Vocabulary

TOKENIZER_FOLDER = "tokenizer"


@dataclass(frozen=True)
class Tokenizer(Artifact):
    """A step folder with `tokenizer/`, which `AutoTokenizer.from_pretrained` loads."""

    @property
    def path(self) -> Path:
        """The folder that `AutoTokenizer` loads."""
        return self.folder / TOKENIZER_FOLDER

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The tokenizer as a value."""
        return read_vocabulary(self.path)
