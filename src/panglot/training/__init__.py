"""One trainer, its batches and its errors; compact embeddings; one seed for everything."""

COMPONENTS: dict[str, str] = {}
