"""What a report does not show, from its own facts where that can be computed."""

from typing import Any

from panglot.report import comparison, wording


def limits(facts: dict[str, Any]) -> list[str]:
    """Sentences for the section on limits."""
    found = []
    target = next((each for each in facts["languages"] if each["role"] == "target"), None)
    data = facts["data"]
    if target is not None:
        n, chance = target["n"], facts["measure"]["chance"]
        found.append(
            f"The test is small: {n:,} pairs of {target['name']}. One pair more or less is {1 / n:.3f} in one direction, "
            "and a difference smaller than the width of an interval cannot be seen."
            if n < 1000
            else f"The test has {n:,} pairs of {target['name']}."
        )
        if chance is not None:
            found.append(
                f"The right text is searched among the test pairs of the language: guessing gives {wording.number(chance)}. "
                "With more texts to choose from every figure would be lower."
            )
    if near := facts.get("near_duplicates"):
        found.append(_near_duplicates(near))
    median = data["test_median_characters"]
    catalogues = data["catalogues"]
    if catalogues:
        where = f" of {wording.count(data['origin_count'], 'package')}"
        found.append(
            f"Training and test texts are interface strings from the catalogues{where}: one domain. "
            "Nothing is said about news, speech or literature."
        )
    elif data["test_pairs"] is not None:
        found.append("Training and test texts come from the same source. Other domains were not measured.")
    if median is not None and median < 60:
        found.append(f"The test texts are short: the median is {median:.0f} characters. Longer texts were not measured.")
    if len(facts["measure"]["seeds"]) < 2:
        found.append(
            "There is one training (one seed). The intervals say how much other test items would change the figures, "
            "not how much another seed would."
        )
    if facts["decomposition"] is None:
        found.append("There is no control: a part of the change may come from the domain and not from the language.")
    elif facts.get("control_from_elsewhere"):
        found.append(
            "The control learnt from another kind of text than the taught model (one of them from catalogues of software, the "
            "other not): a part of the gain over the control may still be the domain. A control of the same domain would tell."
        )
    if facts["decomposition"] is not None and "relatives" not in facts["decomposition"]:
        found.append("There is no control on a related language: any relative might give a part of the gain over the control.")
    if sum(each["role"] == "retained" for each in facts["languages"]) == 0:
        found.append("No other language was measured, so it is not known whether the model forgot any.")
    else:
        found.append("Only the retained languages in the table were measured; other languages may have changed.")
    found.append("The measure is retrieval of translations. It shows neither understanding nor translating nor writing.")
    if catalogues:
        found.append("The texts are public, and the base model may have seen some of them before.")
    return found


def _near_duplicates(near: dict[str, Any]) -> str:
    said = {"before": "before", "control": "for the control", "after": "after"}
    values = near["values"]
    figures = [f"{wording.number(values[name])} {words}" for name, words in said.items() if name in values]
    return (
        f"{near['near']} of {near['near'] + near['n']} test strings are nearly the same as a training string (singular and "
        f"plural, one word changed). Without them the figure is {', '.join(figures[:-1])} and {figures[-1]}."
    )


WORST_DROP = 0.02


def fell_short(facts: dict[str, Any]) -> list[str]:
    """What a person must be told even if they read one line only: no gain, nothing over the control, a language forgotten."""
    found = []
    for each in facts["languages"]:
        change, over = each["change"], each["over_control"]
        ends = wording.interval(change["low"], change["high"])
        told = f"{wording.signed(change['value'])}, 95 % interval {ends}"
        if each["role"] == "target":
            if change["verdict"] != "rose":
                found.append(f"no gain in {each['name']} was shown ({told})")
            elif over is not None and comparison.as_difference(over).verdict != "rose":
                found.append(f"no gain over the control was shown ({wording.signed(over['value'])})")
        elif change["value"] < -WORST_DROP:
            found.append(f"{each['name']} dropped by more than {WORST_DROP} ({told})")
    return found
