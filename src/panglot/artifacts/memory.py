"""Peak memory of a stretch of work."""

import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")


def reset_peak_memory() -> bool:
    """Start a new peak from here (Linux only). False where the system cannot: the peak is then the process's."""
    try:
        _RESET.write_text("5")
    except OSError:
        return False
    return True


def peak_memory_bytes() -> int:
    """Largest resident memory of this process, in bytes, since the last reset."""
    try:
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
