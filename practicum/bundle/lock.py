"""What requirements.lock says: which version of which package, for which machines, and the hashes of its files."""

import re
from dataclasses import dataclass
from pathlib import Path

from practicum.bundle.targets import Target

LOCK_FILE = "requirements.lock"
PIN = re.compile(
    r"(?P<name>[A-Za-z0-9_.-]+)==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>.*?))?(?P<hashes>(?:\s+--hash=\S+)+)"
)


@dataclass(frozen=True)
class Pin:
    """One line of the lock.

    name: as package indexes write it, in lower case with hyphens.
    hashes: SHA-256 of the files that will do, hexadecimal.
    """

    name: str
    version: str
    marker: str
    hashes: frozenset[str]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def line(self) -> str:
        """It, for pip. Without the marker: pip compares it with the machine that it runs on."""
        return " ".join((f"{self.name}=={self.version}", *(f"--hash=sha256:{each}" for each in sorted(self.hashes))))

    def is_for(self, target: Target) -> bool:
        """Whether machines of that kind need it, the ones with an old or with a new release of their Python."""
        from packaging.markers import Marker

        if not self.marker:
            return True
        marker = Marker(self.marker)
        return any(marker.evaluate(environment) for environment in target.environments())


def read_lock(path: Path) -> list[Pin]:
    """All lines of a lock.

    Raises:
        ValueError: a line is no version with hashes.
    """
    try:
        text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    except FileNotFoundError:
        raise ValueError(
            f"workshop bundle: there is no {path}; expected the folder of the whole course. Give it as --course."
        ) from None
    pins = []
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            found = PIN.fullmatch(line.strip())
            if not found:
                raise ValueError(
                    f"workshop bundle: {path} has a line that is no version with hashes: {line.strip()[:80]}"
                )
            name = re.sub(r"[-_.]+", "-", found["name"]).lower()
            hashes = frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", found["hashes"]))
            pins.append(Pin(name, found["version"], (found["marker"] or "").strip(), hashes))
    return pins
