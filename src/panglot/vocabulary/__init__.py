"""Tokenizers and embedding matrices: train, extend, merge, trim, initialise, measure. Never trains a model.

A component is named `vocabulary.NAME` in a recipe; `COMPONENTS` says where it lives.
"""

COMPONENTS: dict[str, str] = {
    "merge": "panglot.vocabulary.merge:merge",
    "extend": "panglot.vocabulary.extend:extend",
    "trim": "panglot.vocabulary.trim:trim",
    "initialise": "panglot.vocabulary.initialise_rows:initialise",
    "load": "panglot.vocabulary.load:load",
    "romanised_text": "panglot.vocabulary.romanised_text:romanised_text",
    "romanise_pairs": "panglot.vocabulary.romanise_pairs:romanise_pairs",
    "add_special_tokens": "panglot.vocabulary.add_special_tokens:add_special_tokens",
    "extend_tokenizer": "panglot.vocabulary.extend_tokenizer:extend_tokenizer",
    "merge_tokenizers": "panglot.vocabulary.merge_tokenizers:merge_tokenizers",
    "transliterate_tokenizer": "panglot.vocabulary.transliterate_tokenizer:transliterate_tokenizer",
    "trim_tokenizer": "panglot.vocabulary.trim_tokenizer:trim_tokenizer",
    "factorise": "panglot.vocabulary.factorised_model:factorise_model",
    "materialise": "panglot.vocabulary.factorised_model:materialise_model",
    "measure": "panglot.vocabulary.measure:measure",
    "train": "panglot.vocabulary.train:train",
}
