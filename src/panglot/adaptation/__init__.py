"""Which parameters learn: modules that are put into a network, and what becomes of them."""

COMPONENTS: dict[str, str] = {
    "merge_adapter": "panglot.adaptation.merge_adapter:merge_adapter",
    "without_adapters": "panglot.adaptation.without_adapters:without_adapters",
    "swap_embeddings": "panglot.adaptation.swap:swap_embeddings",
    "merge": "panglot.adaptation.merging.merge:merge",
    "compose": "panglot.adaptation.compose:compose",
    "generate": "panglot.adaptation.generate:generate",
    "load": "panglot.adaptation.load_adapter:load",
    "cluster_documents": "panglot.adaptation.experts.clusters:cluster_documents",
    "one_cluster": "panglot.adaptation.experts.clusters:one_cluster",
    "quantise": "panglot.adaptation.quantise:quantise",
    "prune_experts": "panglot.adaptation.experts.prune:prune_experts",
    "take_plugin": "panglot.adaptation.experts.take_plugin:take_plugin",
}
