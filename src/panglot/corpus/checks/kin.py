"""How near two languages are, for checks of labels."""

from panglot.languages import Language, tables
from panglot.languages.kinship import shared_groups

SAME = -1
# Languages whose lineages part in the last two groups only (Bosnian and Croatian, Danish and Bokmål) are too alike to judge.
_SIBLINGS = 2
_DISTANT = 3


def kin(first: Language, second: Language) -> int:
    """Groups of the lineage in common; -1 for the same language, also in another script or under its macrolanguage's code.

    Example:
        >>> [kin(Language("hrv_Latn"), Language(each)) for each in ("srp_Cyrl", "hun_Latn")], kin(*2 * [Language("hrv_Latn")])
        ([7, 0], -1)
    """
    one, other = first.code, second.code
    macros = {tables.facts(each).macrolanguage for each in (one, other)}
    if one == other or tables.twin(one) == other or one in macros or other in macros:
        return SAME
    return shared_groups(first, second)


def siblings(first: Language, second: Language) -> bool:
    """Whether two related languages part in the last two groups of the longer lineage only.

    Example:
        >>> [siblings(Language("hrv_Latn"), Language(each)) for each in ("bos_Latn", "pol_Latn", "hun_Latn")]
        [True, False, False]
    """
    shared = kin(first, second)
    return shared > 0 and shared >= max(len(tables.path(each.code)) for each in (first, second)) - _SIBLINGS


def distant(first: Language, second: Language) -> bool:
    """Whether two related languages share at most a third of the shorter lineage, as those of other branches of a family do.

    Example:
        >>> [distant(Language("deu_Latn"), Language(each)) for each in ("fra_Latn", "nld_Latn", "hun_Latn")]
        [True, False, False]
    """
    shared = kin(first, second)
    return shared > 0 and _DISTANT * shared <= min(len(tables.path(each.code)) for each in (first, second))
