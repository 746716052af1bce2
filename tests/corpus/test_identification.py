"""Languages of texts: letters, n-grams, the model of the package, teaching, components, the command."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panglot.artifacts import InputError, step_folder
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.corpus.identification import identifier
from panglot.corpus.identification.back_ends import canonical
from panglot.corpus.identification.components import Labels, assign, identify
from panglot.corpus.identification.guessing import QUICK, PanglotIdentifier, packaged_model, packaged_scorer
from panglot.corpus.identification.letters import find_letters, scripts
from panglot.corpus.identification.model import Model
from panglot.corpus.identification.ngrams import BUCKETS, find_ngrams
from panglot.corpus.identification.scoring import Quick, Scorer
from panglot.corpus.identification.teaching import teach_identifier
from panglot.languages import Language

SENTENCES = {
    "amh_Ethi": "ሁሉም ሰዎች እኩል ሆነው ተወልደዋል፤ ዛሬ ወደ ገበያ ሄድኩ።",
    "arb_Arab": "ذهب الأولاد إلى المدرسة في الصباح الباكر ثم عادوا إلى البيت",
    "ben_Beng": "আমি আজ সকালে বাজারে গিয়েছিলাম এবং মাছ কিনেছি",
    "bod_Tibt": "ང་ཚོས་བོད་ཡིག་སློབ་སྦྱོང་བྱེད་ཀྱི་ཡོད།",
    "chr_Cher": "ᏂᎦᏓ ᎠᏂᏴᏫ ᏂᎨᎫᏓᎸᎾ ᎠᎴ ᎤᏂᏠᏱ",
    "deu_Latn": "Gestern haben wir im Garten gesessen und Kuchen gegessen.",
    "div_Thaa": "އަހަރެން މިއަދު ބާޒާރަށް ދިޔައިން",
    "ell_Grek": "Χθες πήγαμε στην αγορά και αγοράσαμε ψωμί",
    "eng_Latn": "Yesterday we sat in the garden and ate some cake.",
    "guj_Gujr": "હું આજે સવારે બજારમાં ગયો હતો",
    "heb_Hebr": "אתמול ישבנו בגינה ואכלנו עוגה",
    "hin_Deva": "मैं आज सुबह बाज़ार गया था और मैंने सब्ज़ी खरीदी",
    "hye_Armn": "Երեկ մենք նստած էինք այգում և տորթ էինք ուտում",
    "jpn_Jpan": "昨日は庭に座ってケーキを食べました。",
    "kan_Knda": "ನಾನು ಇಂದು ಬೆಳಿಗ್ಗೆ ಮಾರುಕಟ್ಟೆಗೆ ಹೋಗಿದ್ದೆ",
    "kat_Geor": "გუშინ ბაღში ვისხედით და ნამცხვარს ვჭამდით",
    "khm_Khmr": "ម្សិលមិញយើងអង្គុយនៅក្នុងសួន",
    "kor_Hang": "어제 우리는 정원에 앉아 케이크를 먹었습니다",
    "lao_Laoo": "ມື້ວານນີ້ພວກເຮົານັ່ງຢູ່ໃນສວນ",
    "mal_Mlym": "ഞാൻ ഇന്ന് രാവിലെ ചന്തയിൽ പോയി",
    "mya_Mymr": "မနေ့က ကျွန်တော်တို့ ဥယျာဉ်ထဲမှာ ထိုင်ခဲ့ကြတယ်",
    "nqo_Nkoo": "ߡߐ߱ ߓߍ߯ ߞߊ߬ߙߌߣߍ߲߫ ߞߊ߬ߣߌ߲߬",
    "ory_Orya": "ମୁଁ ଆଜି ସକାଳେ ବଜାରକୁ ଯାଇଥିଲି",
    "pan_Guru": "ਮੈਂ ਅੱਜ ਸਵੇਰੇ ਬਾਜ਼ਾਰ ਗਿਆ ਸੀ",
    "rus_Cyrl": "Вчера мы сидели в саду и ели пирог.",
    "sat_Olck": "ᱟᱢ ᱪᱮᱫ ᱞᱮᱠᱟ ᱢᱮᱱᱟᱢᱟ",
    "sin_Sinh": "මම අද උදේ වෙළඳපොළට ගියා",
    "tam_Taml": "நான் இன்று காலை சந்தைக்குச் சென்றேன்",
    "tel_Telu": "నేను ఈ రోజు ఉదయం మార్కెట్‌కు వెళ్ళాను",
    "tha_Thai": "เมื่อวานนี้เรานั่งอยู่ในสวนและกินเค้ก",
    "ukr_Cyrl": "Учора ми сиділи в саду та їли пиріг.",
    "vie_Latn": "Hôm qua chúng tôi ngồi trong vườn và ăn bánh ngọt.",
    "zho_Hans": "昨天我们坐在花园里吃蛋糕。",
    "zho_Hant": "昨天我們坐在花園裡吃蛋糕。",
}
SORBIAN = [
    "Wčera smy w zahrodźe sedźeli a tykanc jědli.",
    "Dźensa je rjane wjedro a słónco swěći nad hońtwami.",
    "Naša wučerka je nam nowu knihu sobu přinjesła.",
]


def documents_of(folder: Path, rows: list[tuple[str, str]]) -> Documents:
    folder.mkdir(parents=True, exist_ok=True)
    with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
        for tag, text in rows:
            writer.document(text, tag, source="test")
    return Documents(folder)


@pytest.mark.parametrize("tag", sorted(SENTENCES))
def test_a_sentence_in_every_script(tag):
    (guess,) = identifier().identify([SENTENCES[tag]])
    assert guess.tag == tag
    assert 0 < guess.confidence <= 1 and guess.second_confidence <= guess.confidence + 1e-6
    assert guess.script_share == 1


def test_tags_are_canonical_and_many():
    tags = identifier().languages
    assert len(tags) >= 450
    assert all(Language(tag).tag == tag for tag in tags)
    assert len({tag[4:] for tag in tags}) >= 40


def test_the_package_holds_at_most_20_megabytes():
    from panglot.corpus.identification.guessing import PACKAGED

    assert sum(each.stat().st_size for each in PACKAGED.iterdir()) <= 20e6
    assert not any(each.suffix in (".pkl", ".pickle", ".bin") for each in PACKAGED.iterdir())


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n\n",
        "12345 67.8",
        "😀😀🎉",
        "!!! ??? ...",
        "́",
        "\x00\x00",
        "\ud800",
        "🯰🯱",
        "𓀀𓀁𓂀𓃰",
        "xkq zzvw qpfk wvxz jjqk xzqv kkwx zqqp vvkx",
    ],
)
def test_what_is_no_language_is_not_called_one(text):
    (guess,) = identifier().identify([text])
    assert guess.tag == "und"


def test_one_letter_is_answered_without_an_error():
    for letter in ("a", "ß", "ж", "中", "ก", "ދ", "'", "ı"):
        (guess,) = identifier().identify([letter])
        assert 0 <= guess.confidence <= 1


@settings(max_examples=40)
@given(st.lists(st.text(max_size=60), max_size=12), st.integers(1, 5))
def test_guesses_do_not_depend_on_the_texts_beside(texts, size):
    judge = identifier()
    together = judge.identify(texts)
    apart = [each for at in range(0, len(texts), size) for each in judge.identify(texts[at : at + size])]
    for one, other in zip(together, apart, strict=True):
        assert (one.tag, one.second, one.script) == (other.tag, other.second, other.script)
        assert one.confidence == pytest.approx(other.confidence, abs=1e-5)


def test_many_texts_give_what_one_by_one_gives():
    texts = [text for text in SENTENCES.values() for _ in range(20)]
    judge = identifier()
    assert [each.tag for each in judge.identify(texts)] == [judge.identify([text])[0].tag for text in texts]


def by_hand(model: Model, text: str) -> tuple[dict[str, float], int]:
    """Scores of the languages of the text's script, one n-gram after the other; and how many there are."""
    rows = {int(bucket): row for row, bucket in enumerate(model.buckets)}
    letters = find_letters([text])
    grams = find_ngrams(letters)
    real = grams < BUCKETS
    group = letters.scripts[0, 1:].argmax() + 1
    scores = model.prior + real.sum(0) @ model.backing_off.astype(np.float64)
    for bucket in grams[real].tolist():
        if bucket in rows:
            at = slice(model.bounds[rows[bucket]], model.bounds[rows[bucket] + 1])
            scores[model.languages[at]] += model.weights[at] * model.scale
    return {tag: scores[place] for place, tag in enumerate(model.tags) if model.groups[place] == group}, int(real.sum())


def test_scores_are_those_added_up_one_by_one():
    model = packaged_model()
    texts = [*SENTENCES.values(), " ".join(SORBIAN), SENTENCES["eng_Latn"] * 9, "a"]
    scores = Scorer(model).score(find_letters(texts))
    for place, text in enumerate(texts):
        expected, count = by_hand(model, text)
        best = sorted(expected, key=lambda tag: (-expected[tag], tag))
        assert scores.features[place] == count
        assert [model.tags[each] for each in scores.languages[place, :2] if each >= 0] == best[:2]
        np.testing.assert_allclose(scores.values[place, 0], expected[best[0]], rtol=1e-9)


def test_a_text_scores_alike_to_the_last_bit_in_whatever_batch():
    scorer = packaged_scorer()
    texts = [*SENTENCES.values(), *SORBIAN, SENTENCES["eng_Latn"] * 9, "", "Haus"]
    for quick in (None, QUICK):
        together = scorer.score(find_letters(texts), quick=quick)
        for place, text in enumerate(texts):
            alone = scorer.score(find_letters([text]), quick=quick)
            for name in ("languages", "values", "features", "known", "by_words"):
                np.testing.assert_array_equal(getattr(together, name)[place], getattr(alone, name)[0])


def test_words_answer_only_what_they_are_sure_of():
    scorer = packaged_scorer()
    german = "Gestern haben wir im Garten gesessen und Kuchen gegessen, und dann sind wir nach Hause gegangen."
    found = scorer.score(find_letters([german, SENTENCES["tha_Thai"], "und", ""]), quick=QUICK)
    assert found.by_words.tolist() == [True, False, False, False]
    thorough = PanglotIdentifier(thorough=True).identify([german, *SENTENCES.values()])
    assert [each.tag for each in thorough] == [each.tag for each in identifier().identify([german, *SENTENCES.values()])]
    assert not scorer.score(find_letters([german]), quick=Quick(1.1, 8, 0.5)).by_words.any()


def test_identifying_loads_nothing_large():
    code = (
        "import sys; from panglot.corpus.identification import identifier; identifier().identify(['Guten Tag']); "
        "print([each for each in ('scipy', 'pyarrow', 'torch', 'pandas') if each in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@given(st.text(max_size=80))
def test_ngrams_are_those_counted_one_by_one(text):
    letters = find_letters([text])
    codes = letters.codes.tolist()
    count = int(letters.bounds[-1])
    grams = find_ngrams(letters)
    assert grams.shape == (count, 6)
    for column, order in enumerate((2, 3, 4, 5), start=1):
        for start in range(count):
            inner = codes[start + 1 : start + order - 1]
            whole = all(inner) and (order == 2 or len(inner) == order - 2)
            assert (grams[start, column] != BUCKETS) == whole
    for start in range(count):
        assert (grams[start, 5] != BUCKETS) == (codes[start] == 0)


def test_equal_ngrams_share_a_bucket_wherever_they_stand():
    letters = find_letters(["dobry dźeń", "dobry"])
    grams = find_ngrams(letters)
    assert (grams[:5] == grams[letters.bounds[1] : letters.bounds[1] + 5]).all()


def test_composed_and_decomposed_letters_are_the_same():
    judge = identifier()
    one, other = judge.identify(["Tiếng Việt là ngôn ngữ của người Việt", "Tiếng Việt là ngôn ngữ của người Việt"])
    assert one == other and one.tag == "vie_Latn"


def test_scripts_are_counted_by_letters_alone():
    letters = find_letters(["Слово 123, word!"])
    assert letters.scripts[0, scripts().index("Cyrl")] == 5
    assert letters.scripts[0, scripts().index("Latn")] == 4


def test_choosing_among_some_languages():
    judge = identifier(languages=["hsb_Latn", "deu_Latn"])
    assert judge.languages == ("deu_Latn", "hsb_Latn")
    assert {each.tag for each in judge.identify(SORBIAN)} == {"hsb_Latn"}
    with pytest.raises(InputError, match="does not know"):
        identifier(languages=["qqq_Latn"])


def test_back_ends_that_do_not_exist_or_are_not_there():
    with pytest.raises(InputError, match="no back-end"):
        identifier("panglott")
    with pytest.raises(InputError, match="fastText|not installed"):
        identifier("fasttext:/nowhere/model.bin")


def test_the_back_end_of_scripts():
    khmer, german = identifier("script").identify([SENTENCES["khm_Khmr"], SENTENCES["deu_Latn"]])
    assert (khmer.tag, german.tag) == ("khm_Khmr", "und")


@pytest.mark.parametrize(
    ("label", "tag"),
    [("__label__hsb_Latn", "hsb_Latn"), ("zh-Hant", "zho_Hant"), ("iw", "heb_Hebr"), ("un", "und"), ("no", "nob_Latn")],
)
def test_labels_of_others_become_canonical(label, tag):
    assert canonical(label) == tag


def test_a_model_is_read_as_it_was_written(tmp_path):
    model = packaged_model()
    model.write(tmp_path)
    again = Model.read(tmp_path)
    for name in ("buckets", "bounds", "languages", "weights", "backing_off", "prior", "background"):
        np.testing.assert_array_equal(getattr(model, name), getattr(again, name))
    whole = (tmp_path / "model.npz").read_bytes()
    (tmp_path / "model.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="no identifier"):
        Model.read(tmp_path)
    (tmp_path / "model.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(InputError, match="format"):
        Model.read(tmp_path)
    with pytest.raises(InputError, match="no identifier"):
        Model.read(tmp_path / "nowhere")


def test_teaching_a_language_that_was_made_up(tmp_path):
    # a regular language that nobody speaks: words of these syllables
    chance = np.random.default_rng(3)
    syllables = ["qua", "xim", "zor", "thu", "vep", "wik", "jyn", "gda", "sfo", "hlu"]

    def sentence() -> str:
        return " ".join("".join(chance.choice(syllables, chance.integers(1, 4))) for _ in range(9))

    texts = documents_of(tmp_path / "text", [("tlh_Latn", sentence()) for _ in range(300)])
    with step_folder(tmp_path / "taught", seed=1) as step:
        teach_identifier(of=texts, step=step)
    before, after = identifier(), identifier(str(tmp_path / "taught"))
    assert "tlh_Latn" not in before.languages and "tlh_Latn" in after.languages
    fresh = [sentence() for _ in range(50)]
    assert sum(each.tag == "tlh_Latn" for each in after.identify(fresh)) >= 48
    known = list(SENTENCES.values())
    assert [each.tag for each in after.identify(known)] == [each.tag for each in before.identify(known)]


def test_teaching_needs_text_and_a_language(tmp_path):
    short = documents_of(tmp_path / "short", [("tlh_Latn", "nuqneH")])
    with pytest.raises(InputError, match="too little"), step_folder(tmp_path / "a", seed=1) as step:
        teach_identifier(of=short, step=step)
    nobody = documents_of(tmp_path / "nobody", [("und", SENTENCES["eng_Latn"])])
    with pytest.raises(InputError, match="no language"), step_folder(tmp_path / "b", seed=1) as step:
        teach_identifier(of=nobody, step=step)


@pytest.fixture
def labelled(tmp_path):
    mixed = SENTENCES["eng_Latn"] + " " + SENTENCES["rus_Cyrl"] + "\n" + SENTENCES["eng_Latn"] + "\n" + SENTENCES["rus_Cyrl"]
    rows = [("und", text) for text in (*SENTENCES.values(), "12 13 14", "", mixed)]
    documents = documents_of(tmp_path / "documents", rows)
    with step_folder(tmp_path / "labels", seed=1) as step:
        identify(of=documents, step=step)
    return documents, Labels(tmp_path / "labels")


def test_labels_stand_beside_the_documents(labelled):
    documents, labels = labelled
    (shard,) = labels.shards
    table = pq.read_table(shard)
    assert table["id"].to_pylist() == [row["id"] for row in documents.rows()]
    tags = table["language"].to_pylist()
    assert tags[: len(SENTENCES)] == list(SENTENCES)
    assert tags[-3:-1] == ["und", "und"]
    assert "eng_Latn" in table["mixed"][-1].as_py() and "rus_Cyrl" in table["mixed"][-1].as_py()
    assert table["mixed"].to_pylist()[:-1] == [""] * (len(tags) - 1)
    assert 0 < table["agreement"][-1].as_py() < 1


def test_assigning_drops_what_is_unsure_and_keeps_what_is_mixed(labelled, tmp_path):
    documents, labels = labelled
    with step_folder(tmp_path / "assigned", seed=1) as step:
        assign(of=documents, labels=labels, step=step)
    kept = Documents(tmp_path / "assigned")
    texts = {row["text"]: row["language"] for row in kept.rows()}
    assert all(texts[text] == tag for tag, text in SENTENCES.items())
    assert any(SENTENCES["rus_Cyrl"] in text and SENTENCES["eng_Latn"] in text for text in texts)
    assert {row["text"] for row in kept.dropped.rows()} == {"12 13 14", ""}
    limits = kept.manifest.figures["thresholds"]
    assert all(0.3 <= each <= 0.9 for each in limits.values())


def test_the_command_is_a_filter(tmp_path):
    lines = [SENTENCES["deu_Latn"], "", SENTENCES["khm_Khmr"], "tab\there"]
    run = [sys.executable, "-m", "panglot", "corpus", "identify", "-"]
    found = subprocess.run(run, input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    rows = [line.split("\t", 2) for line in found.stdout.splitlines()]
    assert [row[2] for row in rows] == lines
    assert [row[0] for row in rows][:3] == ["deu_Latn", "und", "khm_Khmr"]
    assert all(0 <= float(row[1]) <= 1 for row in rows)


def test_harakat_and_niqqud_do_not_count():
    plain = ["كتب الولد", "", "שלום עולם", "Dobry dźeń"]
    marked = ["كَتَبَ ٱلْوَلَدُ", "\u064b", "שָׁלוֹם עוֹלָם", "Dobry dźeń"]
    first, second = find_letters(plain), find_letters(marked)
    for name in ("codes", "bounds", "scripts"):
        assert getattr(first, name).tolist() == getattr(second, name).tolist()
