"""Other identifiers behind Panglot's interface: each optional, imported when asked for, with canonical tags."""

import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from panglot.artifacts import InputError
from panglot.corpus.documents import UNDETERMINED
from panglot.corpus.identification.guessing import Guesses, Identifier, scripts_of
from panglot.corpus.identification.letters import find_letters
from panglot.languages import Language

Best = list[tuple[str, float]]
"""Labels as the back-end writes them, best first, with what it says of each, 0 to 1."""

_SAID = {"zh": "zho_Hans", "zh-cn": "zho_Hans", "zh-tw": "zho_Hant", "iw": "heb_Hebr", "no": "nob_Latn", "un": "", "xx": ""}
"""Labels that are not what Language.parse takes them for."""


@lru_cache(maxsize=4096)
def canonical(label: str) -> str:
    """A back-end's label as canonical tag, `und` where it is none.

    Example:
        >>> [canonical(each) for each in ("__label__hsb_Latn", "sr", "zh-Hant", "un")]
        ['hsb_Latn', 'srp_Cyrl', 'zho_Hant', 'und']
    """
    bare = label.removeprefix("__label__")
    said = _SAID.get(bare.lower(), bare)
    if not said:
        return UNDETERMINED
    try:
        return Language.parse(said).tag
    except InputError:
        return UNDETERMINED


class OtherIdentifier(Identifier):
    """Another library: a function from a text to its labels."""

    def __init__(self, name: str, ask: Callable[[str], Best], labels: tuple[str, ...] = ()) -> None:
        self.name, self._ask = name, ask
        self.languages = tuple(sorted({canonical(each) for each in labels} - {UNDETERMINED}))

    def _of(self, texts: list[str]) -> Guesses:
        rows = []
        for text in texts:
            # several of these libraries fail on NUL bytes, lone surrogates or line breaks
            plain = " ".join(text.replace("\0", " ").encode("utf-8", "ignore").decode().split())
            found = [(canonical(label), each) for label, each in self._ask(plain)] if plain else []
            rows.append([*found, (UNDETERMINED, 0.0), ("", 0.0)][:2])
        script, share = scripts_of(find_letters(texts))
        return Guesses(
            np.array([row[0][0] for row in rows], object),
            np.array([row[0][1] for row in rows], np.float32),
            np.array([row[1][0] if row[1][0] != UNDETERMINED else "" for row in rows], object),
            np.array([row[1][1] for row in rows], np.float32),
            script,
            share,
        )


def _import(module: str, package: str) -> Any:
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError as error:
        raise InputError(f"{package} is not installed", where="back_end", fix=f"pip install {package}") from error


def _py3langid() -> OtherIdentifier:
    module = _import("py3langid.langid", "py3langid")
    model = module.LanguageIdentifier.from_model_file(module.MODEL_FILE, norm_probs=True)
    return OtherIdentifier(
        "py3langid", lambda text: [(label, float(each)) for label, each in model.rank(text)[:2]], tuple(model.nb_classes)
    )


def _pycld2() -> OtherIdentifier:
    module = _import("pycld2", "pycld2")

    def ask(text: str) -> Best:
        try:
            _, _, found = module.detect(text, bestEffort=True)
        except module.error:
            return []
        return [(code, percent / 100) for _, code, percent, _ in found if code != "un"][:2]

    return OtherIdentifier("pycld2", ask, tuple(code for _, code in module.LANGUAGES))


def _cld3() -> OtherIdentifier:
    try:
        module = _import("cld3", "cld3-py")
    except InputError:
        detector = _import("gcld3", "gcld3").NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=4000)

        def ask(text: str) -> Best:
            found = detector.FindTopNMostFreqLangs(text=text, num_langs=2)
            return [(each.language, float(each.probability)) for each in found if each.language != "und"]

        return OtherIdentifier("cld3", ask)

    def ask_module(text: str) -> Best:
        found = module.get_frequent_languages(text, 2)
        return [(each.language, float(each.probability)) for each in found if each.language != "und"]

    return OtherIdentifier("cld3", ask_module)


def _lingua() -> OtherIdentifier:
    module = _import("lingua", "lingua-language-detector")
    detector = module.LanguageDetectorBuilder.from_all_languages().build()

    def ask(text: str) -> Best:
        found = detector.compute_language_confidence_values(text)[:2]
        return [(each.language.iso_code_639_3.name.lower(), each.value) for each in found if each.value > 0]

    return OtherIdentifier("lingua", ask, tuple(each.iso_code_639_3.name.lower() for each in module.Language.all()))


def _eldc() -> OtherIdentifier:
    module = _import("eldc", "eldc")
    module.init()

    def ask(text: str) -> Best:
        found = sorted(module.detect_details(text).scores.items(), key=lambda each: -each[1])[:2]
        return [(label, float(each)) for label, each in found]

    return OtherIdentifier("eldc", ask)


def _fasttext(place: str) -> OtherIdentifier:
    module = _import("fasttext", "fasttext-predict")
    path = Path(place)
    if place.startswith("hub:"):
        owner, _, rest = place.removeprefix("hub:").partition("/")
        name, _, file = rest.partition("/")
        if not file:
            raise InputError("a model on the hub is fasttext:hub:OWNER/NAME/FILE", where=place)
        path = Path(_import("huggingface_hub", "huggingface_hub").hf_hub_download(f"{owner}/{name}", file))
    if not path.is_file():
        raise InputError("there is no fastText model here", where=path, fix="name the .bin or .ftz file")
    model = module.load_model(str(path))

    def ask(text: str) -> Best:
        found = model.f.predict(text + "\n", 2, 0.0, "strict") if hasattr(model, "f") else model.predict(text, 2)
        pairs = found if not found or isinstance(found[0][0], float) else list(zip(found[1], found[0], strict=True))
        return [(label, min(float(each), 1.0)) for each, label in pairs if math.isfinite(each)]

    return OtherIdentifier(f"fasttext:{path.name}", ask)


NAMES = ("py3langid", "pycld2", "cld3", "lingua", "eldc", "fasttext")
"""Back-ends that other packages hold."""


def other_back_end(name: str) -> Identifier:
    """One of `NAMES`; `fasttext:PATH` for a model file.

    Raises:
        InputError: its package is not installed, or there is no such file.
    """
    kind, _, place = name.partition(":")
    if kind == "fasttext":
        return _fasttext(place)
    return {"py3langid": _py3langid, "pycld2": _pycld2, "cld3": _cld3, "lingua": _lingua, "eldc": _eldc}[kind]()
