"""Runs in the sandbox, around a program that a model wrote: `python checker.py SECRET REPORT`, numbers of file handles.

It runs `solution.py`, then `tests.py` in the same module, and only when the tests have ended as they should does it read the
secret and write it to the report. So neither an early exit nor anything printed is a pass. It imports nothing of Panglot.
"""

import os
import sys
import types

_MOST = 300


def check(folder: str, secret: int, report: int) -> None:
    """Run the program and its tests, say what came of them, and end the process."""
    # what the program could replace is looked up before it runs
    run, compiled, leave, read, write = exec, compile, os._exit, os.read, os.write
    failed, memory, recursion, ended = AssertionError, MemoryError, RecursionError, SystemExit
    every, name_of, text_of = BaseException, type, str
    builtins = vars(sys.modules["builtins"])
    usual = dict(builtins)
    module = types.ModuleType("solution")
    sys.modules["solution"] = module
    names = vars(module)
    codes = []
    for name in ("solution.py", "tests.py"):
        with open(f"{folder}/{name}", encoding="utf-8") as stream:
            codes.append(stream.read())
    tests = compiled(codes[1], "tests.py", "exec")
    found, detail = "error", ""
    try:
        run(compiled(codes[0], "solution.py", "exec"), names)
        builtins.clear()
        builtins.update(usual)
        run(tests, names)
        found = ""
    except failed as error:
        found, detail = "failed", text_of(error)
    except memory:
        found = "memory"
    except ended:
        found = "exited"
    except every as error:
        found, detail = ("error", "RecursionError") if isinstance(error, recursion) else ("error", name_of(error).__name__)
        if not isinstance(error, recursion):
            try:
                detail = f"{detail}: {error}"
            except every:
                pass
    try:
        sys.stdout.flush()
    except every:
        pass
    said = read(secret, _MOST) if not found else f"{found} {detail}".encode("utf-8", "replace")[:_MOST]
    write(report, said)
    leave(1 if found else 0)


if __name__ == "__main__":
    sys.path.append("/checker/packages")
    check("/checker", int(sys.argv[1]), int(sys.argv[2]))
