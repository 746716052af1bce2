"""WARC and WET: what is read, and records that are damaged or lie."""

import gzip
import zlib

import pyarrow as pa
import pytest

from panglot.artifacts import InputError
from panglot.artifacts.memory import peak_memory_bytes, reset_peak_memory
from panglot.corpus.read_text import read_text
from panglot.corpus.reading.bounded import Source
from panglot.corpus.reading.extraction import Plain
from panglot.corpus.reading.http_message import parse_response
from panglot.corpus.reading.warc import Records

PAGES = {
    "nko": "<html><head><title>ߒߞߏ</title></head><body><p>ߒߞߏ ߦߋ߫ ߞߊ߲ ߘߏ߫ ߟߋ߬ ߘߌ߫.</p></body></html>",
    "khm": "<html lang=km><body><p>ភាសាខ្មែរ\u200bគឺជា\u200bភាសា។</p></body></html>",
    "ara": "<html><body><p>مرحبا بالعالم</p></body></html>",
    "four": "<html><body><p>𞤀𞤣𞤤𞤢𞤥 𐐷</p></body></html>",
}


def record(block: bytes, *, kind="response", uri="http://a.example/", length=None, media="application/http; msgtype=response"):
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {uri}\r\nWARC-Date: 2024-05-18T01:58:10Z\r\n"
    head += f"Content-Type: {media}\r\n"
    size = len(block) if length is None else length
    return f"{head}Content-Length: {size}\r\n\r\n".encode() + block + b"\r\n\r\n"


def response(body: bytes | str, *, media="text/html; charset=utf-8", status="200 OK", extra=""):
    body = body.encode() if isinstance(body, str) else body
    return f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\n{extra}\r\n".encode() + body


def pages(**options):
    return [record(response(text, **options), uri=f"http://{name}.example/") for name, text in PAGES.items()]


def texts(ran):
    return [row["text"] for row in ran.artifact.rows()]


def read(run, path, *files):
    return run(read_text, files=[str(path), *map(str, files)], extractor=Plain())


WHOLE = ["ߒߞߏ ߦߋ߫ ߞߊ߲ ߘߏ߫ ߟߋ߬ ߘߌ߫.", "ភាសាខ្មែរ\u200bគឺជា\u200bភាសា។", "مرحبا بالعالم", "𞤀𞤣𞤤𞤢𞤥 𐐷"]


def packed(name, records):
    if name == "gz":
        return b"".join(gzip.compress(each) for each in records)
    if name == "zst":
        return b"".join(pa.compress(each, codec="zstd", asbytes=True) for each in records)
    return b"".join(records)


@pytest.mark.parametrize("packing", ["", "gz", "zst"])
def test_pages_of_every_script_in_every_packing(run, tmp_path, packing):
    path = tmp_path / f"a.warc{'.' if packing else ''}{packing}"
    path.write_bytes(packed(packing, pages()))
    ran = read(run, path)
    assert texts(ran) == WHOLE
    first = next(ran.artifact.rows())
    assert first["url"] == "http://nko.example/"
    assert first["meta"] == '{"date": "2024-05-18T01:58:10Z", "title": "ߒߞߏ"}'
    assert {row["language"] for row in ran.artifact.rows()} == {"und"}


def test_what_is_no_document_is_counted_by_kind(run, tmp_path):
    records = [
        record(b"software: x", kind="warcinfo", media="application/warc-fields"),
        record(b"GET / HTTP/1.0\r\n\r\n", kind="request"),
        record(response("x", status="404 Not Found")),
        record(response("x", media="image/png")),
        record(response("<html><body><script>x()</script></body></html>")),
        record(b"\x01", uri="dns:a.example"),
        record(response("prosty tekst", media="text/plain")),
        record(b"Escopete\r\nye un lugar", kind="conversion", media="text/plain"),
    ]
    path = tmp_path / "a.warc"
    path.write_bytes(b"".join(records))
    ran = read(run, path)
    assert texts(ran) == ["prosty tekst", "Escopete\nye un lugar"]
    said = ran.step.figures["read"]
    assert said["passed_over"] == {
        "HTTP status 404": 1, "WARC request": 1, "WARC response that is no HTTP": 1, "WARC warcinfo": 1,
        "page without text": 1, "type image/png": 1,
    }  # fmt: skip
    assert said["in"] == 8 == said["kept"] + said["quarantined"] + sum(said["passed_over"].values())


@pytest.mark.parametrize("shift", [-20, -1, 1, 20, 4000, 10**9, 10**14])
@pytest.mark.parametrize("packing", ["", "gz"])
def test_a_record_that_lies_about_its_length_costs_itself_alone(run, tmp_path, shift, packing):
    records = pages()
    block = response(PAGES["khm"])
    records[1] = record(block, uri="http://khm.example/", length=len(block) + shift)
    path = tmp_path / f"a.warc{'.' if packing else ''}{packing}"
    path.write_bytes(packed(packing, records))
    ran = read(run, path)
    assert texts(ran) == [WHOLE[0], WHOLE[2], WHOLE[3]]
    assert ran.step.quarantined == {"record of another length than it says": 1}
    assert ran.quarantine[0]["where"].endswith("record 2")


@pytest.mark.parametrize("said", ["", "minus", "-5", "1e3", "٣", "9" * 40])
def test_no_usable_length(run, tmp_path, said):
    records = pages()
    records[1] = records[1].replace(b"Content-Length: ", f"Content-Length: {said}x".encode() if not said else b"X: ", 1)
    records[1] = (
        records[1] if not said else records[1].replace(b"WARC-Date", f"Content-Length: {said}\r\nWARC-Date".encode(), 1)
    )
    path = tmp_path / "a.warc"
    path.write_bytes(b"".join(records))
    ran = read(run, path)
    assert texts(ran) == [WHOLE[0], WHOLE[2], WHOLE[3]]
    assert ran.step.quarantined["record without a usable Content-Length"] == 1


def test_a_damaged_member_is_set_aside_and_the_next_ones_are_read(run, tmp_path):
    members = [gzip.compress(each) for each in pages()]
    members[1] = members[1][:30] + b"\xff" * 9 + members[1][39:]
    path = tmp_path / "a.warc.gz"
    path.write_bytes(b"".join(members))
    ran = read(run, path)
    assert texts(ran) == [WHOLE[0], WHOLE[2], WHOLE[3]]
    assert [each["reason"].partition(":")[0] for each in ran.quarantine] == ["the gzip file is damaged"]


@pytest.mark.parametrize("cut", [3, 12, 40, 150])
@pytest.mark.parametrize("packing", ["", "gz"])
def test_a_truncated_archive_gives_what_is_whole(run, tmp_path, packing, cut):
    content = packed(packing, pages())
    path = tmp_path / f"a.warc{'.' if packing else ''}{packing}"
    path.write_bytes(content[:-cut])
    ran = read(run, path)
    if not packing:
        # only the two line breaks at the end of the record are missing
        assert texts(ran) == (WHOLE if cut <= 4 else WHOLE[:3])
        assert ran.step.quarantined.total() == (cut > 4)
    else:
        # the last member may be whole but for its check sum
        assert texts(ran) in (WHOLE[:3], WHOLE)
        assert ran.step.quarantined == {"the gzip file is truncated": 1}


def test_garbage_between_records(run, tmp_path):
    path = tmp_path / "a.warc"
    first, *rest = pages()
    path.write_bytes(b"garbage\n\nmore of it\n" + first + b"and\nhere" * 5000 + b"\n" + b"".join(rest))
    ran = read(run, path)
    assert texts(ran) == WHOLE
    assert ran.step.quarantined == {"bytes that belong to no record": 2}


def test_a_huge_record_is_passed_over_without_being_held(run, tmp_path):
    first, *rest = pages()
    path = tmp_path / "a.warc"
    with path.open("wb") as stream:
        stream.write(first)
        huge = record(b"", length=200 << 20)
        stream.write(huge[:-4])
        for _ in range(200):
            stream.write(b"\0" * (1 << 20))
        stream.write(b"\r\n\r\n" + b"".join(rest))
    if not reset_peak_memory():
        pytest.skip("the system cannot measure the peak")
    before = peak_memory_bytes()
    ran = read(run, path)
    assert texts(ran) == WHOLE
    assert ran.step.quarantined == {"record larger than 16 MiB": 1}
    assert peak_memory_bytes() - before < 64 << 20


def test_a_bomb_in_an_archive_stops_the_file_with_a_reason(run, tmp_path):
    bomb = record(response(b"<p>" + b"a" * (300 << 20)))
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gzip.compress(pages()[0]) + gzip.compress(bomb, 9))
    good = tmp_path / "good.warc"
    good.write_bytes(b"".join(pages()))
    ran = read(run, path, good)
    assert texts(ran) == [WHOLE[0], *WHOLE]
    assert any("unpacks to more than" in reason for reason in ran.step.quarantined)


@pytest.mark.parametrize(
    ("text", "charset", "header", "meta"),
    [
        ("мова и письмо", "cp1251", "windows-1251", ""),
        ("мова и письмо", "cp1251", "", "windows-1251"),
        ("日本語のテキスト", "shift_jis", "", "Shift_JIS"),
        ("日本語のテキスト", "iso2022_jp", "ISO-2022-JP", ""),
        ("ภาษาไทย", "cp874", "tis-620", ""),
        ("中文文字", "gb18030", "gb2312", ""),
        ("język polski", "iso8859-2", "iso-8859-2", ""),
        ("vetëm shqip", "utf-8", "iso-8859-1", ""),
        ("العربية", "utf-16", "", ""),
        ("বাংলা", "utf-8-sig", "windows-1252", ""),
    ],
)
def test_character_sets(run, tmp_path, text, charset, header, meta):
    page = f"<html><head>{f'<meta charset={meta}>' if meta else ''}</head><body><p>{text}</p></body></html>"
    media = "text/html" + (f"; charset={header}" if header else "")
    path = tmp_path / "a.warc"
    path.write_bytes(record(response(page.encode(charset), media=media)))
    assert texts(read(run, path)) == [text]


def test_bytes_that_are_not_in_their_character_set_are_set_aside(run, tmp_path):
    good = pages()[0]
    bad = record(response("<p>日本語</p>".encode("shift_jis") * 9, media="text/html; charset=utf-8"))
    unknown = record(response("<p>é</p>".encode("latin1"), media="text/html; charset=klingon-8"))
    path = tmp_path / "a.warc"
    path.write_bytes(bad + unknown + good)
    ran = read(run, path)
    assert texts(ran) == [WHOLE[0]]
    assert ran.step.quarantined == {"not in its character set (utf-8)": 1, "the character set 'klingon-8' is unknown": 1}


def chunked(body: bytes) -> bytes:
    pieces = [body[at : at + 7] for at in range(0, len(body), 7)]
    return b"".join(f"{len(piece):x};x=1\r\n".encode() + piece + b"\r\n" for piece in pieces) + b"0\r\n\r\n"


def test_transfer_and_content_encodings():
    body = "<p>ᠮᠣᠩᠭᠣᠯ</p>".encode()
    for stored, extra in (
        (chunked(body), "Transfer-Encoding: chunked\r\n"),
        (body, "Transfer-Encoding: chunked\r\n"),
        (gzip.compress(body), "Content-Encoding: gzip\r\n"),
        (chunked(gzip.compress(body)), "Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n"),
        (zlib.compress(body), "Content-Encoding: deflate\r\n"),
        (body, "Content-Encoding: br\r\n"),
    ):
        assert parse_response(response(stored, extra=extra), 1 << 20).body == body
    assert "br" in parse_response(response(b"\x8b\0\x80\0", extra="Content-Encoding: br\r\n"), 99).problem
    bomb = parse_response(response(gzip.compress(b"a" * (9 << 20)), extra="Content-Encoding: gzip\r\n"), 1 << 20)
    assert bomb.problem == "page larger than 1 MiB"
    assert parse_response(b"not http", 99).status == 0


def test_real_archives(run, shared):
    ran = run(read_text, files=[str(shared / "warc")], extractor=Plain())
    found = {row["source"]: row for row in ran.artifact.rows()}
    assert "Escopete" in found["whirlwind.warc.gz"]["text"]
    assert found["whirlwind.warc.wet.gz"]["text"].startswith("Escopete - Biquipedia")
    assert found["whirlwind.warc.wet.gz"]["meta"] == '{"date": "2024-05-18T01:58:10Z", "identified": "spa"}'
    assert "Internet Assigned Numbers Authority" in found["example-iana.org-chunked.warc"]["text"]
    assert found["example.warc"]["text"] == found["example.warc.gz"]["text"]
    assert [each["where"].rpartition("/")[2] for each in ran.quarantine] == ["example-trunc.warc, record 3"]


def test_the_records_are_those_that_fastwarc_finds(shared):
    warc = pytest.importorskip("fastwarc.warc", reason="fastwarc is not installed (extra web)")

    class Nobody:
        quarantined = {}

    for path in sorted((shared / "warc").glob("*")):
        if "trunc" in path.name:
            continue
        with path.open("rb") as stream:
            theirs = [
                (each.headers.get("WARC-Type"), each.content_length, each.reader.read())
                for each in warc.ArchiveIterator(stream, parse_http=False)
            ]
        with Source(path).open(recover=True) as stream:
            found = list(Records(stream, Source(path), Nobody(), 1 << 24))
        ours = [(each.headers.get("warc-type"), len(each.block), each.block) for each in found]
        assert ours == theirs


def test_nothing_but_damage_is_one_clear_line(run, tmp_path):
    path = tmp_path / "a.warc.gz"
    path.write_bytes(b"\x1f\x8b\x08" + b"\xff" * 99)
    with pytest.raises(InputError, match=r"no document was found \(the gzip file is damaged"):
        read(run, path)
