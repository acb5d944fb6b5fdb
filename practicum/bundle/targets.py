"""For which machines a bundle has packages: their names, what pip calls them, which lines of the lock are for them."""

import difflib
import platform
import re
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass

NAMES = {
    # what a teacher calls it: the newest platform of pip's that such a machine has
    "linux": "manylinux_2_28_x86_64",
    "linux-arm": "manylinux_2_28_aarch64",
    "macos-arm": "macosx_12_0_arm64",
    "windows": "win_amd64",
}
NO_TENSORFLOW = re.compile(
    r"macos-intel|macosx_\d+_\d+_(x86_64|intel)|windows-arm|win_arm64|win32|musllinux_\w+|\w+_i686"
)
PYTHONS = ("3.11", "3.12", "3.13")
OLD_MANYLINUX = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
LAST_MICRO = 99  # stands for the latest 3.11.x, 3.12.x, …


@dataclass(frozen=True, order=True)
class Target:
    """A kind of machine.

    platform: what pip calls it, such as "win_amd64".
    python: "3.11", "3.12", …
    """

    platform: str
    python: str

    @property
    def name(self) -> str:
        """Such as "windows", or pip's word where it is none that has a name."""
        return next((name for name, platform in NAMES.items() if platform == self.platform), self.platform)

    def __str__(self) -> str:
        return f"{self.name}, Python {self.python}"

    @property
    def platforms(self) -> list[str]:
        """All that pip is to take, best first.

        Example:
            >>> Target("manylinux_2_17_x86_64", "3.12").platforms[:2]
            ['manylinux_2_17_x86_64', 'manylinux2014_x86_64']
        """
        found = re.fullmatch(r"manylinux_2_(\d+)_(\w+)", self.platform)
        if not found:
            return [self.platform]
        newest, machine = int(found[1]), found[2]
        names: list[str] = []
        for minor in range(newest, 4, -1):
            names.append(f"manylinux_2_{minor}_{machine}")
            names += [f"{OLD_MANYLINUX[minor]}_{machine}"] if minor in OLD_MANYLINUX else []
        return [*names, f"linux_{machine}"]

    def facts(self) -> dict[str, str]:
        """What start.py compares with the machine that it runs on."""
        return {"name": self.name, "platform": self.platform, "python": self.python}

    def environments(self) -> Iterator[dict[str, str]]:
        """What markers are compared with: the first and the last Python of its version, which may differ."""
        arm = self.platform.endswith(("arm64", "aarch64"))
        if self.platform.startswith("win"):
            words = {
                "sys_platform": "win32",
                "os_name": "nt",
                "platform_system": "Windows",
                "platform_machine": "AMD64",
            }
        elif self.platform.startswith("macosx"):
            words = {"sys_platform": "darwin", "os_name": "posix", "platform_system": "Darwin"}
            words["platform_machine"] = "arm64" if arm else "x86_64"
        else:
            words = {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux"}
            words["platform_machine"] = "aarch64" if arm else "x86_64"
        for micro in (0, LAST_MICRO):
            version = f"{self.python}.{micro}"
            yield {
                **words,
                "python_version": self.python,
                "python_full_version": version,
                "implementation_name": "cpython",
                "implementation_version": version,
                "platform_python_implementation": "CPython",
                "platform_release": "",
                "platform_version": "",
                "extra": "",
            }


def targets_of(platforms: list[str], pythons: list[str]) -> list[Target]:
    """Each platform with each Python; by default this machine's.

    Args:
        platforms: names (windows), pip's words (win_amd64), or "this".
        pythons: such as "3.12".

    Raises:
        ValueError: no such platform or Python, or one that the course cannot run on.

    Example:
        >>> [str(target) for target in targets_of(["windows"], ["3.12", "3.13"])]
        ['windows, Python 3.12', 'windows, Python 3.13']
    """
    chosen = [_python(word) for word in pythons] or [_python(f"{sys.version_info[0]}.{sys.version_info[1]}")]
    found = [_platform(word) for word in platforms] or [_platform("this")]
    return list(dict.fromkeys(Target(one, python) for one in found for python in chosen))


def _python(word: str) -> str:
    if word not in PYTHONS:
        raise ValueError(
            f"workshop bundle: --python {word} is none of those that the course runs on: {', '.join(PYTHONS)}."
        )
    return word


def _platform(word: str) -> str:
    asked = word.strip().lower()
    if asked == "this":
        asked = this_platform()
    if NO_TENSORFLOW.fullmatch(asked):
        raise ValueError(
            f"workshop bundle: there is no TensorFlow for {word} in the course's version, so such a machine cannot run "
            f"the course; its owner can use Colab, or sit with a neighbour. Known: {', '.join(NAMES)}."
        )
    if asked in NAMES:
        return NAMES[asked]
    asked = re.sub(r"^manylinux2014", "manylinux_2_17", asked)
    if re.fullmatch(r"win_amd64|macosx_\d+_\d+_arm64|manylinux_2_\d+_(x86_64|aarch64)", asked):
        return asked
    close = difflib.get_close_matches(asked, NAMES, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    raise ValueError(
        f"workshop bundle: --platform {word} is not known.{hint} Names: {', '.join(NAMES)}, this; or a word of pip's, "
        "such as win_amd64."
    )


def this_platform() -> str:
    """The name of this machine's platform, or pip's word where it has none."""
    system, machine = sys.platform, platform.machine().lower()
    arm = machine in ("arm64", "aarch64")
    if system == "win32":
        return "windows" if sysconfig.get_platform() == "win-amd64" else sysconfig.get_platform().replace("-", "_")
    if system == "darwin":
        return "macos-arm" if arm else "macos-intel"
    if system == "linux" and (arm or machine in ("x86_64", "amd64")):
        if "musl" in str(sysconfig.get_config_var("HOST_GNU_TYPE")):
            return f"musllinux_1_2_{machine}"
        return "linux-arm" if arm else "linux"
    return f"{system}_{machine}"
