"""Short texts joined to documents."""

from collections.abc import Callable
from pathlib import Path

from panglot.artifacts import Step
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.corpus.join_texts import join_texts


def joined(folder: Path, texts: list[str], tag: str, **parameters: object) -> list[str]:
    with DocumentWriter(folder / "in" / DOCUMENTS_FILE) as writer:
        for each in texts:
            writer.document(each, tag, source="test")
    (folder / "out").mkdir()
    join: Callable[..., Documents] = join_texts
    found = join(of=Documents(folder / "in"), step=Step(folder / "out", seed=1), **parameters)
    return [row["text"] for row in found.rows()]


def test_sentences_go_on_one_line(tmp_path: Path) -> None:
    assert joined(tmp_path, ["Eins.", "Zwei."], "deu_Latn", characters=10) == ["Eins. Zwei."]


def test_messages_keep_their_lines_where_no_blank_parts_words(tmp_path: Path) -> None:
    texts = ["新しい復元方法", "設定を変更", "署名", "保存"]
    assert joined(tmp_path, texts, "jpn_Jpan", characters=12, separate=True) == ["新しい復元方法\n設定を変更"]


def test_the_last_document_may_be_half_as_long(tmp_path: Path) -> None:
    texts = ["abcdefghij", "klmno", " ", "pq"]
    assert joined(tmp_path, texts, "deu_Latn", characters=10, separate=True) == ["abcdefghij", "klmno\npq"]


def test_one_short_text_alone_is_kept(tmp_path: Path) -> None:
    assert joined(tmp_path, ["כן"], "heb_Hebr", characters=100, separate=True) == ["כן"]
