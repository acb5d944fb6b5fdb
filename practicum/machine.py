"""What this computer has: cores, memory, instructions, GPUs. Asking does not load Keras."""

import contextlib
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path


def usable_cores() -> int:
    """How many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def several_processes() -> bool:
    """Whether the environment says that this process is one of several that are to train together."""
    number = os.environ.get("KERAS_DISTRIBUTION_NUM_PROCESSES", "1")
    return number != "1"  # what is no number at all is refused by those who read it


def memory_limit() -> int | None:
    """The most memory that this process can ever have for computing on the CPU, in bytes; None if it is not known."""
    limits = []
    with contextlib.suppress(OSError, ValueError, KeyError):
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
        sizes = {name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines)}
        limits.append(sizes["MemTotal"] + sizes["SwapTotal"])
    with contextlib.suppress(OSError, ValueError):  # the limit of a container; the word "max" if it has none
        limits.append(int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="utf-8")))
    with contextlib.suppress(ImportError):  # no such module on Windows
        import resource

        soft = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA)]
        limits += [limit for limit in soft if limit != resource.RLIM_INFINITY]
    return min(limits, default=None)


@cache
def processor_features() -> frozenset[str]:
    """What the processor's instructions are called in /proc/cpuinfo; empty where there is no such file."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    return frozenset(word for line in lines if line.startswith("flags") for word in line.split())


def nvidia_gpus() -> list[str]:
    """NVIDIA GPUs that the driver knows of, whether or not the backend can use them."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        answer = subprocess.run(
            [program, "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [line.strip() for line in answer.stdout.splitlines() if line.strip()] if answer.returncode == 0 else []
