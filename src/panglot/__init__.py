"""Panglot teaches language models new languages, and proves that it worked."""

__version__ = "0.1.0"
