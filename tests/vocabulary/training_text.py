"""A text in made words of many scripts, the same in every process: no test of training needs a data folder."""

import random

from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter

LETTERS = {
    "eng_Latn": ("etaoinshrdlu", ""),
    "hin_Deva": ("कखगतदनपबमयरलस", "ािीुूेो्"),
    "tha_Thai": ("กขคงจชดตนบปมยรลวสห", "ัิีุู่้็"),
    "tam_Taml": ("கஙசஞடணதநபமயரலவ", "ாிீுூெேை்"),
    "nqo_Nkoo": ("ߊߋߌߍߎߏߐߓߔߕߖߗߘߙߛߝߞߟߡߣ", "߫߬߭߮"),
    "pes_Arab": ("ابپتدرسشکگلمنهی", "\u200c"),
    "sin_Sinh": ("කගචජටණතදනපබමයරලවස", "ාිු්\u200d"),
    "ful_Adlm": ("𞤢𞤣𞤤𞤥𞤦𞤧𞤨𞤩", "𞥄𞥅"),
    "zho_Hans": ("的一是不了人我在有他这中大来上国", ""),
}
WITHOUT_SPACES = ("tha_Thai", "zho_Hans")


def made_texts(documents: int = 60, words: int = 400) -> list[tuple[str, str]]:
    """Tag and text; words follow a Zipf law, the languages differ in size by a factor of nine."""
    found = []
    for number, (tag, (letters, marks)) in enumerate(LETTERS.items(), 1):
        draw = random.Random(tag)
        lexicon = []
        for _ in range(words):
            word = ""
            for _ in range(draw.randint(1, 5)):
                word += draw.choice(letters)
                # a joiner ends no word, and no mark stands at its begin
                if marks and draw.random() < 0.5:
                    word += draw.choice(marks)
            lexicon.append(word.rstrip("\u200c\u200d"))
        weights = [1 / rank for rank in range(1, words + 1)]
        for _ in range(documents * number // 9 + 1):
            chosen = draw.choices(lexicon, weights, k=25)
            joined = ("" if tag in WITHOUT_SPACES else " ").join(chosen)
            found.append((tag, f"{joined}, {draw.randint(0, 2024)}!"))
    return found


def made_documents(folder, **sizes) -> Documents:
    """The text as an artifact."""
    with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
        for tag, text in made_texts(**sizes):
            writer.document(text, tag, source="made")
    return Documents(folder)
