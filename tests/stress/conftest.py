"""What the stress tests share: a summary of what was counted, and a disk that is easily filled."""

import os
import subprocess
from pathlib import Path

import pytest

SUMMARY = pytest.StashKey[list[str]]()


def pytest_configure(config):
    config.stash[SUMMARY] = []


def pytest_terminal_summary(terminalreporter, config):
    if config.stash[SUMMARY]:
        terminalreporter.section("counted")
        for line in config.stash[SUMMARY]:
            terminalreporter.write_line(line)


@pytest.fixture
def tell(request):
    """A function that adds a line to what is shown at the end."""
    return request.config.stash[SUMMARY].append


class SmallDisk:
    """A file system in memory that holds as much as one says."""

    def __init__(self, path: Path, megabytes: float):
        self.path = path
        self.mount("-t", "tmpfs", "-o", f"size={int(megabytes * 1024)}k", "tmpfs")

    def mount(self, *arguments: str) -> None:
        subprocess.run(["mount", *arguments, str(self.path)], check=True, capture_output=True, text=True)

    def enlarge(self, megabytes: float) -> None:
        self.mount("-o", f"remount,size={int(megabytes * 1024)}k")

    def unmount(self) -> None:
        subprocess.run(["umount", str(self.path)], check=True, capture_output=True)


@pytest.fixture
def small_disk(tmp_path):
    """A function: a SmallDisk of so many megabytes. Skipped where this user may not mount one."""
    disks = []

    def make(megabytes: float) -> SmallDisk:
        folder = tmp_path / f"disk-{len(disks)}"
        folder.mkdir()
        try:
            disks.append(SmallDisk(folder, megabytes))
        except FileNotFoundError:
            pytest.skip("there is no mount command here")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"user {os.getuid()} may not mount a tmpfs: {error.stderr.strip()}")
        return disks[-1]

    yield make
    for disk in disks:
        disk.unmount()
