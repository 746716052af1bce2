"""The sandbox against programs that want out of it."""

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from panglot.artifacts import InputError, PanglotError
from panglot.evaluation.running import sandbox
from panglot.evaluation.running.limits import Limits
from panglot.evaluation.running.sandbox import Inside, problem, run
from panglot.evaluation.running.toolchains import toolchain

pytestmark = pytest.mark.skipif(problem() is not None, reason=f"no sandbox: {problem()}")
SMALL = Limits(seconds=1, megabytes=256, processes=16, output=1, files=8)
MB = 1 << 20
DEAF = """
import signal
for each in range(1, 65):
    try:
        signal.signal(each, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
while True:
    pass
"""
HOARD = """
import os, time
for each in range(8):
    if os.fork() == 0:
        held = bytearray(60 << 20)
        time.sleep(60)
time.sleep(60)
"""


def python(source, *, limits=SMALL, **given):
    tool = toolchain("python")
    inside = Inside(files={"/box/main.py": source.encode()}, folders=tool.folders, **given)
    return run([tool.tool, "-I", "-S", "-B", "/box/main.py"], inside, limits=limits)


def said(source, **given):
    found = python(source, **given)
    assert found.stopped == "", found
    return found.output.decode().strip()


def test_the_home_folder_settings_and_data_are_not_there(tmp_path):
    mine = tmp_path / "secret.txt"
    mine.write_text("ራስ")
    paths = ["/etc/passwd", "/etc/shadow", str(mine), str(Path(__file__)), "/proc/1/root/etc/passwd"]
    assert (
        said(f"""
for path in {paths!r}:
    try:
        print(open(path).read()[:9])
    except OSError:
        pass
""")
        == ""
    )
    home = f"import os; print(os.listdir({str(Path.home())!r}) if os.path.exists({str(Path.home())!r}) else [])"
    found = python(home)
    # of a home that holds the interpreter the way to it is there, and nothing else may be listed
    seen = set(eval(found.output or "[]")) & set(os.listdir(Path.home()))
    assert seen <= {part for each in toolchain("python").folders for part in Path(each).parts}


def test_no_variable_of_this_environment_is_seen(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-geheim")
    looks = """
import os
print(dict(os.environ))
for number in ("self", "1"):
    try:
        print(open(f"/proc/{number}/environ").read())
    except PermissionError:
        pass
"""
    assert "geheim" not in said(looks) and "PATH" in said(looks)


def test_there_is_no_network():
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.5)
    reached = []

    def wait():
        try:
            reached.append(server.accept())
        except OSError:
            pass

    waiting = threading.Thread(target=wait)
    waiting.start()
    found = said(f"""
import socket
for place in [("127.0.0.1", {server.getsockname()[1]}), ("1.1.1.1", 53)]:
    try:
        socket.create_connection(place, timeout=1)
        print("reached")
    except OSError:
        print("refused")
""")
    server.close()
    waiting.join()
    assert found.split() == ["refused", "refused"] and not reached


def test_nothing_is_written_outside_the_work_folder(tmp_path):
    tried = [
        "/x",
        "/usr/x",
        "/usr/bin/python3",
        "/dev/x",
        "/dev/shm/x",
        "/proc/sysrq-trigger",
        "/proc/sys/kernel/core_pattern",
        str(tmp_path / "x"),
    ]
    tried += [f"{each}/x" for each in toolchain("python").folders]
    assert (
        said(f"""
for path in {tried!r}:
    try:
        open(path, "w").write("x")
        print(path)
    except OSError:
        pass
open("/box/fine", "w").write("x"); open("/tmp/fine", "w").write("x")
print("end")
""")
        == "end"
    )
    assert not list(tmp_path.iterdir())


def test_the_work_folder_is_bounded_and_new_each_time():
    fill = """
try:
    for number in range(99):
        open(f"/box/{number}", "wb").write(b"x" * (1 << 20))
except OSError as error:
    print(number, error.strerror)
"""
    number, words = said(fill).split(" ", 1)
    assert int(number) <= 8 and "space" in words
    assert said("import os; print(os.listdir('/box'))") == "['main.py']"


def test_no_privilege_is_left_and_none_can_be_had():
    status = said("print(open('/proc/self/status').read()); import os; print(os.getuid())").split("\n")
    fields = dict(line.split(":\t", 1) for line in status if ":\t" in line)
    assert fields["CapEff"].strip("0") == "" and fields["NoNewPrivs"] == "1"
    if os.geteuid() == 0:
        assert int(status[-1]) > 1_000_000_000


def test_only_its_own_processes_are_seen():
    assert len(said("import os; print(*[each for each in os.listdir('/proc') if each.isdigit()])").split()) <= 3


@pytest.mark.parametrize(
    ("source", "stopped"),
    [
        ("while True: pass", ""),
        (DEAF, ""),
        ("import time; time.sleep(60)", "time"),
        ("import os\nwhile True:\n  if os.fork(): os.wait()", ""),
        ("import sys\nwhile True: sys.stdout.write('ߊ' * 10000)", "output"),
        ("import sys\nwhile True: sys.stderr.write('ߊ' * 10000)", "output"),
        (HOARD, "memory"),
    ],
    ids=["loop", "loop that ignores signals", "sleep", "forks", "output", "errors", "memory of many"],
)  # fmt: skip
def test_limits_hold(source, stopped):
    found = python(source)
    assert found.status != 0 and found.seconds < SMALL.clock + 3
    assert found.stopped == stopped or (not stopped and found.stopped in ("time", "memory"))
    assert len(found.output) <= MB


def test_a_fork_bomb_meets_the_limit_of_processes():
    source = """
import os, time
made = 0
try:
    for each in range(100):
        if os.fork() == 0:
            time.sleep(9)
            os._exit(0)
        made += 1
except OSError:
    pass
print(made)
"""
    if os.geteuid() == 0:
        assert int(said(source)) < SMALL.processes
    else:
        assert int(said(source)) <= SMALL.processes


def test_one_process_cannot_have_more_memory_than_allowed():
    assert (
        said("""
try:
    held = bytearray(1 << 30)
except MemoryError:
    print("no")
""")
        == "no"
    )


def test_nothing_survives():
    source = """
import subprocess, os
subprocess.Popen(["sleep", "98765"], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv("/usr/bin/sleep", ["sleep", "98765"])
print("end")
"""
    assert set(said(source).split()) == {"end"}
    left = [each for each in Path("/proc").glob("[0-9]*/cmdline") if b"98765" in _read(each)]
    assert left == []


def test_it_dies_with_whoever_started_it():
    code = "from panglot.evaluation.running.sandbox import *; run(['sleep', '98764'], limits=Limits())"
    process = subprocess.Popen([sys.executable, "-c", code])
    assert _soon(lambda: _running(b"98764"), process)
    process.kill()
    process.wait()
    assert _soon(lambda: not _running(b"98764"))


def _soon(true, process=None):
    for _ in range(400):
        if true():
            return True
        if process is not None and process.poll() is not None:
            return False
        time.sleep(0.05)
    return False


def _running(mark):
    return any(_read(each).startswith(b"sleep\0" + mark) for each in Path("/proc").glob("[0-9]*/cmdline"))


def _read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_input_is_what_is_given_and_nothing_else():
    assert said("print(input(), input())", stdin="ቁጥር\n7\n".encode()) == "ቁጥር 7"
    assert python("input()").status == 1


def test_what_cannot_be_found_is_an_ended_command_and_not_a_sandbox_that_failed():
    found = run(["no-such-program"], limits=SMALL)
    assert found.status == 127 and found.stopped == ""


def test_a_sandbox_that_cannot_be_made_is_no_verdict(tmp_path):
    with pytest.raises(PanglotError, match="could not be made.*absent"):
        run(["true"], Inside(folders={"/absent": tmp_path / "absent"}), limits=SMALL)


def test_a_user_without_privileges_has_a_sandbox_too(monkeypatch):
    monkeypatch.setattr(sandbox, "_root", lambda: False)
    try:
        found = said("import os; print(os.path.exists('/etc/passwd'), os.path.exists('/box/main.py'))")
    except PanglotError as error:
        pytest.skip(f"no user namespaces: {error}")
    assert found == "False True"


def test_without_bubblewrap_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="bwrap is not installed") as error:
        run(["true"], limits=SMALL)
    assert "apt install bubblewrap" in error.value.fix
