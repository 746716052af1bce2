"""Tokenizers and embedding matrices: train, extend, merge, trim, initialise, measure. Never trains a model.

A component is named `vocabulary.NAME` in a recipe; `COMPONENTS` says where it lives.
"""

COMPONENTS: dict[str, str] = {
    "factorise": "panglot.vocabulary.factorised_model:factorise_model",
    "materialise": "panglot.vocabulary.factorised_model:materialise_model",
    "measure": "panglot.vocabulary.measure:measure",
}
