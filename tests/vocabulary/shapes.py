"""Small tokenizers that have exactly the structure of well-known ones: the same model, rules, special tokens and quirks.

Each builder gives a new `Vocabulary`; `SHAPES` lists them for parametrised tests. Training is quick and gives equal bytes.
"""

import json
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from panglot.models.charsmap import compile_charsmap
from panglot.vocabulary.byt5 import byt5_vocabulary
from panglot.vocabulary.surface import byte_letters, byte_piece
from panglot.vocabulary.vocabulary import Vocabulary

# Written for these tests; words come back so that there is something to merge.
TEXTS = [
    "วันนี้อากาศดีมาก เราจะไปตลาดกัน วันนี้ตลาดดีมาก",
    "เด็กกินข้าวที่บ้าน บ้านอยู่ใกล้ตลาด",
    "ថ្ងៃនេះអាកាសធាតុល្អណាស់ យើងទៅផ្សារ ថ្ងៃនេះផ្សារល្អណាស់",
    "កុមារញ៉ាំបាយនៅផ្ទះ ផ្ទះនៅជិតផ្សារ",
    "الطقس جميل اليوم وسنذهب إلى السوق، السوق جميل",
    "يأكل الطفل في البيت، والبيت قرب السوق",
    "كِتَابٌ جَمِيلٌ فِي ٱلْبَيْتِ",
    "מזג האוויר יפה היום ונלך אל השוק, השוק יפה",
    "הילד אוכל בבית והבית ליד השוק",
    "שָׁלוֹם לַיֶּלֶד בַּבַּיִת",
    "आज मौसम अच्छा है और हम बाज़ार जाएँगे, बाज़ार अच्छा है",
    "बच्चा घर में खाना खाता है, घर बाज़ार के पास है",
    "இன்று வானிலை நன்றாக உள்ளது, நாம் சந்தைக்குச் செல்வோம்",
    "குழந்தை வீட்டில் சாப்பிடுகிறது, வீடு சந்தைக்கு அருகில்",
    "今天天气很好，我们去市场，市场很好。",
    "孩子在家吃饭，家在市场附近。",
    "今日は天気がいいので市場へ行きます。市場はいいです。",
    "오늘 날씨가 좋아서 우리는 시장에 갑니다. 시장이 좋아요.",
    "ዛሬ አየሩ ጥሩ ነው፤ ወደ ገበያ እንሄዳለን። ገበያው ጥሩ ነው።",
    "ልጁ ቤት ውስጥ ይበላል፤ ቤቱ ከገበያ አጠገብ ነው።",
    "ߌ ߣߌ ߕߟߋ߬ ߓߍ߯ ߦߋ߫ ߌ ߞߊ߲߬ ߕߟߋ߬",
    "ߒߞߏ ߦߋ߫ ߞߊ߲ ߠߎ߬ ߦߋ߫ ߒߞߏ",
    "ދިވެހި ބަހުން ލިޔެފައި ދިވެހި",
    "Dobry dźeń! Dźensa je rjane wjedro, na wiki póńdźemy, wiki su rjane.",
    "Dźěćo doma jě, dom je pódla wikow.",
    "The weather is fine today and we go to the market; the market is fine.",
    "The child eats at home, the home is near the market.",
    "Сегодня хорошая погода, мы идём на рынок, рынок хороший.",
    "Ο καιρός είναι καλός σήμερα και πάμε στην αγορά.",
    "def market(weather: str) -> int:\n    return len(weather) + 12345\n",
    "for (int i = 0; i < 100; ++i) { total += price[i]; }",
    "👩‍👩‍👧‍👦 and 👍🏽 and 🇹🇭 at the market 🙂🙂 👩‍👩‍👧‍👦 👍🏽",
    "𐐀𐐁 𝒜𝒷𝒸 𠀀𠀁 four bytes 𐐀𐐁 𝒜𝒷𝒸",
    "naïve café, cafe\u0301 naive, nai\u0308ve",
]

LLAMA3_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN_SPLIT = LLAMA3_SPLIT.replace(r"\p{N}{1,3}", r"\p{N}")
CHAT_TEMPLATE = "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}{% endfor %}"
BYTES = [byte_piece(each) for each in range(256)]


def added(number: int, content: str, *, special: bool = True, **more: bool) -> dict[str, Any]:
    """One entry of `added_tokens`."""
    rest = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": not special, "special": special}
    return {"id": number, "content": content, **rest, **more}


def _part(part: Any) -> Any:
    """The JSON of a normalizer, pre-tokenizer, decoder or post-processor."""
    if part is None:
        return None
    carrier = Tokenizer(models.BPE())
    kinds = {normalizers.Normalizer: "normalizer", pre_tokenizers.PreTokenizer: "pre_tokenizer", decoders.Decoder: "decoder"}
    name = next((name for kind, name in kinds.items() if isinstance(part, kind)), "post_processor")
    setattr(carrier, name, part)
    return json.loads(carrier.to_str())[name]


def make(
    model: dict[str, Any],
    added_tokens: list[dict[str, Any]],
    *,
    normalizer: Any = None,
    pre_tokenizer: Any = None,
    post_processor: Any = None,
    decoder: Any = None,
    config: dict[str, Any],
    companions: dict[str, bytes] | None = None,
) -> Vocabulary:
    """A vocabulary from its parts."""
    document = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": sorted(added_tokens, key=lambda each: int(each["id"])),
        "normalizer": _part(normalizer),
        "pre_tokenizer": _part(pre_tokenizer),
        "post_processor": _part(post_processor),
        "decoder": _part(decoder),
        "model": model,
    }
    config = {
        "added_tokens_decoder": {str(each["id"]): {k: v for k, v in each.items() if k != "id"} for each in added_tokens},
        "clean_up_tokenization_spaces": False,
        "model_max_length": 512,
        "tokenizer_class": "PreTrainedTokenizerFast",
        **config,
    }
    text = json.dumps(config, ensure_ascii=False, indent=2) + "\n"
    return Vocabulary(document, {"tokenizer_config.json": text.encode(), **(companions or {})}, "a shape")


def template(single: str, pair: str, ids: dict[str, int]) -> Any:
    """A template of special tokens."""
    return processors.TemplateProcessing(single=single, pair=pair, special_tokens=list(ids.items()))


@cache
def _nfkc() -> Any:
    """A character map as SentencePiece writes it: NFKC of some hundred characters, line ends and tabs to spaces."""
    some = [*range(0xA0, 0x180), *range(0x2000, 0x2070), *range(0x0E00, 0x0E60), *range(0xFB00, 0xFB07), *range(0xFF01, 0xFF5F)]
    changed = {chr(each): unicodedata.normalize("NFKC", chr(each)) for each in some}
    composed = {unicodedata.normalize("NFD", chr(each)): chr(each) for each in range(0xC0, 0x180)}
    pairs = {**changed, **composed, "\n": " ", "\t": " ", "\r": " ", "\u200b": " ", "\x07": ""}
    return normalizers.Precompiled(compile_charsmap({key: value for key, value in pairs.items() if key != value}))


@cache
def _unigram_pieces(size: int) -> tuple[tuple[str, float], ...]:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=size, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(TEXTS, trainer)
    pieces = json.loads(tokenizer.to_str())["model"]["vocab"]
    return tuple((piece, score) for piece, score in pieces if piece != "<unk>")


@cache
def _bpe(size: int, kind: str, split: str) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Pieces by id, and merges, of a BPE over bytes (`kind` "bytes") or over characters with `▁` for a space."""
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>") if kind == "suffix" else models.BPE())
    alphabet: list[str] = []
    if kind == "characters":
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("(?<=.)(?=▁)"), "isolated")
    else:
        cut = pre_tokenizers.Split(Regex(split), "isolated")
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [cut, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
        )
        alphabet = sorted(byte_letters().values())
    more = {"end_of_word_suffix": "</w>"} if kind == "suffix" else {}
    trainer = trainers.BpeTrainer(vocab_size=size, show_progress=False, initial_alphabet=alphabet, **more)
    tokenizer.train_from_iterator(TEXTS, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    merges = tuple((left, right) for left, right in model["merges"])
    return tuple(sorted(model["vocab"], key=model["vocab"].__getitem__)), merges


def _bpe_model(pieces: list[str], merges: Any, **more: Any) -> dict[str, Any]:
    assert len(set(pieces)) == len(pieces)
    facts = {
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
    }
    rest = {**facts, "byte_fallback": False, "ignore_merges": False, **more}
    vocab = {piece: index for index, piece in enumerate(pieces)}
    return {"type": "BPE", **rest, "vocab": vocab, "merges": [list(each) for each in merges]}


def xlm_r() -> Vocabulary:
    """XLM-R: four special tokens first, `<mask>` last, both in the list of pieces."""
    pieces = [(each, 0.0) for each in ("<s>", "<pad>", "</s>", "<unk>")] + [*_unigram_pieces(700)] + [("<mask>", 0.0)]
    marks = [added(index, pieces[index][0]) for index in range(4)] + [added(len(pieces) - 1, "<mask>", lstrip=True)]
    space = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")])
    return make(
        {"type": "Unigram", "unk_id": 3, "vocab": [list(each) for each in pieces], "byte_fallback": False},
        marks,
        normalizer=_nfkc(),
        pre_tokenizer=space,
        post_processor=template("<s> $A </s>", "<s> $A </s> </s> $B </s>", {"<s>": 0, "</s>": 2}),
        decoder=decoders.Metaspace(prepend_scheme="always"),
        config={
            "bos_token": "<s>", "eos_token": "</s>", "sep_token": "</s>", "cls_token": "<s>", "unk_token": "<unk>",
            "pad_token": "<pad>", "mask_token": "<mask>", "tokenizer_class": "XLMRobertaTokenizer",
        },
    )  # fmt: skip


def mt5() -> Vocabulary:
    """mT5: pieces of bytes after the special tokens, sentinels among the pieces, more rows than tokens (see `rows_of`)."""
    sentinels = [(f"▁<extra_id_{index}>", 0.0) for index in reversed(range(10))]
    heads = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((each, 0.0) for each in BYTES)]
    pieces = [*heads, *_unigram_pieces(700), *sentinels]
    return make(
        {"type": "Unigram", "unk_id": 2, "vocab": [list(each) for each in pieces], "byte_fallback": True},
        [added(0, "<pad>"), added(1, "</s>"), added(2, "<unk>")],
        normalizer=_nfkc(),
        pre_tokenizer=pre_tokenizers.Metaspace(prepend_scheme="always"),
        post_processor=template("$A </s>", "$A </s> $B </s>", {"</s>": 1}),
        decoder=decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="always")]),
        config={"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"},
    )


def mbart() -> Vocabulary:
    """mBART: Unigram whose language codes and mask lie beyond the list of pieces."""
    pieces = [(each, 0.0) for each in ("<s>", "<pad>", "</s>", "<unk>")] + [*_unigram_pieces(700)]
    codes = ["ar_AR", "en_XX", "hi_IN", "th_TH", "<mask>"]
    marks = [added(index, pieces[index][0]) for index in range(4)]
    marks += [added(len(pieces) + index, code, lstrip=code == "<mask>") for index, code in enumerate(codes)]
    beyond = {code: len(pieces) + index for index, code in enumerate(codes)}
    return make(
        {"type": "Unigram", "unk_id": 3, "vocab": [list(each) for each in pieces], "byte_fallback": False},
        marks,
        normalizer=_nfkc(),
        pre_tokenizer=pre_tokenizers.Metaspace(prepend_scheme="always"),
        post_processor=template("$A </s> en_XX", "$A $B </s> en_XX", {"</s>": 2, "en_XX": beyond["en_XX"]}),
        decoder=decoders.Metaspace(prepend_scheme="always"),
        config={"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>", "mask_token": "<mask>"},
    )


def nllb() -> Vocabulary:
    """NLLB: BPE over characters with an unknown token; language codes and mask beyond the pieces."""
    pieces, merges = _bpe(900, "characters", "")
    heads = ["<s>", "<pad>", "</s>", "<unk>"]
    codes = ["ace_Arab", "eng_Latn", "hin_Deva", "tha_Thai", "zul_Latn", "<mask>"]
    first = len(heads) + len(pieces)
    marks = [added(index, each) for index, each in enumerate(heads)]
    marks += [added(first + index, code, lstrip=code == "<mask>") for index, code in enumerate(codes)]
    return make(
        _bpe_model([*heads, *pieces], merges, unk_token="<unk>", fuse_unk=True),
        marks,
        normalizer=normalizers.Sequence([_nfkc(), normalizers.Replace(Regex(" {2,}"), " ")]),
        pre_tokenizer=pre_tokenizers.Metaspace(prepend_scheme="always", split=True),
        post_processor=template("eng_Latn $A </s>", "eng_Latn $A $B </s>", {"eng_Latn": first + 1, "</s>": 2}),
        decoder=decoders.Metaspace(prepend_scheme="always", split=True),
        config={
            "bos_token": "<s>", "eos_token": "</s>", "sep_token": "</s>", "cls_token": "<s>", "unk_token": "<unk>",
            "pad_token": "<pad>", "mask_token": "<mask>", "additional_special_tokens": codes[:-1],
            "tokenizer_class": "NllbTokenizer",
        },
    )  # fmt: skip


def gpt2() -> Vocabulary:
    """GPT-2: byte-level BPE; `<|endoftext|>` is the last piece and an added token."""
    pieces, merges = _bpe(900, "bytes", r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")
    end = "<|endoftext|>"
    return make(
        _bpe_model([*pieces, end], merges),
        [added(len(pieces), end, normalized=True)],
        pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=False),
        post_processor=processors.ByteLevel(trim_offsets=False),
        decoder=decoders.ByteLevel(),
        config={"bos_token": end, "eos_token": end, "unk_token": end, "tokenizer_class": "GPT2TokenizerFast"},
    )


def _split_bytes(split: str) -> Any:
    cut = pre_tokenizers.Split(Regex(split), "isolated")
    return pre_tokenizers.Sequence([cut, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def llama3() -> Vocabulary:
    """Llama 3: byte-level BPE that takes whole words first, 256 reserved special tokens beyond the pieces."""
    pieces, merges = _bpe(1000, "bytes", LLAMA3_SPLIT)
    names = ["<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>",
             "<|finetune_right_pad_id|>", "<|step_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>", "<|eot_id|>",
             "<|python_tag|>"]  # fmt: skip
    names += [f"<|reserved_special_token_{index}|>" for index in range(2, 2 + 256 - len(names))]
    start = len(pieces)
    byte_level = processors.ByteLevel(trim_offsets=False)
    begin = template("<|begin_of_text|> $A", "<|begin_of_text|> $A <|begin_of_text|> $B", {"<|begin_of_text|>": start})
    return make(
        _bpe_model(list(pieces), merges, ignore_merges=True),
        [added(start + index, name) for index, name in enumerate(names)],
        pre_tokenizer=_split_bytes(LLAMA3_SPLIT),
        post_processor=processors.Sequence([byte_level, begin]),
        decoder=decoders.ByteLevel(),
        config={
            "bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>", "pad_token": "<|finetune_right_pad_id|>",
            "chat_template": CHAT_TEMPLATE, "model_input_names": ["input_ids", "attention_mask"],
        },
    )  # fmt: skip


def qwen() -> Vocabulary:
    """Qwen: byte-level BPE after NFC, chat marks beyond the pieces, some not special, more rows than tokens."""
    pieces, merges = _bpe(1000, "bytes", QWEN_SPLIT)
    names = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|vision_start|>"]
    plain = ["<tool_call>", "</tool_call>", "<|fim_prefix|>", "<think>", "</think>"]
    start = len(pieces)
    marks = [added(start + index, name) for index, name in enumerate(names)]
    marks += [added(start + len(names) + index, name, special=False, normalized=False) for index, name in enumerate(plain)]
    return make(
        _bpe_model(list(pieces), merges, continuing_subword_prefix="", end_of_word_suffix=""),
        marks,
        normalizer=normalizers.NFC(),
        pre_tokenizer=_split_bytes(QWEN_SPLIT),
        post_processor=processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False),
        decoder=decoders.ByteLevel(),
        config={
            "bos_token": None, "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "unk_token": None,
            "additional_special_tokens": names, "tokenizer_class": "Qwen2Tokenizer",
        },
        companions={"chat_template.jinja": CHAT_TEMPLATE.encode()},
    )  # fmt: skip


def llama2() -> Vocabulary:
    """Llama 2 and Mistral: BPE over characters with bytes to fall back on; merged pieces first, single characters last."""
    pieces, merges = _bpe(1000, "characters", "")
    ordered = [each for each in pieces if len(each) > 1] + [each for each in pieces if len(each) == 1]
    heads = ["<unk>", "<s>", "</s>", *BYTES]
    undone = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    return make(
        _bpe_model([*heads, *ordered], merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True),
        [added(0, "<unk>"), added(1, "<s>"), added(2, "</s>")],
        normalizer=normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]),
        post_processor=template("<s> $A", "<s> $A <s> $B", {"<s>": 1}),
        decoder=decoders.Sequence(undone),
        config={"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"},
    )


def gemma() -> Vocabulary:
    """Gemma: BPE with byte fallback, no space put before the text; unused, HTML and line-break tokens among the pieces."""
    pieces, merges = _bpe(1000, "characters", "")
    heads = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "[multimodal]", *(f"<unused{index}>" for index in range(99))]
    turns = ["<start_of_turn>", "<end_of_turn>"]
    breaks = ["\n" * count for count in range(1, 6)]
    spaces = ["▁" * count for count in range(2, 6)]
    tags = ["<table>", "<caption>", "</table>", "</caption>"]
    order = [*heads, *turns, *breaks, *spaces, *tags, *BYTES]
    rest = [each for each in pieces if each not in set(order)]
    single = [each for each in rest if len(each) == 1]
    order = [*order, *(each for each in rest if len(each) > 1), *single]
    runs = [("\n" * left, "\n" * right) for total in range(2, 6) for left in range(1, total) for right in [total - left]]
    runs += [("▁" * left, "▁" * right) for total in range(2, 6) for left in range(1, total) for right in [total - left]]
    merges = (*runs, *(each for each in merges if "".join(each) not in set(spaces)))
    plain = [*heads[5:], *tags]
    marks = [added(order.index(each), each) for each in [*heads[:5], *turns]]
    marks += [added(order.index(each), each, special=False, normalized=False) for each in plain]
    return make(
        _bpe_model(order, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True),
        marks,
        normalizer=normalizers.Replace(" ", "▁"),
        pre_tokenizer=pre_tokenizers.Split(" ", "merged_with_previous"),
        post_processor=template("<bos> $A", "<bos> $A <bos> $B", {"<bos>": 2}),
        decoder=decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]),
        config={
            "bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>",
            "additional_special_tokens": turns, "chat_template": CHAT_TEMPLATE,
        },
    )  # fmt: skip


@cache
def _wordpiece_pieces() -> tuple[str, ...]:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(TEXTS, trainers.WordPieceTrainer(vocab_size=900, show_progress=False))
    found = tokenizer.get_vocab()
    return tuple(sorted(found, key=found.__getitem__))


def bert() -> Vocabulary:
    """BERT: WordPiece; `[PAD]` first, unused pieces, the other special tokens after them."""
    order = ["[PAD]", *(f"[unused{index}]" for index in range(10)), "[UNK]", "[CLS]", "[SEP]", "[MASK]", *_wordpiece_pieces()]
    ids = {each: index for index, each in enumerate(order)}
    marks = [added(ids[each], each) for each in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")]
    model = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100}
    ends = {each: ids[each] for each in ("[CLS]", "[SEP]")}
    return make(
        {**model, "vocab": ids},
        marks,
        normalizer=normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True),
        pre_tokenizer=pre_tokenizers.BertPreTokenizer(),
        post_processor=template("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", ends),
        decoder=decoders.WordPiece(),
        config={
            "cls_token": "[CLS]", "mask_token": "[MASK]", "pad_token": "[PAD]", "sep_token": "[SEP]", "unk_token": "[UNK]",
            "do_lower_case": True, "tokenizer_class": "BertTokenizer",
        },
    )  # fmt: skip


def byte() -> Vocabulary:
    """A byte model: byte-level BPE without merges."""
    heads = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    pieces = [*heads, *sorted(byte_letters().values())]
    return make(
        _bpe_model(pieces, [], unk_token="<unk>"),
        [added(index, each) for index, each in enumerate(heads)],
        normalizer=normalizers.NFC(),
        pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        post_processor=template("<s> $A </s>", "<s> $A </s> </s> $B </s>", {"<s>": 0, "</s>": 2}),
        decoder=decoders.ByteLevel(),
        config={"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>"},
    )


def byt5() -> Vocabulary:
    """ByT5: bytes at 3 to 258, 125 sentinels after them."""
    return byt5_vocabulary()


def clip() -> Vocabulary:
    """CLIP: byte-level BPE whose pieces say where a word ends (`</w>`). Not in `SHAPES`: only surfaces are asked of it."""
    pieces, merges = _bpe(900, "suffix", r"\p{L}+|\p{N}|[^\s\p{L}\p{N}]+")
    letters = sorted(byte_letters().values())
    order = list(dict.fromkeys([*letters, *(each + "</w>" for each in letters), *pieces]))
    marks = ["<|startoftext|>", "<|endoftext|>"]
    return make(
        _bpe_model(
            [*order, *marks], merges, unk_token="<|endoftext|>", continuing_subword_prefix="", end_of_word_suffix="</w>"
        ),
        [added(len(order) + index, mark) for index, mark in enumerate(marks)],
        normalizer=normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]),
        pre_tokenizer=pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(r"\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"), "removed", invert=True),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
            ]
        ),
        decoder=decoders.ByteLevel(),
        config={"bos_token": marks[0], "eos_token": marks[1], "unk_token": marks[1], "pad_token": marks[1]},
    )


SHAPES: list[tuple[str, Callable[[], Vocabulary]]] = [
    ("xlm_r", xlm_r),
    ("mt5", mt5),
    ("mbart", mbart),
    ("nllb", nllb),
    ("gpt2", gpt2),
    ("llama3", llama3),
    ("qwen", qwen),
    ("llama2", llama2),
    ("gemma", gemma),
    ("bert", bert),
    ("byte", byte),
    ("byt5", byt5),
]
"""Name and builder of every shape."""


def rows_of(name: str, vocabulary: Vocabulary) -> int:
    """Rows of the embedding matrix of a model of this shape; where the real one is padded, more than tokens."""
    return vocabulary.size if name not in ("mt5", "qwen") else (vocabulary.size // 64 + 2) * 64
