"""Cross-lingual spaces: bring the vectors of translations together.

A component is named `alignment.NAME` in a recipe; `COMPONENTS` says where it lives.
"""

COMPONENTS: dict[str, str] = {
    "contrastive": "panglot.alignment.contrastive:contrastive",
}
