"""Personal data: found in every script, left alone where it is none, and put back."""

import gzip
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panglot.artifacts import InputError
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter, document_id
from panglot.corpus.personal.components import ORIGINALS_FOLDER, mask_personal, unmask_personal
from panglot.corpus.personal.finding import find_personal
from panglot.corpus.personal.masking import mask, unmask
from panglot.corpus.personal.numbers import _IBAN_LENGTHS, is_card, is_iban

ITEMS = {
    "email": ["somchai.k+1@mail.example.co.th", "o'neil_3@ex-ample.org"],
    "url": ["https://user:s3cret@host.example/path?x=1", "https://a.example/x?q=1&access_token=abcdef12345"],
    "iban": ["GB29 NWBK 6016 1331 9268 19", "DE89370400440532013000"],
    "card": ["4111 1111 1111 1111", "378282246310005", "5555-5555-5555-4444"],
    "ip": ["93.184.216.34", "2606:4700:4700::1111"],
    "phone": ["+49 (0)30 901820", "+66 81 234 5678", "+12025550123", "0049 30 901820", "+234-803-123-4567"],
}
# Ten scripts; a script without spaces puts its text right beside the item. The second is the zero of the script's own digits.
FRAMES = {
    "Latn": ("Write to {} now", "0"),
    "Cyrl": ("Пишите на {} сейчас", "0"),
    "Arab": ("اكتب إلى {} الآن", "٠"),
    "Deva": ("कृपया {} पर लिखें।", "०"),
    "Beng": ("এখানে {} লিখুন।", "০"),
    "Thai": ("ติดต่อ{}ตอนนี้", "๐"),
    "Khmr": ("ទាក់ទង{}ឥឡូវ", "០"),
    "Mymr": ("ဆက်သွယ်{}ယခု", "၀"),
    "Hani": ("请联系{}谢谢", "０"),
    "Hang": ("{}로 연락", "0"),
    "Ethi": ("በ{}ይጻፉ", "0"),
    "Nkoo": ("ߒ {} ߞߏ", "߀"),
}
INNOCENT = [
    "2024-05-06, 12.05.2020, 12:30:45, 1 000 000, 3,141,592,653, 1.2.3.4, v10.0.19041.1, 4.0.30319.1",
    "ISBN 978-3-16-148410-0, ISBN 3-16-148410-X, 9783161484100, doi:10.1000/182",
    "Mt 3:16-18, 2 Kön 4,5; Sure 2:255, § 12.3.4.5",
    "std::string a::b 2019:: 10.0.0.1 192.168.1.254 ::1 fe80::1 127.0.0.1",
    "icon@2x.png, @user, x@y, 3 @ 5, ssh://user@host.example, C++11, +1, +100 000 000, +20 000 000 x",
    "4111 1111 1111 1112, 1234567890123456, GB29 NWBK 6016 1331 9268 18, AB12CDEF",
    "https://example.org/?q=1&page=2 http://example.org:8080/a@b",
    "٢٠٢٤/٠٥/٠٦ २०२४-०५-०६ ๒๕๖๗ ۱۲۳۴۵۶۷۸۹۰",
]


@pytest.mark.parametrize("script", FRAMES)
@pytest.mark.parametrize(("kind", "item"), [(kind, item) for kind, items in ITEMS.items() for item in items])
def test_planted_items_are_found_in_every_script(script, kind, item):
    frame, zero = FRAMES[script]
    tight = kind == "email" or item.startswith("+")
    spaced = frame if tight else frame.replace("{}", " {} ")
    said = [item]
    if kind == "phone":
        said.append(item.translate({ord(str(each)): chr(ord(zero) + each) for each in range(10)}))
    for each in said:
        text = spaced.format(each)
        assert [(found.kind, text[found.start : found.end]) for found in find_personal(text)] == [(kind, each)]


@pytest.mark.parametrize("text", INNOCENT)
def test_what_is_no_personal_data_is_left_alone(text):
    assert find_personal(text) == []


def test_addresses_of_other_alphabets():
    text = "иван.петров@пример.рф, 用户@例子.公司。"
    assert [text[each.start : each.end] for each in find_personal(text)] == ["иван.петров@пример.рф", "用户@例子.公司"]


def test_numbers_that_follow_are_no_part_of_a_telephone_number():
    text = "+44 20 7946 0958 2020, +48 123 456 789 5, +4930901820 12"
    assert [text[each.start : each.end] for each in find_personal(text)] == [
        "+44 20 7946 0958",
        "+48 123 456 789",
        "+4930901820",
    ]


@given(st.text("0123456789", min_size=15, max_size=15))
def test_one_wrong_digit_of_a_card_is_noticed(digits):
    card = next(f"4{digits[1:]}{last}" for last in range(10) if _luhn(f"4{digits[1:]}{last}") == 0)
    assert is_card(card)
    for place in range(1, 16):
        wrong = card[:place] + str((int(card[place]) + 1) % 10) + card[place + 1 :]
        assert not is_card(wrong)


def _luhn(digits):
    doubled = [sum(divmod(int(each) * 2, 10)) if place % 2 else int(each) for place, each in enumerate(digits[::-1])]
    return sum(doubled) % 10


@given(st.sampled_from(sorted(_IBAN_LENGTHS)), st.text("0123456789ABCXYZ", min_size=40, max_size=40))
def test_one_wrong_sign_of_an_iban_is_noticed(country, said):
    account = said[: _IBAN_LENGTHS[country] - 4]
    digits = int("".join(str(int(each, 36)) for each in f"{account}{country}00"))
    right = f"{country}{98 - digits % 97:02}{account}"
    assert is_iban(right)
    wrong = right[:-1] + {"9": "0", "Z": "A"}.get(right[-1], chr(ord(right[-1]) + 1))
    assert not is_iban(wrong)


PARTS = st.sampled_from(
    [*ITEMS["email"], *ITEMS["phone"], *ITEMS["card"], "<email-1>", "<phone-2>", "ก", " ", "\n", "7", "@", "é"]
)


@given(st.lists(PARTS, max_size=12).map("".join))
def test_unmasking_gives_the_same_text(text):
    masked, originals = mask(text)
    assert unmask(masked, originals) == text
    for name in originals:
        assert name not in text


@given(st.text(st.sampled_from("+0 12.-()@:/a.bกé\u200e९<>"), max_size=60))
def test_items_lie_apart_and_in_order(text):
    found = find_personal(text)
    assert all(first.end <= second.start for first, second in pairwise(found))


@pytest.mark.parametrize(
    "text", ["@" * 20000, "a@" * 9000, "1 " * 20000, "+1 " * 9000, "://:@" * 5000, "1:" * 9000, "a." * 9000 + "@"]
)
def test_hostile_text_takes_no_time(text):
    find_personal(text)


def documents(folder, *texts, name=DOCUMENTS_FILE):
    with DocumentWriter(folder / name) as writer:
        for text in texts:
            writer.document(text, "tha_Thai", source="test")
    return Documents(folder)


def test_masked_documents_can_be_restored(run, tmp_path):
    said = ["a@b.org ก", "ไม่มี", "+66 81 234 5678", "c@d.org ก"]
    of = documents(tmp_path / "d", *said)
    made = run(mask_personal, of=of)
    assert list(made.artifact.texts()) == ["<email-1> ก", "ไม่มี", "<phone-1>", "<email-1> ก"]
    assert made.step.figures["masked"] == {"email": 2, "phone": 1}
    assert made.step.figures["by_language"] == {"tha_Thai": {"email": 2, "phone": 1}}
    assert made.step.figures["documents"] == {"in": 4, "kept": 4, "quarantined": 0, "changed": 3}
    assert next(json.loads(row["originals"]) for row in made.artifact.originals.rows()) == {"<email-1>": "a@b.org"}
    back = run(unmask_personal, of=made.artifact, originals=made.artifact.originals)
    assert list(back.artifact.rows()) == list(of.rows())
    assert back.artifact.path.read_bytes() == of.path.read_bytes()


def test_nothing_of_the_originals_is_left_when_they_are_not_kept(run, tmp_path):
    of = documents(tmp_path / "d", "a@b.org", "x")
    made = run(mask_personal, of=of, keep_originals=False)
    assert not (made.artifact.folder / ORIGINALS_FOLDER).exists()
    assert [row["id"] for row in made.artifact.rows()] == [document_id("tha_Thai", "<email-1>"), document_id("tha_Thai", "x")]
    with pytest.raises(InputError, match="were not kept"):
        _ = made.artifact.originals


def test_kinds_can_be_chosen_and_shards_stay(run, tmp_path):
    documents(tmp_path / "d", "a@b.org +66 81 234 5678", name="documents/00000.parquet")
    of = documents(tmp_path / "d", "c@d.org", name="documents/00001.parquet")
    made = run(mask_personal, of=of, kinds=["phone"])
    assert list(made.artifact.texts()) == ["a@b.org <phone-1>", "c@d.org"]
    assert [each.name for each in made.artifact.shards] == ["00000.parquet", "00001.parquet"]
    assert [each.name for each in made.artifact.originals.shards] == ["00000.parquet", "00001.parquet"]


def test_false_alarms_on_real_text(shared):
    """Sentences, verses and manuals without personal data: at most one text in a thousand is changed in any language."""
    for name in ("sib200", "bible_nt", "quran"):
        for path in sorted((shared / name).glob("*.tsv.gz"))[::4]:
            with gzip.open(path, "rt", encoding="utf-8") as stream:
                lines = stream.read().split("\n")
            assert sum(bool(find_personal(line)) for line in lines) <= len(lines) / 1000, path
