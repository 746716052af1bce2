"""Get a model by name: hub id, folder, `embedded:…`, `tiny:…`; encode texts with it; save a trained one."""

from typing import TYPE_CHECKING, Any

COMPONENTS: dict[str, str] = {"load": "panglot.models.load:load"}

if TYPE_CHECKING:
    from panglot.models.embedded import catalogue
    from panglot.models.encoder import Encoder
    from panglot.models.model import Model
    from panglot.models.save import save_sentence_transformer

_PLACES = {"Encoder": "encoder", "Model": "model", "catalogue": "embedded", "save_sentence_transformer": "save"}

__all__ = ["COMPONENTS", "Encoder", "Model", "catalogue", "save_sentence_transformer"]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
