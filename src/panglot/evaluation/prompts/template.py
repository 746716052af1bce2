"""A template that has met a language: it turns items into prompts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import regex

from panglot.artifacts import InputError
from panglot.evaluation.prompts.answers import (
    Rule,
    parse_calls,
    parse_formula,
    parse_letter,
    parse_literal,
    parse_number,
    parse_option,
)
from panglot.evaluation.prompts.condition import ENGLISH, Condition
from panglot.evaluation.prompts.families import Family, Formulation, TemplateText
from panglot.evaluation.prompts.program import answer_of
from panglot.evaluation.prompts.prompt import Message, Prompt
from panglot.evaluation.prompts.words import MARKS, Words, sources, uncapitalised
from panglot.evaluation.running.solutions import program_in
from panglot.evaluation.tasks.item import Item
from panglot.languages import Language

Translated = Mapping[str, Mapping[str, Any]]
"""Id of an item to its fields in the pivot language; `choices`, where the task has them, as a sequence."""

_FENCE = "```"
_PIECE = regex.compile(r"\{([^}]*)\}|(_)|( )")
_CLOSING = ".。．।։።۔؟?!？！…។။"


@dataclass(frozen=True)
class Template:
    """A wording, a formulation and a condition in one language.

    Made by [`for_task`][panglot.evaluation.prompts.binding.for_task].

    Attributes:
        task: name of the task.
        labels: label names, by number.
        family: family of the task.
        text: the wording.
        formulation: cloze, letters or hybrid; cloze where nothing is chosen.
        condition: languages of instruction, labels and reasoning.
        language: language of the items.
        source: language that is translated from, for translation; that of the items unless it is said.
        target: language that is translated into; English unless it is said.
        folder: a person's own words.
        translated: items in the pivot language.
        max_new_tokens: how long a generated answer may be.
        rule: which number or letter of a generated answer counts where no marker stands before it.
    """

    task: str
    labels: tuple[str, ...]
    family: Family
    text: TemplateText
    formulation: Formulation
    condition: Condition
    language: Language
    source: Language | None = None
    target: Language | None = None
    folder: Path | None = None
    translated: Translated = field(default_factory=dict)
    max_new_tokens: int = 0
    rule: Rule = "last"

    @cached_property
    def words(self) -> Words:
        """Words of the language that instructs."""
        return Words.of(self.condition.instruction(str(self.language)), self.folder)

    @cached_property
    def label_words(self) -> Words:
        """Words of the language of labels and letters."""
        return Words.of(self.condition.labels(str(self.language)), self.folder)

    @cached_property
    def chain(self) -> Words | None:
        """Words of the language of the chain of thought; None where the answer is direct."""
        tag = self.condition.chain(str(self.language))
        return None if tag is None else Words.of(tag, self.folder)

    @property
    def generates(self) -> bool:
        """Whether the answer is written by the model and not chosen by likelihood."""
        return self.family.kind in ("generation", "extraction") or self.chain is not None

    @property
    def _opens_fence(self) -> bool:
        return self.text.context.rstrip("\n").rpartition("\n")[2].startswith(_FENCE)

    @property
    def programs(self) -> bool:
        """Whether the model writes a program, and the answer is what that gives."""
        return self.condition.reasoning == "program"

    @property
    def signature(self) -> dict[str, str]:
        """What must be equal before two measurements are compared, for the signature of a result."""
        code = "code" if self.family.answer == "program" else f"marker,{self.rule}"
        rule = "program" if self.programs else code
        read = {"answer": rule, "tokens": str(self.max_new_tokens)} if self.generates else {}
        return {
            "prompt": f"{self.family.name}/{self.text.name}",
            "prompt-language": str(self.words.language),
            "formulation": self.formulation,
            "condition": str(self.condition),
            **read,
        }

    @property
    def unreviewed(self) -> tuple[str, ...]:
        """Words that this template shows and no reader of the language is said to have checked, for a report to print."""
        labels = [self.family.word_of(self.text, each) for each in self.labels]
        chain = ["step_by_step", "the_answer_is"] if self.chain else []
        # the step-by-step word stands in the place of "answer"
        shown = [(self.words, each) for each in self.family.words_of(self.text, ()) if not (chain and each == "answer")]
        shown += [(self.label_words, each) for each in labels] + [(self.chain or self.words, each) for each in chain]
        found = [words.words[name] for words, name in shown if name in words.words]
        return tuple(
            dict.fromkeys(each.text for each in found if each.source not in sources() or not sources()[each.source].reviewed)
        )

    def prompt(self, item: Item, demonstrations: Sequence[Item] = ()) -> Prompt:
        """The prompt of an item, after demonstrations with their answers.

        Raises:
            InputError: a word or a field is missing, too few letters, or a demonstration without its answer.
        """
        context = self._asked(item, demonstrations)
        if self.generates:
            return Prompt(context, stop=self._stop(), max_new_tokens=self.max_new_tokens, language=item.language)
        # a blank at the end is the first character of what is scored: tokenizers join it to the word behind it
        bare = context.rstrip(" ")
        return Prompt(bare, tuple(context[len(bare) :] + each for each in self.continuations(item)), language=item.language)

    def solved(self, item: Item, demonstrations: Sequence[Item] = ()) -> tuple[str, str]:
        """The prompt of an item and its right answer, which together are what a demonstration shows.

        Raises:
            InputError: as `prompt`; or the item has no answer.
        """
        context = self._asked(item, demonstrations)
        bare = context.rstrip(" ")
        return bare, context[len(bare) :] + self._answer(item)

    def messages(self, item: Item, demonstrations: Sequence[Item] = (), system: str | None = None) -> tuple[Message, ...]:
        """The same as turns of a chat; the last one is the user's."""
        turns = [] if system is None else [Message("system", system)]
        for one in demonstrations:
            of = self._of(one)
            turns += [Message("user", of._context(one)), Message("assistant", of._answer(one).strip())]
        return (*turns, Message("user", self._task_said() + self._context(item)))

    def continuations(self, item: Item) -> tuple[str, ...]:
        """What is scored, an option each, in the order of labels or choices."""
        options = self._options(item)
        if self.formulation == "letters":
            return tuple(self.words.marks["gap"] + each for each in self.letters(len(options), item))
        if self.formulation == "hybrid":
            return tuple(self.words.marks["gap"] + each for each in options)
        return tuple(self._fill(self.text.continuation, item, option) for option in options)

    def letters(self, n: int, item: Item | None = None) -> tuple[str, ...]:
        """The first n letters of the options.

        Raises:
            InputError: the language has fewer.
        """
        found = self.label_words.letters
        if len(found) < n:
            raise InputError(
                f"{n} options, but {len(found)} letters in {self.label_words.language.name}",
                where=None if item is None else f"item {item.id}",
                fix=f"write `letters: {{signs: [...], source: written}}` into a file {self.label_words.language}.yaml",
            )
        return found[:n]

    def parse(self, text: str, item: Item) -> Decimal | int | str | None:
        """What the model answered: a number, the number of an option, or text; None where no answer stands there."""
        if self.programs:
            return answer_of(text)
        if self.family.answer == "completion":
            return text if text.strip() else None
        if self.family.answer == "calls":
            return parse_calls(text)
        if self.family.answer == "program":
            return program_in(text, entry=item.fields.get("entry", ""), opened=self._opens_fence)
        if self.chain is not None or self.family.answer in ("whole", "formula"):
            return self._read(text, item)
        # an engine has stopped there; a chat may begin elsewhere and answer further down
        first, rest = text.strip().split("\n")[0], text
        found = self._read(first, item)
        return self._read(rest, item) if found is None else found

    def _read(self, text: str, item: Item) -> Decimal | int | str | None:
        if self.family.answer == "number":
            return parse_number(text, self.words, chain=self.chain, rule=self.rule)
        if self.family.answer == "formula":
            return parse_formula(text, self.words, chain=self.chain)
        if self.family.answer == "literal":
            return parse_literal(text, self.words, chain=self.chain)
        if self.family.kind in ("generation", "extraction"):
            return text.strip()
        markers = self.chain.markers() if self.chain else ()
        options = self._options(item)
        if self.formulation == "letters":
            return parse_letter(text, self.letters(len(options)), markers=markers, rule=self.rule)
        return parse_option(text, options, markers=markers, rule=self.rule)

    def option_words(self) -> tuple[str, ...]:
        """The label words as the prompt shows them, in the order of the labels; empty where each item has its own choices."""
        capital = "{Option}" in self.text.continuation
        names = [self._word_of(each) for each in self.labels]
        return tuple(self.label_words.capital(each) if capital else self.label_words.get(each) for each in names)

    def _word_of(self, label: str) -> str:
        canonical = self.family.canonical(label)
        if self.text.options is None:
            return canonical
        if canonical not in self.text.options:
            raise InputError(
                f"the template {self.family.name}/{self.text.name} has no word for the label {label!r}",
                where=self.task,
                fix=f"its labels: {', '.join(self.text.options)}",
            )
        return self.text.options[canonical]

    def _asked(self, item: Item, demonstrations: Sequence[Item]) -> str:
        shown = [self._of(one)._shown(one) for one in demonstrations]
        return self._task_said() + "\n\n".join([*shown, self._context(item)])

    def _of(self, item: Item) -> Template:
        # a demonstration in another language is written with the words of that language, unless the condition settles them
        if item.language == str(self.language) or self.condition.word != "native":
            return self
        return replace(self, language=Language.parse(item.language))

    def _shown(self, item: Item) -> str:
        return self._context(item) + self._answer(item)

    def _answer(self, item: Item) -> str:
        gap = self.words.marks["gap"]
        if self.programs:
            if not item.fields.get("program"):
                raise InputError("a demonstration of a program has no field 'program'", where=f"item {item.id} of {self.task}")
            return f"{item.fields['program'].strip()}\n{_FENCE}"
        if self.chain is not None:
            return gap + self._chain_of(item)
        if self.generates:
            if not item.references:
                raise InputError("a demonstration has no answer", where=f"item {item.id} of {self.task}")
            if self.family.answer == "program":
                return item.references[0].strip("\n") + (f"\n{_FENCE}" if self._opens_fence else "")
            # MGSM's exemplars give the steps where a test item gives the number
            if self.family.answer == "completion":
                return item.references[0]
            found = parse_number(item.references[0], self.words) if self.family.answer == "number" else None
            return gap + (item.references[0] if found is None else f"{found.normalize():f}")
        return self.continuations(item)[self._label(item)]

    def _chain_of(self, item: Item) -> str:
        chain = self.chain or self.words
        steps = item.fields.get("reasoning")
        if not steps and item.references and any(each in item.references[0] for each in chain.markers()):
            steps = item.references[0]
        if not steps:
            raise InputError(
                "a demonstration of a chain of thought has no field 'reasoning'", where=f"item {item.id} of {self.task}"
            )
        steps = _without(steps, [chain.get("step_by_step")])
        # "So the answer is", as BBH's exemplars have it, is a marker too
        if any(each.casefold() in steps.casefold() for each in chain.markers()):
            return steps
        options = self._options(item)
        if self.family.kind in ("generation", "extraction"):
            answer = f"${item.references[0]}$" if self.family.answer == "formula" else item.references[0]
        else:
            answer = (self.letters(len(options)) if self.formulation == "letters" else options)[self._label(item)]
        marks = chain.marks
        return f"{steps}{marks['gap']}{chain.markers()[0]}{marks['blank']}{answer}{marks['full_stop']}"

    def _label(self, item: Item) -> int:
        if item.label is None:
            raise InputError("a demonstration has no label", where=f"item {item.id} of {self.task}")
        return item.label

    def _options(self, item: Item) -> tuple[str, ...]:
        if self.family.kind == "classification":
            return self.option_words()
        return tuple(self._translation(item).get("choices", item.choices))

    def _translation(self, item: Item) -> Mapping[str, Any]:
        if self.condition.pivot is None or item.language == self.condition.pivot:
            return {}
        if item.id not in self.translated:
            raise InputError(
                f"the condition {self.condition} needs the item in {self.condition.pivot}",
                where=f"item {item.id} of {self.task}",
                fix="give translated= with this id",
            )
        found = self.translated[item.id]
        if item.choices and len(found.get("choices", ())) != len(item.choices):
            raise InputError("a translated item has not as many choices", where=f"item {item.id} of {self.task}")
        return found

    def _context(self, item: Item) -> str:
        lines = []
        for line in self.text.context.split("\n"):
            if line.startswith("?"):
                if self._field(line, item) is None:
                    continue
                line = line[1:]
            if line != "{options}":
                lines.append(self._fill(line, item))
            elif self.formulation != "cloze":
                options = self._options(item)
                lines += [f"{letter}. {each}" for letter, each in zip(self.letters(len(options), item), options, strict=True)]
        return "\n".join([*lines, f"{_FENCE}python\n"] if self.programs else lines)

    def _task_said(self) -> str:
        """What stands once above everything: the instruction of a cross-lingual prompt, and nothing in other conditions."""
        if self.condition.reasoning != "xlt":
            return ""
        english = Words.of(ENGLISH, self.folder)
        return (
            f"The task below is written in {self.language.name}. First say it again in English. Then solve it "
            f'in English, step by step. End with one line: "{english.markers()[0]}", and the answer.\n\n'
        )

    def _field(self, line: str, item: Item) -> str | None:
        """The value of the field that a line asks for; None where the item lacks it."""
        for name in regex.findall(r"\{([^}]*)\}", line):
            if name.rstrip("-") in self.family.fields:
                return self._value(name.rstrip("-"), item) or None
        return None

    def _value(self, name: str, item: Item) -> str | None:
        fields = {**item.fields, **self._translation(item)}
        if name in ("before", "after", "pronoun") and name not in fields and fields.get("sentence", "").count("_") == 1:
            before, gap, after = fields["sentence"].partition("_")
            fields |= {"before": before, "pronoun": gap, "after": after}
        for each in self.family.fields[name]:
            parts = each.split("+")
            if all(part in fields for part in parts):
                value = self.words.marks["gap"].join(str(fields[part]) for part in parts)
                own = [self.words.words[word].text for word in ("question", "problem") if word in self.words.words]
                return _without(value, own) if self.family.answer == "number" else value
        return None

    def _fill(self, text: str, item: Item, option: str = "") -> str:
        marks = self.words.marks

        def piece(found: regex.Match[str]) -> str:
            name, blank, _ = found.groups()
            if name is None:
                return marks["blank"] if blank else marks["gap"]
            return marks[name] if name in MARKS else self._piece(name, item, option)

        return str(_PIECE.sub(piece, text))

    def _piece(self, name: str, item: Item, option: str) -> str:
        plain, special = name.rstrip("-,"), self._special(name, option)
        if special is not None:
            return special()
        if plain in self.family.fields:
            value = self._value(plain, item)
            if value is None:
                raise InputError(
                    f"the item has no field {plain!r}",
                    where=f"item {item.id} of {self.task}",
                    fix=f"it may be called {', '.join(self.family.fields[plain])}",
                )
            # the edges belong to the sentence where template and item share one, and to a program that is begun
            value = value if self.text.glue or self.family.answer == "program" else value.strip()
            return value.rstrip().rstrip(_CLOSING).rstrip() if name.endswith("-") else value
        if plain in (self.family.switch or {}):
            asked, by_value = (self.family.switch or {})[plain]
            value = str(item.fields.get(asked))
            if value not in by_value:
                raise InputError(
                    f"the field {asked!r} is {value!r}", where=f"item {item.id} of {self.task}", fix=f"{', '.join(by_value)}"
                )
            return self.words.get(by_value[value])
        first = plain[:1]
        return self.words.capital(first.lower() + plain[1:]) if first.isupper() else self.words.get(plain)

    def _special(self, name: str, option: str) -> Callable[[], str] | None:
        marks = self.words.marks
        known: dict[str, Callable[[], str]] = {
            "option": lambda: option,
            # label words come with their capital
            "Option": lambda: option,
            "option,": lambda: uncapitalised(option, Language(self.condition.pivot) if self.condition.pivot else self.language),
            "listed": lambda: (marks["comma"] + marks["gap"]).join(self.option_words()),
            "source_name": lambda: _own_name(self.source or self.language),
            "target_name": lambda: _own_name(self.target or Language(ENGLISH)),
        }
        if self.chain is not None:
            known["Answer"] = lambda: self.chain.get("step_by_step") if self.chain else ""
        return known.get(name)

    def _stop(self) -> tuple[str, ...]:
        if self.programs:
            return (_FENCE,)
        if self.text.stop:
            return self.text.stop
        if self.family.answer in ("whole", "completion"):
            return ()
        if self.chain is None and self.family.answer != "calls":
            return ("\n",)
        question = self.words.capital("question") + self.words.marks["colon"]
        return ("\n\n" + question, "\n" + question)


def _own_name(language: Language) -> str:
    if language.autonym is None:
        raise InputError(f"the own name of {language.name} is not known", where=language, fix="ask for another template")
    return language.autonym


def _without(text: str, titles: Sequence[str]) -> str:
    """A text without a title that it brings along, as MGSM's exemplars do ("Question: "), and that the template writes too."""
    one = "|".join(map(regex.escape, titles))
    return regex.sub(rf"^\s*(?:{one})\s*[:：]\s*", "", text, flags=regex.IGNORECASE) if titles else text
