"""A room of toy components, so that the runner is tested without models."""

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from panglot.artifacts import Artifact, InputError, Step, digest_bytes, reads
from panglot.recipes import components


class Text(Artifact):
    @property
    def content(self) -> str:
        return (self.folder / "text.txt").read_text()

    @property
    def copy(self) -> "Text":
        return Text(self.folder / "copy")


class Number(Artifact):
    @property
    def value(self) -> int:
        return int((self.folder / "number.txt").read_text())


class Plain(BaseModel):
    model_config = ConfigDict(extra="forbid")
    method: Literal["plain"] = "plain"


class Loud(BaseModel):
    model_config = ConfigDict(extra="forbid")
    method: Literal["loud"]
    marks: int = 1


CALLS: list[str] = []


@reads(lambda files, **_: {each: digest_bytes(Path(each).read_bytes()) for each in files})
def say(
    text: str,
    times: Annotated[int, Field(ge=1)] = 1,
    files: list[str] = [],
    style: Annotated[Plain | Loud, Field(discriminator="method")] = Plain(),
    *,
    step: Step,
) -> Text:
    """Say something.

    Args:
        text: what to say.
        times: how often.
        files: read too.
        style: how to say it.
    """
    CALLS.append("say")
    said = text * times + "".join(Path(each).read_text() for each in files)
    said += "!" * style.marks if isinstance(style, Loud) else ""
    for folder in (step.out, step.out / "copy"):
        folder.mkdir(exist_ok=True)
        (folder / "text.txt").write_text(said)
    return Text(step.out)


def count(of: Text | list[Text], *, step: Step) -> Number:
    """Count characters.

    Args:
        of: one text, or several.
    """
    CALLS.append("count")
    texts = of if isinstance(of, list) else [of]
    (step.out / "number.txt").write_text(str(sum(len(each.content) for each in texts)))
    return Number(step.out)


def fail(of: Text | None = None, *, step: Step) -> Number:
    """Fail.

    Args:
        of: a text.
    """
    (step.out / "half.txt").write_text("half")
    raise InputError("the text is too sad", where="text.txt", fix="cheer up")


@pytest.fixture(autouse=True)
def toy_room(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    room = ModuleType("panglot.toy")
    room.COMPONENTS = {  # type: ignore[attr-defined]
        name: f"toy_components:{name}" for name in ("say", "count", "fail")
    }
    monkeypatch.setitem(sys.modules, "panglot.toy", room)
    monkeypatch.setitem(sys.modules, "toy_components", sys.modules[__name__])
    monkeypatch.setattr(components, "ROOMS", (*components.ROOMS, "toy"))
    CALLS.clear()
    return CALLS


@pytest.fixture
def folders(tmp_path: Path) -> Callable[[], Path]:
    """Makes a new, empty folder each time."""
    numbers = itertools.count()

    def new() -> Path:
        place = tmp_path / f"folder-{next(numbers)}"
        place.mkdir()
        return place

    return new
