"""Get a model by name: hub id, folder, `embedded:…`, `tiny:…`; encode texts with it; save a trained one."""

from typing import TYPE_CHECKING

from panglot.artifacts import lazy_names

COMPONENTS: dict[str, str] = {"load": "panglot.models.load:load"}

if TYPE_CHECKING:
    from panglot.models.embedded import catalogue
    from panglot.models.encoder import Encoder
    from panglot.models.model import Model
    from panglot.models.save import save_sentence_transformer

__all__ = ["COMPONENTS", "Encoder", "Model", "catalogue", "save_sentence_transformer"]

__getattr__ = lazy_names(
    __name__, {"Encoder": "encoder", "Model": "model", "catalogue": "embedded", "save_sentence_transformer": "save"}
)
