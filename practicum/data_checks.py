"""What the doctor says of the datasets, and of the network that they can be fetched from."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from practicum.findings import BrokenError, Finding, in_words

NETWORK_SECONDS = 2.0
NETWORK_BYTES = 1_000_000  # at most, from each place
SLOW_MEGABYTES = 0.2  # a second: all datasets would take 22 minutes


def data() -> Finding:
    """The data that comes with the course, read as the notebooks read it."""
    from practicum.data import BUNDLED, PHOTOS, bundled_folder, load, photo

    advice = "fetch the course's folder again: its data/ is not whole"
    try:
        loaded = [f"{name}: {len(load(name).train):,} training images" for name in BUNDLED]
        for name in PHOTOS:
            photo(name)
    except Exception as error:
        raise BrokenError(in_words(error), advice) from error
    if not any((bundled_folder() / "models").glob("*.keras")):
        return Finding("data", "problem", f"{bundled_folder() / 'models'} holds no trained network", advice)
    return Finding("data", "ok", "; ".join(loaded))


def data_folders() -> Finding:
    from practicum.places import FINDABLE, search_path

    folders = search_path()
    absent = [str(folder) for folder in folders if not folder.is_dir()]
    if not folders:
        return Finding("data folders", "ok", "PRACTICUM_DATA is not set, and need not be")
    if absent:
        found = f"PRACTICUM_DATA names what is no folder: {', '.join(absent)}"
        return Finding("data folders", "warning", found, "name folders that are there, or unset PRACTICUM_DATA")
    if not any((folder / name).exists() for folder in folders for names in FINDABLE.values() for name in names):
        found = f"none of the datasets is in {', '.join(map(str, folders))}"
        advice = "python -m practicum fetch --all --to DIR puts them there, with the names that are looked for"
        return Finding("data folders", "warning", found, advice)
    return Finding("data folders", "ok", ", ".join(map(str, folders)))


def dataset(name: str) -> Finding:
    """Whether a dataset that is fetched is here. It need not be: no notebook fails without it."""
    from practicum import download, places

    published = download.DATASETS[name]
    path = places.find(name)
    if path is not None:
        files = [path] if path.is_file() else [path / file.name for file in published.files if published.folder]
        sizes = {file.name: file.size for file in published.files}
        wrong = [file.name for file in files if file.name in sizes and file.exists() and _differs(file, sizes)]
        if wrong:
            found = f"{path}: {wrong[0]} is not of the published size"
            return Finding(name, "warning", found, f"python -m practicum fetch {name} --to {path.parent}")
        return Finding(name, "ok", str(path))
    if (kept := download.fetched(name)) is not None:
        return Finding(name, "ok", f"in the cache, {kept}")
    size = sum(file.size for file in published.files) / 1e6
    if places.offline():
        return Finding(name, "ok", "not here, and not fetched while PRACTICUM_OFFLINE is set; no notebook fails for it")
    return Finding(name, "ok", f"not here; the {size:.0f} MB are fetched when they are asked for")


def _differs(file: Path, sizes: dict[str, int]) -> bool:
    return file.stat().st_size != sizes[file.name]


def network() -> Finding:
    """Whether the datasets can be fetched, and how fast; takes two seconds at most."""
    from practicum import download, places

    if places.offline():
        return Finding("network", "ok", "not looked at, because PRACTICUM_OFFLINE is set")
    addresses: dict[str, str] = {}  # by host
    for published in download.DATASETS.values():
        largest = max(published.files, key=lambda file: file.size)
        addresses.setdefault(largest.addresses[0].split("/")[2], largest.addresses[0])
    return reach(list(addresses.values()))


def reach(addresses: list[str]) -> Finding:
    """What a short download from each of these addresses says, all at the same time."""
    import httpx  # noqa: F401 (not within the time that is measured)

    with ThreadPoolExecutor(len(addresses)) as pool:
        answers = list(pool.map(_megabytes_a_second, addresses))
    hosts = [address.split("/")[2] for address in addresses]
    failed = [f"{host}: {answer}" for host, answer in zip(hosts, answers, strict=True) if isinstance(answer, str)]
    speeds = [answer for answer in answers if not isinstance(answer, str)]
    remedy = "the course needs no network; bring datasets on a stick: see python -m practicum fetch --help"
    if not speeds:
        return Finding("network", "warning", "; ".join(failed), remedy)
    speed = max(speeds)
    found = f"the datasets can be fetched, at about {speed:.1f} MB/s"
    if failed:
        return Finding("network", "warning", f"{found}; but {'; '.join(failed)}", remedy)
    if speed < SLOW_MEGABYTES:
        return Finding("network", "warning", f"slow: {speed * 1000:.0f} kB/s", remedy)
    return Finding("network", "ok", found)


def _megabytes_a_second(address: str) -> float | str:
    """How fast the first bytes of what is published there come; or why they do not."""
    from practicum.connection import Failure, Limits, get, refusal

    start = time.monotonic()
    limits = Limits(connect=1.4, silence=1.4, answer=1.4, window=0.5, slowest=1)
    received, first = 0, start
    try:
        with get(address, {"Range": f"bytes=0-{NETWORK_BYTES - 1}"}, limits) as (response, pieces):
            if response.status_code not in (200, 206):
                raise refusal(response)
            if response.headers.get("content-type", "").startswith("text/html"):
                raise Failure("answers with a web page; does the network ask to log in?")
            first = time.monotonic()
            for piece in pieces:
                received += len(piece)
                if received >= NETWORK_BYTES or time.monotonic() - start > NETWORK_SECONDS - limits.window:
                    break
    except Failure as failure:
        if not received:
            return str(failure)
    return received / 1e6 / max(time.monotonic() - first, 1e-3)
