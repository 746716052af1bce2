"""Short names of public checkpoints: `hub:xlm-r` is `hub:FacebookAI/xlm-roberta-base`."""

from dataclasses import dataclass
from typing import Literal

from panglot.artifacts import did_you_mean


@dataclass(frozen=True)
class Checkpoint:
    """A public checkpoint of the hub. Where it says nothing of a licence, ask the model's page.

    Attributes:
        identifier: of the hub.
        kind: encoder (predicts hidden tokens), decoder (continues text) or seq2seq.
        parameters: as its name has them; "" where the name does not say.
        tiny: the name of a tiny model of the same family, for a trial.
        licence: as the model's page gives it; "" where that was not checked.
        what: in a few words.
    """

    identifier: str
    kind: Literal["encoder", "decoder", "seq2seq"]
    parameters: str
    tiny: str
    licence: str = ""
    what: str = ""


def _encoder(identifier: str, parameters: str, tiny: str, what: str, licence: str = "") -> Checkpoint:
    return Checkpoint(identifier, "encoder", parameters, f"tiny:{tiny}", licence, what)


def _decoder(identifier: str, parameters: str, tiny: str, what: str, licence: str = "") -> Checkpoint:
    return Checkpoint(identifier, "decoder", parameters, f"tiny:{tiny}", licence, what)


def _seq2seq(identifier: str, parameters: str, tiny: str, what: str, licence: str = "") -> Checkpoint:
    return Checkpoint(identifier, "seq2seq", parameters, f"tiny:{tiny}", licence, what)


CHECKPOINTS: dict[str, Checkpoint] = {
    "mbert": _encoder("google-bert/bert-base-multilingual-cased", "", "bert", "BERT of many languages"),
    "xlm-r": _encoder("FacebookAI/xlm-roberta-base", "", "xlm-roberta", "RoBERTa of 100 languages", "MIT"),
    "xlm-r-large": _encoder("FacebookAI/xlm-roberta-large", "", "xlm-roberta", "RoBERTa of 100 languages"),
    "xlm-mlm-100": _encoder("FacebookAI/xlm-mlm-100-1280", "", "xlm", "XLM of 100 languages, masked modelling"),
    "xlm-mlm-tlm-15": _encoder(
        "FacebookAI/xlm-mlm-tlm-xnli15-1024", "", "xlm", "XLM of 15 languages, with translation modelling"
    ),
    "afriberta": _encoder("castorini/afriberta_large", "", "xlm-roberta", "African languages"),
    "afro-xlmr": _encoder("Davlan/afro-xlmr-base", "", "xlm-roberta", "XLM-R taught African languages"),
    "glot500": _encoder("cis-lmu/glot500-base", "", "xlm-roberta", "XLM-R taught 500 languages"),
    "xmod": _encoder("facebook/xmod-base", "", "xmod", "modules of many languages"),
    "muril": _encoder("google/muril-base-cased", "", "bert", "Indian languages, transliterated text too"),
    "rembert": _encoder("google/rembert", "", "rembert", "many languages, input and output matrices of their own"),
    "mdeberta": _encoder("microsoft/mdeberta-v3-base", "", "deberta-v2", "many languages"),
    "modernbert": _encoder("answerdotai/ModernBERT-base", "", "modernbert", "English"),
    "mmbert": _encoder("jhu-clsp/mmBERT-base", "", "modernbert", "many languages"),
    "xglm": _decoder("facebook/xglm-564M", "564M", "xglm", "many languages"),
    "xglm-7.5b": _decoder("facebook/xglm-7.5B", "7.5B", "xglm", "many languages"),
    "bloom": _decoder("bigscience/bloom-560m", "560M", "bloom", "many languages and programming languages"),
    "bloom-7b1": _decoder("bigscience/bloom-7b1", "", "bloom", "many languages and programming languages"),
    "mgpt": _decoder("ai-forever/mGPT", "", "gpt2", "many languages"),
    "polylm": _decoder("DAMO-NLP-MT/polylm-13b", "13B", "llama", "many languages"),
    "gpt2": _decoder("openai-community/gpt2", "", "gpt2", "English"),
    "llama-2": _decoder("meta-llama/Llama-2-7b-hf", "7B", "llama", "mostly English"),
    "llama-3": _decoder("meta-llama/Meta-Llama-3-8B", "8B", "llama", "mostly English"),
    "llama-3.1": _decoder("meta-llama/Llama-3.1-8B", "8B", "llama", "many languages"),
    "llama-3.2": _decoder("meta-llama/Llama-3.2-1B", "1B", "llama", "many languages"),
    "vicuna": _decoder("lmsys/vicuna-7b-v1.5", "7B", "llama", "chat, English"),
    "mistral": _decoder("mistralai/Mistral-7B-v0.3", "7B", "mistral", "mostly English"),
    "mixtral": _decoder("mistralai/Mixtral-8x7B-v0.1", "", "mixtral", "eight experts; European languages"),
    "phi-3": _decoder("microsoft/Phi-3-mini-4k-instruct", "", "phi3", "chat, English"),
    "gemma": _decoder("google/gemma-2b", "2B", "gemma", "mostly English"),
    "gemma-2": _decoder("google/gemma-2-2b", "2B", "gemma2", "mostly English"),
    "gemma-3": _decoder("google/gemma-3-1b-pt", "1B", "gemma3", "text only"),
    "olmo": _decoder("allenai/OLMo-1B-hf", "1B", "olmo", "English; data and checkpoints open"),
    "olmo-2": _decoder("allenai/OLMo-2-0425-1B", "1B", "olmo2", "English; data and checkpoints open"),
    "olmoe": _decoder("allenai/OLMoE-1B-7B-0924", "7B", "olmoe", "64 experts, 1B active; English"),
    "qwen-2": _decoder("Qwen/Qwen2-0.5B", "0.5B", "qwen2", "many languages"),
    "qwen-2.5": _decoder("Qwen/Qwen2.5-0.5B", "0.5B", "qwen2", "many languages", "Apache-2.0"),
    "qwen-3": _decoder("Qwen/Qwen3-0.6B-Base", "0.6B", "qwen3", "many languages"),
    "deepseek-r1": _decoder("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", "1.5B", "qwen2", "distilled into Qwen2.5"),
    "yi": _decoder("01-ai/Yi-6B", "6B", "llama", "English and Chinese"),
    "starcoder": _decoder("bigcode/starcoderbase-1b", "1B", "gpt-bigcode", "programming languages"),
    "starcoderplus": _decoder("bigcode/starcoderplus", "", "gpt-bigcode", "programming languages and English"),
    "codegen": _decoder("Salesforce/codegen-350M-multi", "350M", "codegen", "programming languages"),
    "pythia": _decoder("EleutherAI/pythia-70m", "70M", "gpt-neox", "English; many checkpoints"),
    "t5": _seq2seq("google/t5-v1_1-small", "", "t5", "T5 v1.1, English"),
    "mt5": _seq2seq("google/mt5-small", "", "mt5", "many languages"),
    "umt5": _seq2seq("google/umt5-small", "", "umt5", "many languages, evenly sampled"),
    "byt5": _seq2seq("google/byt5-small", "", "byt5", "many languages as bytes"),
    "mt0": _seq2seq("bigscience/mt0-small", "", "mt5", "mT5 taught to follow instructions"),
    "t0": _seq2seq("bigscience/T0_3B", "3B", "t5", "T5 taught by prompts, English"),
    "ul2": _seq2seq("google/ul2", "", "t5", "a mixture of denoisers, English"),
    "flan-ul2": _seq2seq("google/flan-ul2", "", "t5", "UL2 taught to follow instructions"),
    "mbart": _seq2seq("facebook/mbart-large-cc25", "", "mbart", "denoising of 25 languages"),
    "mbart-50": _seq2seq("facebook/mbart-large-50", "", "mbart", "denoising of 50 languages"),
    "m2m100": _seq2seq("facebook/m2m100_418M", "418M", "m2m100", "translation among 100 languages"),
    "nllb": _seq2seq("facebook/nllb-200-distilled-600M", "600M", "m2m100", "translation among 200 languages"),
}
"""Public encoders, decoders and encoder-decoders; mostly the smallest size, where there are several."""


def understood(name: str) -> tuple[str, str]:
    """The hub's id of a short name, and a sentence that says so; any other name as it is, and "".

    Args:
        name: after `hub:`; upper and lower case alike.

    Example:
        >>> understood("XLM-R")
        ('FacebookAI/xlm-roberta-base', 'hub:xlm-r is FacebookAI/xlm-roberta-base (RoBERTa of 100 languages).')
        >>> understood("intfloat/multilingual-e5-small")
        ('intfloat/multilingual-e5-small', '')
    """
    short = name.lower()
    found = CHECKPOINTS.get(short)
    if found is None:
        return name, ""
    size = f", {found.parameters} parameters" if found.parameters else ""
    return found.identifier, f"hub:{short} is {found.identifier} ({found.what}{size})."


def suggested(name: str) -> str:
    """A hint for a name without an organisation that is near to a short name, or ""."""
    return did_you_mean(f"hub:{name}", [f"hub:{each}" for each in CHECKPOINTS])
