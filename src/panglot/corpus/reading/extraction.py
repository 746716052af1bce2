"""The text of a page without its menus: which extractor, and a process of its own that one page cannot hold up."""

import importlib.util
import json
import os
import select
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from types import TracebackType
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from panglot.artifacts import MissingExtra

_WALL_PER_SECOND = 10
_START_SECONDS = 120


class _Extractor(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    seconds: Annotated[int, Field(ge=1, le=600)] = 20

    @property
    def package(self) -> str:
        """The package that is needed; empty where none is."""
        return ""

    def must_be_installed(self) -> None:
        """Say which extra to install.

        Raises:
            MissingExtra: the package is absent.
        """
        if self.package and importlib.util.find_spec(self.package) is None:
            raise MissingExtra(self.package, "web", purpose="the text of HTML pages")

    @property
    def version(self) -> str:
        """Version of the package: another one may find other text."""
        return version(self.package) if self.package and importlib.util.find_spec(self.package) else ""


class Resiliparse(_Extractor):
    """The main content by rules over class names and tags, written in C++.

    Attributes:
        main_content: leave menus, headers and footers out; all visible text otherwise.
        seconds: processor seconds that one page may take.
    """

    method: Literal["resiliparse"] = "resiliparse"
    main_content: bool = True

    @property
    def package(self) -> str:
        return "resiliparse"


class Trafilatura(_Extractor):
    """Main text by rules and, where they find little, by jusText and readability (Barbaresi, ACL 2021).

    Attributes:
        favour: leave doubtful parts out (`precision`), keep them (`recall`), or neither.
        tables: keep the text of tables.
        seconds: processor seconds that one page may take.
    """

    method: Literal["trafilatura"] = "trafilatura"
    favour: Literal["precision", "recall", "balance"] = "balance"
    tables: bool = True

    @property
    def package(self) -> str:
        return "trafilatura"


class Plain(_Extractor):
    """All visible text, menus included, by the standard library.

    Attributes:
        seconds: processor seconds that one page may take.
    """

    method: Literal["plain"] = "plain"


def _spelled_out(said: Any) -> Any:
    return {"method": said} if isinstance(said, str) else said


Extractor = Annotated[
    Annotated[Resiliparse | Trafilatura | Plain, Field(discriminator="method")],
    BeforeValidator(_spelled_out),
]
"""An extractor by name (`resiliparse`), or with its parameters (`{method: trafilatura, favour: recall}`)."""


class Page(NamedTuple):
    """What an extractor found.

    Attributes:
        text: a paragraph a line; empty where the page has none.
        title: the page's title.
        language: what the page says of itself (`<html lang>`), not understood and not believed.
        problem: why there is no text.
    """

    text: str
    title: str = ""
    language: str = ""
    problem: str = ""


class Extraction:
    """Extracts pages one after the other in a child process.

    The child ends with this object, and with this process however it ends. A page that takes more than its processor seconds,
    or that kills the child, is that page's fault alone: it gets a `problem`, and the next page a new child.

    Example:
        >>> with Extraction(Plain()) as extraction:
        ...     extraction.page("<html lang=bo><title>བོད་</title><p>བཀྲ་ཤིས།").text
        'བཀྲ་ཤིས།'
    """

    def __init__(self, extractor: Resiliparse | Trafilatura | Plain) -> None:
        self._extractor = extractor
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()

    def page(self, html: str) -> Page:
        """The text of one page.

        Raises:
            MissingExtra: the extractor's package is not installed.
        """
        self._extractor.must_be_installed()
        child = self._child or self._start()
        content = html.encode(errors="replace")
        try:
            assert child.stdin is not None
            child.stdin.write(len(content).to_bytes(8, "big") + content)
            child.stdin.flush()
            size = int.from_bytes(self._read(8, self._extractor.seconds * _WALL_PER_SECOND), "big")
            found = json.loads(self._read(size, 60))
        except (BrokenPipeError, EOFError, TimeoutError) as error:
            self._stop()
            late = isinstance(error, TimeoutError) or child.returncode == -signal.SIGXCPU
            reason = f"extraction took longer than {self._extractor.seconds} s" if late else "the extractor crashed"
            return Page("", problem=reason)
        return Page(**found)

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each), "OMP_NUM_THREADS": "1"}
        self._child = subprocess.Popen(
            [sys.executable, "-m", "panglot.corpus.reading.extraction_child", self._extractor.model_dump_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        try:
            self._read(1, _START_SECONDS)
        except (EOFError, TimeoutError):
            self._stop()
            raise RuntimeError(f"the process of {self._extractor.method} does not start") from None
        return self._child

    def _read(self, count: int, seconds: float) -> bytes:
        assert self._child is not None
        assert self._child.stdout is not None
        handle = self._child.stdout.fileno()
        until, found = time.monotonic() + seconds, bytearray()
        while len(found) < count:
            ready, _, _ = select.select([handle], [], [], max(until - time.monotonic(), 0))
            if not ready:
                raise TimeoutError
            piece = os.read(handle, min(count - len(found), 1 << 20))
            if not piece:
                raise EOFError
            found += piece
        return bytes(found)

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        for stream in (child.stdin, child.stdout):
            try:
                if stream is not None:
                    stream.close()
            except OSError:
                pass
        try:
            child.wait(0.5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
