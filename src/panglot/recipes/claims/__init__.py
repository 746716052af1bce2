"""Published claims, each run against named controls, with its honest outcome.

`CLAIMS` lists them by room. Adding one: its file, and one line here.
"""

CLAIMS: dict[str, dict[str, str]] = {
    "corpus": {
        "filtering": "panglot.recipes.claims.filtering:FILTERING",
        "sentence-filters": "panglot.recipes.claims.sentence_filters:SENTENCE_FILTERS",
        "wrong-scripts": "panglot.recipes.claims.wrong_labels:WRONG_SCRIPTS",
        "wrong-languages": "panglot.recipes.claims.wrong_labels:WRONG_LANGUAGES",
        "rehydration": "panglot.recipes.claims.rehydration:REHYDRATION",
        "temperature": "panglot.recipes.claims.balance:BALANCE_TEMPERATURE",
        "unimax": "panglot.recipes.claims.balance:BALANCE_UNIMAX",
        "over-sampling": "panglot.recipes.claims.balance:BALANCE_REPETITION",
    },
    "vocabulary": {
        "subword-mean": "panglot.recipes.claims.initialisations:SUBWORD_MEAN",
        "focus": "panglot.recipes.claims.initialisations:FOCUS",
        "ofa": "panglot.recipes.claims.initialisations:OFA",
        "wechsel": "panglot.recipes.claims.initialisations:WECHSEL",
        "ofa-factorised": "panglot.recipes.claims.factorised:OFA_FACTORISED",
        "transmi": "panglot.recipes.claims.transmi:TRANSMI",
        "trimming": "panglot.recipes.claims.trimming:TRIMMING",
        "extension": "panglot.recipes.claims.extension:EXTENSION",
    },
    "training": {
        "replay": "panglot.recipes.claims.replay:REPLAY",
        "tlm": "panglot.recipes.claims.translation_pairs:TLM",
        "multilinguality": "panglot.recipes.claims.multilinguality:MULTILINGUALITY",
        "relatives": "panglot.recipes.claims.multilinguality:RELATIVES",
        "muon": "panglot.recipes.claims.muon:MUON",
        "translico": "panglot.recipes.claims.transliteration:TRANSLICO",
        "entities": "panglot.recipes.claims.entity_masking:ENTITIES",
        "scaling-mix": "panglot.recipes.claims.scaling_mix:SCALING_MIX",
        "unshared-vocabulary": "panglot.recipes.claims.unshared:UNSHARED_VOCABULARY",
        "shared-layers": "panglot.recipes.claims.unshared:SHARED_LAYERS",
        "ul2": "panglot.recipes.claims.ul2:UL2",
        "salt": "panglot.recipes.claims.salt:SALT",
        "mbart": "panglot.recipes.claims.translation_start:MBART",
        "code-switch": "panglot.recipes.claims.translation_start:CODE_SWITCH",
    },
    "adaptation": {
        "lora-forgets-less": "panglot.recipes.claims.lora_forgetting:LORA_FORGETS_LESS",
        "layra-in-turn": "panglot.recipes.claims.lora_forgetting:LAYRA_IN_TURN",
        "langsamp": "panglot.recipes.claims.langsamp:LANGSAMP",
        "embeddings-only": "panglot.recipes.claims.embeddings_only:EMBEDDINGS_ONLY",
        "langbridge": "panglot.recipes.claims.bridges:LANGBRIDGE",
        "madx-swap": "panglot.recipes.claims.madx_swap:MADX_SWAP",
        "madx-swap-writing": "panglot.recipes.claims.madx_swap:MADX_SWAP_WRITING",
        "instruction-vectors": "panglot.recipes.claims.instruction_vectors:INSTRUCTION_VECTORS",
        "proxy-tuning": "panglot.recipes.claims.proxy_tuning:PROXY_TUNING",
        "moe-lpr": "panglot.recipes.claims.expert_models:MOE_LPR",
        "plug-in-modules": "panglot.recipes.claims.expert_models:MODULES",
    },
    "evaluation": {
        "resource-class": "panglot.recipes.claims.resource_class:RESOURCE_CLASS",
        "typological-distance": "panglot.recipes.claims.typology:TYPOLOGY",
        "translate-test": "panglot.recipes.claims.translate_test:TRANSLATE_TEST",
        "consistency": "panglot.recipes.claims.consistency:CONSISTENCY",
        "conductivity": "panglot.recipes.claims.conductivity:CONDUCTIVITY",
        "knowledge-free": "panglot.recipes.claims.knowledge_free:KNOWLEDGE_FREE",
        "quantisation": "panglot.recipes.claims.quantisation:QUANTISATION",
        "prompt-language": "panglot.recipes.claims.prompt_language:PROMPT_LANGUAGE",
    },
}
"""Room to claim to where it lives."""
