"""Component `evaluation.compressed_bits`: bits per byte of held-out text under xz."""

import lzma
from collections.abc import Iterator, Sequence

import numpy as np

from panglot.artifacts import Step
from panglot.corpus.documents import Documents
from panglot.evaluation.code_lengths import CodeLength, by_language, sizes_of, write_code_lengths
from panglot.evaluation.results import Results


def compressed_bits(*, text: Documents, train: Documents | None = None, condition: str = "", step: Step) -> Results:
    """Measure how many bits xz needs for each byte of held-out text, with or without a training text before it.

    A baseline for `evaluation.bits_per_byte` that knows nothing of language. The documents of a language are compressed
    together, each with a line break after it. With training text, whose documents come first, the held-out text costs
    size(train + text) − size(train): what a compressor needs that has read the training text, all of which lies
    in its window. Streams are xz at its strongest setting (LZMA2, preset 9 extreme, no checksum).

    Figures have no interval, because only the whole is measured.

    Args:
        text: held-out documents.
        train: documents that the compressor has read; a language has its own alone.
        condition: a name for the rows.

    Raises:
        InputError: there is no held-out text.
    """

    def found() -> Iterator[CodeLength]:
        for tag, learnt, held_out in by_language(train, text, step):
            before = _joined(learnt)
            size = packed_size(before + _joined(held_out.texts)) - (packed_size(before) if before else 0)
            yield CodeLength(tag, held_out.ids, np.array([8.0 * size]), sizes_of(held_out.texts))

    name, protocol = ("xz", "xz") if train is None else ("xz after the training text", "xz-after-train")
    return write_code_lengths(found(), model=name, protocol=protocol, condition=condition, step=step)


def packed_size(content: bytes) -> int:
    """Bytes of the xz stream, with a window that holds all of it.

    Example:
        >>> packed_size(b"abc" * 1000) < 200
        True
    """
    filters = [
        {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": max(len(content), 1 << 16)},
    ]
    return len(lzma.compress(content, format=lzma.FORMAT_XZ, check=lzma.CHECK_NONE, filters=filters))


def _joined(texts: Sequence[str]) -> bytes:
    return b"".join(each.encode("utf-8", "surrogatepass") + b"\n" for each in texts)
