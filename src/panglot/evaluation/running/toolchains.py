"""Programming languages: how their programs are compiled and run, and whether this machine has what that takes."""

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from panglot.artifacts import InputError, did_you_mean

PYTHON = "python"


@dataclass(frozen=True)
class ProgrammingLanguage:
    """A row of the table.

    Attributes:
        name: lower case.
        aliases: what data sets call it, in lower case; versions behind a blank need not be named.
        file: what the source is called; `{class}` is the class that holds Java's `main`.
        compile: command, empty where there is none. `{file}`, `{class}` and `{tool}` are filled in.
        run: command.
        tool: the program that must be there, which `{tool}` stands for.
        more: further programs that must be there.
        variables: of the environment.
        settings: what it reads of `/etc`, of which the sandbox shows nothing else, as patterns.
        address_space: whether addresses can be limited; see `Inside`.
    """

    name: str
    tool: str
    file: str
    run: str
    compile: str = ""
    aliases: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    settings: tuple[str, ...] = ()
    address_space: bool = True


_JVM = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xss64m -Xmx{megabytes}m"
_ROWS = (
    ProgrammingLanguage(PYTHON, "python", "main.py", "{tool} -I -S -B -X utf8 {file}", aliases=("python3", "pypy")),
    ProgrammingLanguage("c", "gcc", "main.c", "./main", "{tool} -O2 -std=gnu17 -w -o main {file} -lm", aliases=("gnu c",)),
    ProgrammingLanguage(
        "c++", "g++", "main.cpp", "./main", "{tool} -O2 -std=gnu++17 -w -o main {file}",
        aliases=("cpp", "gnu c++", "ms c++", "clang++"),
    ),
    ProgrammingLanguage(
        "java", "java", "{class}.java", f"{{tool}} {_JVM} -cp . {{class}}", "javac -encoding UTF-8 -nowarn -d . {file}",
        more=("javac",), settings=("java-*-openjdk",), address_space=False,
    ),
    ProgrammingLanguage(
        "javascript", "node", "main.js", "{tool} --max-old-space-size={megabytes} {file}", aliases=("js", "node.js", "nodejs"),
        address_space=False,
    ),
    ProgrammingLanguage(
        "rust", "rustc", "main.rs", "./main", "{tool} -O --edition 2021 -A warnings -C linker=gcc -o main {file}",
        more=("gcc",),
    ),
    ProgrammingLanguage(
        "go", "go", "main.go", "./main", "{tool} build -o main {file}", aliases=("golang",), address_space=False,
        variables=(("GOCACHE", "/box/.cache"), ("GO111MODULE", "off"), ("GOPATH", "/box/.go")),
    ),
    ProgrammingLanguage("perl", "perl", "main.pl", "{tool} {file}"),
    ProgrammingLanguage("ruby", "ruby", "main.rb", "{tool} --disable-gems {file}"),
    ProgrammingLanguage("php", "php", "main.php", "{tool} -n -d display_errors=stderr {file}"),
    ProgrammingLanguage(
        "kotlin", "kotlinc", "main.kt", f"java {_JVM} -jar main.jar", "{tool} {file} -nowarn -include-runtime -d main.jar",
        more=("java",), address_space=False,
    ),
    ProgrammingLanguage(
        "c#", "mcs", "main.cs", "mono main.exe", "{tool} -nologo -warn:0 -out:main.exe {file}", more=("mono",),
        aliases=("csharp", "mono c#", "ms c#", ".net core c#"), settings=("mono",), address_space=False,
    ),
    ProgrammingLanguage("d", "gdc", "main.d", "./main", "{tool} -O2 -o main {file}", aliases=("dmd",)),
    ProgrammingLanguage(
        "delphi", "fpc", "main.pas", "./main", "{tool} -Mdelphi -O2 -v0 -omain {file}", aliases=("pascal", "delphi7"),
        settings=("fpc*.cfg",),
    ),
)  # fmt: skip
LANGUAGES: Mapping[str, ProgrammingLanguage] = {each.name: each for each in _ROWS}
_MAIN = re.compile(r"\bstatic\s+(?:final\s+)?void\s+main\b|\bvoid\s+main\s*\(")
_VERSION = re.compile(r"\s*v?\d.*")
_CLASS = re.compile(r"\bclass\s+(\w+)")
_PUBLIC = re.compile(r"\bpublic\s+(?:final\s+|abstract\s+)*class\s+(\w+)")


@dataclass(frozen=True)
class Toolchain:
    """A language whose programs run here.

    Attributes:
        language: the row of the table.
        tool: path of its program, in the sandbox as on this machine.
        folders: folders beside `/usr` that the sandbox has to show.
    """

    language: ProgrammingLanguage
    tool: str
    folders: Mapping[str, Path]

    def commands(self, source: str, megabytes: int) -> tuple[str, list[str], list[str]]:
        """Name of the file, command that compiles it (empty where nothing does), command that runs it."""
        own = self.language
        words = {"tool": self.tool, "class": main_class(source), "megabytes": str(megabytes)}
        file = own.file.format(**words)
        words["file"] = file
        return file, _resolved(own.compile.format(**words)), _resolved(own.run.format(**words))


def _resolved(command: str) -> list[str]:
    """A command, its program by its real path."""
    words = command.split()
    path = shutil.which(words[0]) if words and "/" not in words[0] else None
    return words if path is None else [str(Path(path).resolve()), *words[1:]]


def programming_language(said: str) -> ProgrammingLanguage:
    """A programming language as data sets write it.

    Raises:
        InputError: it is not in the table.

    Example:
        >>> [programming_language(each).name for each in ("GNU C++17", "Python 3", "Node.js", "C#")]
        ['c++', 'python', 'javascript', 'c#']
    """
    low = said.strip().lower()
    for each in _ROWS:
        if low in (each.name, *each.aliases):
            return each
    # "Java 11", "GNU C++17 (64)": a version behind the name; of names that begin alike the longest
    starts = [
        (len(name), each)
        for each in _ROWS
        for name in (each.name, *each.aliases)
        if low.startswith(name) and _VERSION.fullmatch(low[len(name) :])
    ]
    if not starts:
        raise InputError(
            f"no programs of the language {said!r} can be run",
            fix=did_you_mean(low, LANGUAGES) or f"known: {', '.join(LANGUAGES)}",
        )
    return max(starts, key=lambda found: found[0])[1]


def main_class(source: str) -> str:
    """The class of a Java program that its file is called by: the public one, else that which holds `main`.

    Example:
        >>> main_class("class Zwei {}\\nclass Eins { public static void main(String[] a) {} }")
        'Eins'
    """
    if found := _PUBLIC.search(source):
        return found[1]
    place = _MAIN.search(source)
    classes = [each[1] for each in _CLASS.finditer(source) if place is None or each.start() < place.start()]
    return classes[-1] if classes else "Main"


def missing(language: ProgrammingLanguage) -> str:
    """What this machine lacks to run programs of a language; empty where it lacks nothing."""
    tools = () if language.name == PYTHON else (language.tool, *language.more)
    if lacks := ", ".join(each for each in tools if shutil.which(each) is None):
        return lacks
    # what would show the home folder is not taken
    private = [each for each in tools if (folder := _prefix(Path(shutil.which(each) or each))) and is_private(folder)]
    return ", ".join(f"a {each} that lies in a folder of its own" for each in private)


def _prefix(tool: Path) -> Path | None:
    """The folder that a program belongs to, as a whole; None below /usr, which is shown anyway."""
    real = tool.resolve()
    if str(real).startswith(("/usr/", "/bin/")) or real.parent.name != "bin":
        return None
    return real.parent.parent


def is_private(folder: Path) -> bool:
    """Whether a folder holds a person's own things, so that no program may see it: home, what is above it, and `.local`.

    Example:
        >>> is_private(Path.home()), is_private(Path("/")), is_private(Path.home() / ".pyenv" / "versions" / "3.12")
        (True, True, False)
    """
    try:
        home = Path.home().resolve()
    except RuntimeError:
        # a user without a home has nothing there
        return folder.resolve() == Path("/")
    return home.is_relative_to(folder.resolve()) or folder.resolve() == home / ".local"


@cache
def toolchain(name: str) -> Toolchain:
    """What runs programs of a language here.

    Raises:
        InputError: no such language, or its compiler or interpreter is not on this machine.
    """
    language = programming_language(name)
    if lacks := missing(language):
        raise InputError(f"programs in {language.name} need {lacks}, which this machine lacks", fix="install it")
    if language.name == PYTHON:
        return Toolchain(language, *_this_python())
    tool = shutil.which(language.tool)
    assert tool is not None
    if language.name == "rust":
        return Toolchain(language, *_rust(tool))
    real = Path(tool).resolve()
    folders = {str(each): each for each in _settings(language)}
    if (prefix := _prefix(real)) is not None:
        folders[str(prefix)] = prefix
    return Toolchain(language, str(real), folders)


def _settings(language: ProgrammingLanguage) -> list[Path]:
    return sorted(each for pattern in language.settings for each in Path("/etc").glob(pattern))


def _rust(tool: str) -> tuple[str, dict[str, Path]]:
    # rustup's rustc chooses the compiler by files of the home folder, which the sandbox does not show
    said = subprocess.run([tool, "--print", "sysroot"], capture_output=True, text=True, check=False).stdout.strip()
    if not said or said == "/usr":
        return tool, {}
    return f"{said}/bin/rustc", {said: Path(said)}


def _this_python() -> tuple[str, dict[str, Path]]:
    """The interpreter that runs this, without its packages."""
    base = Path(sys.base_prefix)
    tool = base / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    if not tool.is_file():
        tool = Path(sys.executable).resolve()
    if is_private(base):
        raise InputError(f"Python lies in {base}, which no program may see", fix="run Panglot by another Python")
    return str(tool), {} if str(base) == "/usr" or str(base).startswith("/usr/") else {str(base): base}


@cache
def numpy_folders() -> Mapping[str, Path]:
    """Where the tests of EvalPlus find numpy, by the path in the sandbox; the only package that programs have."""
    spec = importlib.util.find_spec("numpy")
    if spec is None or not spec.submodule_search_locations:
        return {}
    own = Path(spec.submodule_search_locations[0])
    found = [own, own.with_name("numpy.libs")]
    return {f"/checker/packages/{each.name}": each for each in found if each.is_dir()}
