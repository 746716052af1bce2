"""The recipe of `panglot evaluate`: a model, or two, and the items of tasks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from panglot.artifacts import InputError
from panglot.evaluation.asking.allowed import NOT_ALLOWED, SWITCH, runs_programs
from panglot.evaluation.asking.languages import is_group
from panglot.evaluation.prompts.condition import Condition
from panglot.evaluation.prompts.families import family_of
from panglot.evaluation.tasks import choose_languages, find
from panglot.evaluation.tasks.suite import PREFIX, Suite, find_suite
from panglot.recipes.recipe import Recipe, StepRecipe
from panglot.recipes.suites import members_to_run

SELF = "self"
"""In place of a file of translations: the model that is asked translates; `self:PAIRS` shows it pairs of a task first."""
MEXA = "mexa"
"""In place of a task, or before one of pairs: MEXA's measure of a model's layers."""
_ASK, _VECTORS, _MEXA = "evaluation.ask", "evaluation.task_vectors", "evaluation.mexa"
_BY_VECTORS = ("pairs", "similarity", "retrieval")


@dataclass(frozen=True)
class Evaluation:
    """What a person asks of `panglot evaluate`.

    Attributes:
        tasks: names or files; what may follow a name (`mafand:into`) may follow here. `suite:NAME` stands for its tasks.
        model: name or folder; None with an endpoint.
        endpoint: address and name of a model behind an endpoint.
        conditions: of the prompts; several are asked one after another.
        how: the rest of the protocol.
        settings: further parameters of `evaluation.ask`, the same for all tasks.
        seed: of demonstrations and of the choice of items.
        training_text: steps that bring in text in which the items are looked up, by name.
        sizes: of the text of each language, for the report: a file, a folder of documents, `embedded:NAME`.
        templates: wordings in which each task is asked one after another: names, or `all`; the first that fits without them.
        prefixes: `query_prompt` and `passage_prompt` of tasks of retrieval, in place of the model's own.
    """

    tasks: list[str]
    model: str | None = None
    endpoint: Mapping[str, Any] | None = None
    conditions: list[str] = field(default_factory=lambda: ["native"])
    how: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 17
    training_text: Mapping[str, StepRecipe] = field(default_factory=dict)
    templates: list[str] = field(default_factory=list)
    sizes: str | None = None
    prefixes: Mapping[str, str] = field(default_factory=dict)


def evaluation_recipe(wanted: Evaluation) -> Recipe:
    """Write the recipe that does what was asked; a person can read it, edit it and share it.

    Raises:
        InputError: no task, or one twice.
    """
    if not wanted.tasks:
        raise InputError("no task is asked for", where="--tasks", fix="panglot tasks lists them")
    if wanted.templates and any(each.startswith(PREFIX) for each in wanted.tasks):
        raise InputError("a suite is asked in one wording", where="--templates", fix="name its tasks, or leave --templates out")
    if wanted.settings.get("translations") and not any(Condition.parse(each).pivot for each in wanted.conditions):
        raise InputError(
            "translations need a condition that shows them", where="--condition", fix="translate-test or pivot:TAG"
        )
    steps: dict[str, StepRecipe] = {}
    asked: dict[str, Any] = dict(wanted.settings)
    if wanted.endpoint is not None:
        asked["endpoint"] = dict(wanted.endpoint)
    else:
        steps["model"] = StepRecipe("models.load", {"name": wanted.model})
        asked["model"] = "$model"
    steps |= wanted.training_text
    for task, languages in _by_task(wanted).items():
        own = asked | ({"languages": languages} if languages != "all" else {})
        for condition, template in product(wanted.conditions, _templates(task, wanted)):
            name = _step_name(task, f"{condition if len(wanted.conditions) > 1 else ''} {template}")
            if name in steps:
                raise InputError(f"{task} is asked for twice", where="--tasks")
            steps[name] = _measured(task, condition, wanted, own, steps, template)
    means = {
        name: each
        for said in wanted.tasks
        if said.startswith(PREFIX)
        for name, each in _suite(find_suite(said), wanted, asked, steps).items()
    }
    if wanted.prefixes and not any(wanted.prefixes.keys() & each.parameters.keys() for each in steps.values()):
        raise InputError("no task of retrieval is asked for", where=f"--{min(wanted.prefixes).replace('_', '-')}")
    measured = [name for name, each in steps.items() if each.use in (_ASK, _VECTORS, _MEXA)]
    steps |= means
    more: dict[str, Any] = {"suites": [f"${name}" for name in means]} if means else {}
    if wanted.training_text:
        own = {name: steps[name] for name in measured if steps[name].use != _MEXA}
        looked = _looked_up(own, list(wanted.training_text))
        steps |= looked
        more["contamination"] = [f"${name}" for name in looked]
    if wanted.templates:
        worded = [f"${name}" for name, each in steps.items() if each.use == _ASK]
        steps["wordings"] = StepRecipe("evaluation.prompt_sensitivity", {"results": worded})
        more["wordings"] = "$wordings"
    if wanted.sizes is not None:
        more["sizes"] = wanted.sizes
    steps["report"] = StepRecipe("report.evaluation_page", {"results": [f"${name}" for name in measured], **more})
    who = wanted.model if wanted.endpoint is None else wanted.endpoint["model"]
    return Recipe(
        name="evaluate",
        seed=wanted.seed,
        title=f"{who}: {', '.join(wanted.tasks)}",
        description="Ask a model the items of tasks in many languages.",
        steps=steps,
    )


def _measured(
    task: str,
    condition: str,
    wanted: Evaluation,
    asked: Mapping[str, Any],
    steps: dict[str, StepRecipe],
    template: str = "",
) -> StepRecipe:
    """The step that measures a task; one that translates its items is added to the steps where that is asked for."""
    of = _task_of(task)
    if of != task:
        sentences = {"sentences": asked["limit"]} if "limit" in asked else {}
        return StepRecipe(_MEXA, {**_vectors(wanted, asked), "task": of, **sentences})
    if find(task).kind in _BY_VECTORS:
        prefixes = wanted.prefixes if find(task).kind == "retrieval" else {}
        return StepRecipe(_VECTORS, {**_vectors(wanted, asked), "task": task, **prefixes})
    if not wanted.how.get("run_code") and runs_programs(find(task)):
        raise InputError(f"{task}: {NOT_ALLOWED}", where="--tasks", fix=SWITCH)
    how = {
        **wanted.how,
        **({"condition": condition} if condition != "native" else {}),
        **({"template": template} if template else {}),
    }
    own = {name: value for name, value in asked.items() if name != "translations"}
    if (pivot := Condition.parse(condition).pivot) is not None and (said := asked.get("translations")) is not None:
        itself = said == SELF or said.startswith(f"{SELF}:")
        own |= {"translated": f"${_translating(task, pivot, said, wanted, own, steps)}"} if itself else {"translations": said}
    return StepRecipe(_ASK, {**own, "task": task, **({"how": how} if how else {})})


def _translating(
    task: str, pivot: str, said: str, wanted: Evaluation, asked: Mapping[str, Any], steps: dict[str, StepRecipe]
) -> str:
    """Name of the step in which the model translates the items of a task."""
    name = _step_name(task, f"into {pivot}")
    examples = said.removeprefix(SELF).removeprefix(":")
    how = {**({"examples": examples} if examples else {}), **({"chat": True} if wanted.how.get("chat") else {})}
    given = {name: value for name, value in asked.items() if name not in ("words", "pivot")}
    steps[name] = StepRecipe(
        "evaluation.translate_items", {**given, "task": task, "into": pivot, **({"how": how} if how else {})}
    )
    return name


def _task_of(said: str) -> str:
    """The task that a name stands for.

    Example:
        >>> _task_of("mexa"), _task_of("mexa:tatoeba"), _task_of("xnli")
        ('sib200-pairs', 'tatoeba', 'xnli')
    """
    name, colon, task = said.partition(":")
    return (task if colon else "sib200-pairs") if name == MEXA else said


def _templates(task: str, wanted: Evaluation) -> list[str]:
    """The wordings to ask in; one without a name where nothing is said, or where no words are shown."""
    if not wanted.templates:
        return [""]
    if _task_of(task) != task or find(task).kind in _BY_VECTORS:
        return [""]
    known = family_of(find(task))
    if wanted.templates != ["all"]:
        return [known.template(each).name for each in wanted.templates]
    asked = wanted.how.get("formulation")
    return [name for name, each in known.templates.items() if asked is None or asked in each.formulations]


def _looked_up(measured: Mapping[str, StepRecipe], text: list[str]) -> dict[str, StepRecipe]:
    """Steps that look items up in training text: one for what was asked of the same items."""
    together: dict[tuple[tuple[str, Any], ...], list[str]] = {}
    for name, each in measured.items():
        where = ((key, each.parameters[key]) for key in ("task", "languages", "split", "data") if key in each.parameters)
        together.setdefault(tuple(where), []).append(name)
    found: dict[str, StepRecipe] = {}
    for of, names in together.items():
        given: dict[str, Any] = dict(of)
        given |= {"results": [f"${name}" for name in names], "of": [f"${name}" for name in text]}
        own = f"{_step_name(given['task'], '')}-in-training-text"
        found[own if own not in found else f"{names[0]}-in-training-text"] = StepRecipe("evaluation.contamination", given)
    return found


def _suite(suite: Suite, wanted: Evaluation, asked: Mapping[str, Any], steps: dict[str, StepRecipe]) -> dict[str, StepRecipe]:
    """Adds the steps of a suite's tasks, and gives those of its mean, a condition each."""
    said, split = str(asked.get("languages", "all")), str(asked.get("split", "test"))
    data = asked.get("data")
    may_run = bool(wanted.how.get("run_code"))
    run, left_out = members_to_run(suite, languages=said, split=split, data=data, model=wanted.model, run_code=may_run)
    found: dict[str, StepRecipe] = {}
    for condition in wanted.conditions:
        shown = condition if len(wanted.conditions) > 1 else ""
        members: list[dict[str, Any]] = []
        for task, (languages, part) in run.items():
            own = {name: value for name, value in asked.items() if name not in ("languages", "split")}
            own |= {
                name: value
                for name, value, usual in (("languages", languages, "all"), ("split", part, "test"))
                if value != usual
            }
            step, name = _measured(task, condition, wanted, own, steps), _step_name(task, shown)
            # two suites share what they ask alike
            name = name if steps.get(name, step) == step else _step_name(f"{suite.name}-{task}", shown)
            steps[name] = step
            counts = suite.tasks[task].model_dump(include={"group", "weight"}, exclude_defaults=True)
            members.append({"task": task, "step": name, **counts})
        told = {"name": suite.name, **({"condition": shown} if shown else {}), "steps": members, "left_out": left_out}
        of = [f"${each['step']}" for each in members]
        found[_step_name(f"suite-{suite.name}", shown)] = StepRecipe("evaluation.suite_mean", {"results": of, "suite": told})
    return found


def _by_task(wanted: Evaluation) -> dict[str, str]:
    """What is asked of each task that is no suite: of several each is asked in those languages of a list that it has."""
    said = str(wanted.settings.get("languages", "all"))
    tasks = [each for each in wanted.tasks if not each.startswith(PREFIX)]
    if len(set(tasks)) < len(tasks):
        raise InputError(f"{max(tasks, key=tasks.count)} is asked for twice", where="--tasks")
    if len(tasks) == 1 or said == "all":
        return dict.fromkeys(tasks, said)
    terms = [each.strip() for each in said.split(",") if each.strip()]
    has = {task: [term for term in terms if is_group(term) or _has(task, term)] for task in tasks}
    for task, found in has.items():
        # of none, all terms again, for the message that says which languages the task has
        choose_languages(",".join(found) or said, find(_task_of(task)).languages, what=task)
    if has and (missing := [term for term in terms if not any(term in found for found in has.values())]):
        raise InputError(
            f"no task has items in {', '.join(missing)}", where="--languages", fix="panglot tasks shows what they have"
        )
    return {task: ",".join(found) for task, found in has.items()}


def _has(task: str, term: str) -> bool:
    try:
        return bool(choose_languages(term, find(_task_of(task)).languages))
    except InputError:
        return False


def _vectors(wanted: Evaluation, asked: Mapping[str, Any]) -> dict[str, Any]:
    if wanted.endpoint is not None:
        raise InputError(
            "vectors need a model, and there is an endpoint", where="--tasks", fix="ask for translation: NAME:into"
        )
    return {name: value for name, value in asked.items() if name in ("model", "languages", "split", "data")}


def _step_name(task: str, condition: str) -> str:
    """A step's name out of a task's.

    Example:
        >>> _step_name("mafand:into", ""), _step_name("data/My Task.yaml", "english+native-cot")
        ('mafand-into', 'my-task-english-native-cot')
    """
    base = re.sub(r"\.ya?ml(?=[@:]|$)", "", task).rpartition("/")[2]
    return "-".join(re.findall(r"[a-z0-9]+", f"{base} {condition}".lower()))
