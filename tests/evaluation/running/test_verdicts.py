"""Verdicts that cannot be had by an early exit or a word, and programs in several languages."""

import pytest

from panglot.artifacts import InputError
from panglot.evaluation import tasks
from panglot.evaluation.running.limits import Limits
from panglot.evaluation.running.sandbox import problem
from panglot.evaluation.running.solutions import Judged
from panglot.evaluation.running.toolchains import LANGUAGES, missing, programming_language, toolchain
from panglot.evaluation.running.verdicts import Case, Program, cases_of, equal_output, judge

needs_sandbox = pytest.mark.skipif(problem() is not None, reason=f"no sandbox: {problem()}")
LIMITS = Limits(seconds=2, megabytes=512)
GOOD = "def twice(x):\n    return x + x\n"
TESTS = "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate('ሀ') == 'ሀሀ', 'ግዕዝ'\n\ncheck(twice)\n"


def kind(source, tests=TESTS):
    return judge(Program(source, tests=tests), LIMITS).kind


@needs_sandbox
def test_right_and_wrong():
    assert kind(GOOD) == "passed"
    assert judge(Program("def twice(x):\n    return 4\n", tests=TESTS), LIMITS).detail == "ግዕዝ"
    assert kind("def twice(x): return 4") == "failed"
    assert kind("") == "none"
    assert kind("def twice(x) return") == "error"
    assert kind("def thrice(x): return x") == "error"
    assert kind("\ud800") == kind("x = \0") == kind("(" * 10_000) == "error"


@needs_sandbox
@pytest.mark.parametrize(
    "source",
    [
        "import sys\nsys.exit(0)",
        "import os\nos._exit(0)",
        "import os\nos.execv('/usr/bin/true', ['true'])",
        "def twice(x):\n    raise SystemExit(0)",
        "def twice(x):\n    import os\n    os._exit(0)",
        "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)",
        "import threading, os\nthreading.Thread(target=lambda: os._exit(0)).start()\nwhile True: pass",
        "print('passed'); print('OK'); print('1 passed in 0.01s')",
        "import os\nfor number in range(3, 20):\n    try: os.write(number, b'passed')\n    except OSError: pass\nos._exit(0)",
        "import builtins\nbuiltins.exec = builtins.compile = lambda *a: None",
        "import builtins\nbuiltins.AssertionError = KeyError\ndef twice(x): return 0",
        "import os\nos.read = lambda *a: b'passed'\nos._exit = lambda status: None",
        "import sys\nsys.modules['solution'] = None\nsys.excepthook = lambda *a: None\ndef twice(x): return 0",
        "import atexit, os\natexit.register(os._exit, 0)\ndef twice(x): return 0",
        "def check(candidate): pass\ndef twice(x): return 0",
        "import os\nif os.fork():\n    os._exit(0)",
        "import sys\nsys.setrecursionlimit(60)\ndef twice(x): return twice(x)",
    ],
)
def test_a_pass_is_not_forged(source):
    assert kind(source) != "passed"


@needs_sandbox
def test_a_replaced_function_does_not_last_into_the_tests():
    source = "import builtins\nbuiltins.abs = lambda x: 0\nbuiltins.all = lambda x: True\ndef far(): return 9\n"
    assert kind(source, "assert abs(far()) < 1e-6") == "failed"
    assert kind(source, "assert all([far() == 8])") == "failed"


@needs_sandbox
def test_what_honest_programs_do_is_no_fault():
    assert kind(GOOD + "if __name__ == '__main__':\n    raise SystemExit(1)\n") == "passed"
    held = "from dataclasses import dataclass\n@dataclass\nclass Pair:\n    one: 'int'\n"
    assert kind(held, "assert Pair(1) == Pair(1)") == "passed"
    assert kind(GOOD + "import tempfile\ntempfile.mkdtemp()\nprint('ሰላም' * 100)\n") == "passed"
    assert kind("def near(x): return x + 1e-9", "import numpy as np\nassert np.allclose(near(1.0), 1)") == "passed"


@needs_sandbox
def test_what_stopped_it_is_told():
    limits = Limits(seconds=1, megabytes=128)
    assert judge(Program("while True: pass", tests=TESTS), limits).kind == "time"
    assert judge(Program("held = [0] * 10**9", tests=TESTS), limits).kind == "memory"
    assert judge(Program("while True: print('x' * 10**5)", tests=TESTS), limits).kind == "output"


@needs_sandbox
@pytest.mark.parametrize("tag", ["tha_Thai", "arb_Arab", "zho_Hans", "eng_Latn"])
def test_the_solutions_of_the_small_programs_pass_and_an_empty_body_does_not(tag):
    for item in tasks.find("small-programs").items(tag).items:
        how = Judged.of(item.fields, item.id)
        assert judge(how.program(item.references[0]), LIMITS).kind == "passed", item.id
        assert judge(how.program("    return None\n"), LIMITS).kind != "passed", item.id


DOUBLED = {
    "python": "print(int(input()) * 2)",
    "c": '#include <stdio.h>\nint main() { int a; scanf("%d", &a); printf("%d\\n", a * 2); return 0; }',
    "c++": "#include <iostream>\nint main() { int a; std::cin >> a; std::cout << a * 2; }",
    "java": (
        "import java.util.*;\nclass Helper {}\npublic class Zweifach { public static void main(String[] a) {"
        " System.out.println(new Scanner(System.in).nextInt() * 2); } }"
    ),
    "javascript": "console.log(2 * parseInt(require('fs').readFileSync(0, 'utf8')))",
    "rust": (
        "use std::io;\nfn main() { let mut s = String::new(); io::stdin().read_line(&mut s).unwrap();"
        ' println!("{}", 2 * s.trim().parse::<i64>().unwrap()); }'
    ),
    "go": 'package main\nimport "fmt"\nfunc main() { var a int; fmt.Scan(&a); fmt.Println(a * 2) }',
    "perl": 'my $a = <STDIN>; print $a * 2, "\\n";',
    "ruby": "puts gets.to_i * 2",
    "php": "<?php echo intval(fgets(STDIN)) * 2;",
    "kotlin": "fun main() { println(readLine()!!.trim().toInt() * 2) }",
    "c#": "using System; class P { static void Main() { Console.WriteLine(int.Parse(Console.ReadLine()) * 2); } }",
    "d": "import std.stdio, std.string, std.conv; void main() { writeln(readln().strip().to!int * 2); }",
    "delphi": "var a: integer; begin readln(a); writeln(a * 2); end.",
}


@needs_sandbox
@pytest.mark.parametrize("name", list(LANGUAGES))
def test_programs_of_each_language_read_and_write(name):
    if lacks := missing(LANGUAGES[name]):
        pytest.skip(f"{name}: this machine lacks {lacks}")
    limits = Limits(seconds=5)
    cases = (Case("21\n", ("42",)), Case("-4\n", ("8", "-8")))
    wrong = judge(Program(DOUBLED[name], name, cases=(*cases, Case("1\n", ("3",)))), limits)
    assert (wrong.kind, wrong.detail) == ("failed", "case 3 of 3")


@needs_sandbox
@pytest.mark.skipif(bool(missing(LANGUAGES["c"])), reason="this machine has no gcc")
def test_what_does_not_compile_says_why():
    found = judge(Program("int main( {", "C", cases=(Case("", ("",)),)), LIMITS)
    assert found.kind == "compile" and "main.c:1" in found.detail
    looping = '#include "/dev/zero"\nint main() {}'
    assert judge(Program(looping, "C", cases=(Case("", ("",)),)), Limits(compiling=2)).kind == "compile"


def test_every_language_is_known_by_what_data_sets_write():
    written = {
        "GNU C++0x": "c++", "MS C++ 2017": "c++", "Clang++17 Diagnostics": "c++", ".NET Core C#": "c#", "Java 11": "java",
        "Node.js": "javascript", "JavaScript": "javascript", "GNU C11": "c", "C": "c", "PyPy 3": "python", "Python 2": "python",
        "dmd 2.105.0 win32": "d", "D": "d", "Delphi7 win32": "delphi", "Perl v5.20.3": "perl", "Go": "go", "Kotlin": "kotlin",
    }  # fmt: skip
    assert {each: programming_language(each).name for each in written} == written
    for unknown in ("COBOL", "", "Cython", "Javanese"):
        with pytest.raises(InputError, match="no programs of the language"):
            programming_language(unknown)


def test_a_missing_toolchain_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    toolchain.cache_clear()
    try:
        with pytest.raises(InputError, match="java need java, javac"):
            toolchain("java")
    finally:
        toolchain.cache_clear()


@pytest.mark.parametrize("place", ["bin", ".local/bin"])
def test_a_tool_in_the_home_folder_does_not_show_it(monkeypatch, tmp_path, place):
    tool = tmp_path / place / "ruby"
    tool.parent.mkdir(parents=True)
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tool.parent))
    assert "of its own" in missing(LANGUAGES["ruby"])
    toolchain.cache_clear()
    with pytest.raises(InputError, match="ruby need"):
        toolchain("ruby")
    own = tmp_path / "ruby-3.3" / "bin" / "ruby"
    own.parent.mkdir(parents=True)
    tool.rename(own)
    monkeypatch.setenv("PATH", str(own.parent))
    assert toolchain("ruby").folders == {str(own.parent.parent): own.parent.parent}
    toolchain.cache_clear()


def test_outputs_are_compared_by_line():
    assert equal_output("1\r\n2 \n\n", ["1\n2"])
    assert not equal_output("1 2", ["1\n2"]) and not equal_output("\n1", ["1"]) and not equal_output("", ["0"])


@pytest.mark.parametrize(
    "said", ["", "[]", "[1]", "[{'input': 1}]", "__import__('os')", "[{'input': open, 'output': 1}]", "[" * 5000]
)
def test_cases_that_are_none_are_refused(said):
    with pytest.raises(InputError, match="no list of objects"):
        cases_of(said, "item 0")
