"""Fixtures for all rooms."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# tests run beside one another, and threads of one that wait for a core in a loop take it from the others
os.environ.setdefault("OMP_NUM_THREADS", "1")

# who runs the tests in the background ignores Ctrl-C, and so would every process that they start
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# a slow machine is no defect: no example has a time limit
settings.register_profile("panglot", deadline=None)
settings.load_profile("panglot")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: at the end one of them would keep a worker while the others have nothing to do."""
    slow = {each.path for each in items if each.get_closest_marker("slow")}
    items.sort(key=lambda each: each.path not in slow)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data that lies beside a checkout, `../shared/data`; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("PANGLOT_SHARED", Path(__file__).resolve().parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the shared data folder is absent")
    return folder
