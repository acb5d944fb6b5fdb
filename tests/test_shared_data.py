"""A shared server: thirty learners' processes, each of a user of its own, and one data folder that nobody may write.

As root (as in continuous integration) the processes change to users of their own, so that 555 and 444 are really
refused; otherwise they are the same user's, for whom they are refused as well.
"""

import importlib
import os
import shutil
import sys
import tempfile
import zipfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from conftest import PROJECT
from PIL import Image

from practicum import audit, cache, data

sys.path.append(str(PROJECT / "bench"))  # a folder of scripts, not a package
shared = importlib.import_module("shared_data")

pytestmark = pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="Linux")
MANY = 30
SIDE, IMAGES = 48, 300


@pytest.fixture
def room():
    """A folder that other users can enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def archive(room):
    """A data folder with an archive of three classes, not yet closed."""
    random = np.random.default_rng(0)
    (room / "data").mkdir()
    with zipfile.ZipFile(room / "data" / "photos.zip", "w") as file:
        for number in range(IMAGES):
            path = room / "one.png"
            Image.fromarray(random.integers(0, 256, (SIDE, SIDE, 3), np.uint8)).save(path)
            file.write(path, f"photos/class {number % 3}/{number}.png")
    path.unlink()
    (room / "data" / "photos.zip").chmod(0o444)
    return room / "data" / "photos.zip"


@pytest.fixture
def started():
    """A function that starts learners; whatever happens, none of them stays."""
    with ExitStack() as ends:

        def start(numbers, name, **more):
            learners = [shared.Learner(number, name, **more) for number in numbers]
            for learner in learners:
                ends.callback(learner.process.kill)
                ends.callback(learner.leave)
            return learners

        yield start


def facts(folder):
    return {
        str(path): (status.st_size, status.st_mtime_ns, status.st_mode)
        for path in (folder, *folder.rglob("*"))
        for status in (path.stat(),)
    }


def digest_here(name, monkeypatch, room, **environment):
    """What a process that is alone gets."""
    import hashlib

    monkeypatch.setenv("PRACTICUM_CACHE", str(room / "alone"))
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    dataset = data.load(name)
    digest = hashlib.sha256()
    for split in (dataset.train, dataset.validation, dataset.test):
        digest.update(split.labels)
        digest.update(np.ascontiguousarray(split.images))
    return digest.hexdigest()


def test_the_data_folder_is_really_closed_to_a_learner(archive, room, started):
    """Else the other tests would prove nothing: with the data folder as its cache, a learner is refused."""
    with shared.closed(archive.parent):
        (learner,) = started([0], archive, data=archive.parent, cache=archive.parent)
        assert shared.all_at_once([learner])[0]["error"].startswith("load: the cache folder ")


def test_thirty_with_a_cache_each(archive, room, started, monkeypatch):
    own = shared.for_all(room / "own")
    with shared.closed(archive.parent):
        before = facts(archive.parent)
        learners = [started([n], archive, data=archive.parent, cache=own / str(n))[0] for n in range(MANY)]
        found = shared.all_at_once(learners)
        assert facts(archive.parent) == before
    assert {one["digest"] for one in found} == {digest_here(archive, monkeypatch, room)}
    assert [len(one["decoded"]) for one in found] == [1] * MANY
    assert len({one["where"] for one in found}) == MANY


def test_thirty_with_one_cache_decode_once_and_share_the_memory(archive, room, started, monkeypatch):
    """They are the same user, as in containers with a common volume."""
    together = shared.shared_cache(room / "together")
    with shared.closed(archive.parent):
        before = facts(archive.parent)
        learners = started([0] * MANY, archive, data=archive.parent, cache=together)
        found = shared.all_at_once(learners)
        assert facts(archive.parent) == before
    assert {one["digest"] for one in found} == {digest_here(archive, monkeypatch, room)}
    assert sum(len(one["decoded"]) for one in found) == 1
    assert len({one["where"] for one in found}) == 1
    assert not list(together.rglob(f"{cache.BUILDING}*"))
    see_shared(learners, found)


def test_thirty_users_with_one_cache_get_the_same_images(archive, room, started, monkeypatch):
    """A user cannot hold another one's lock, so that several may decode; the first who is done stays, nobody fails."""
    together = shared.shared_cache(room / "together")
    with shared.closed(archive.parent):
        learners = started(range(MANY), archive, data=archive.parent, cache=together)
        found = shared.all_at_once(learners)
    assert {one["digest"] for one in found} == {digest_here(archive, monkeypatch, room)}
    assert len({one["where"] for one in found}) == 1
    assert not list(together.rglob(f"{cache.BUILDING}*"))
    see_shared(learners, found)


def test_thirty_find_the_decoded_images_in_the_data_folder(archive, room, started, monkeypatch):
    """A teacher decodes once, then closes the folder: nobody decodes, and own photos go into own caches."""
    wanted = digest_here(archive, monkeypatch, room)
    shared.fill(archive.parent, archive)
    own = shared.for_all(room / "own")
    with shared.closed(archive.parent):
        before = facts(archive.parent)
        learners = [started([n], archive, data=archive.parent, cache=own / str(n))[0] for n in range(MANY)]
        found = shared.all_at_once(learners)
        assert facts(archive.parent) == before
        assert {one["digest"] for one in found} == {wanted}
        assert sum(len(one["decoded"]) for one in found) == 0
        assert {Path(one["where"]).parent.parent for one in found} == {archive.parent / "decoded"}
        see_shared(learners, found)
        other = shutil.copy(archive, room / "mine.zip")
        (mine,) = started([3], other, data=archive.parent, cache=own / "3")
        (found,) = shared.all_at_once([mine])
        assert (found["digest"], len(found["decoded"])) == (wanted, 1)
        assert Path(found["where"]).is_relative_to(own / "3")


def see_shared(learners, found):
    """The pages of the images are in memory once: of a private copy, each process would have all of them for itself."""
    for learner, one in zip(learners, found, strict=True):
        parts = mapped(learner.process.pid, one["where"])
        assert parts["Rss"] >= parts["Size"] - 4096 * 2, "all of it was read"
        assert parts["Private_Dirty"] + parts["Private_Clean"] == 0, "and none of it is this process's alone"
        assert parts["Pss"] <= 1.1 * parts["Rss"] / len(learners) + 4096


def mapped(pid, where):
    """Bytes of the mapping of a file, as the kernel counts them."""
    counts: Counter[str] = Counter()
    inside = False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        name, *rest = line.split()
        if not name.endswith(":"):
            inside = line.endswith(where)
        elif inside and rest[-1:] == ["kB"]:
            counts[name[:-1]] += int(rest[0]) * 1024
    return counts


def test_one_that_is_killed_in_the_middle_leaves_the_others_working(archive, room, started, monkeypatch):
    together = shared.shared_cache(room / "together")
    with shared.closed(archive.parent):
        (killed,) = started([0], archive, data=archive.parent, cache=together, stop=True)
        others = started([0] * (MANY - 1), archive, data=archive.parent, cache=together)
        for learner in (killed, *others):
            assert learner.hears() == "ready"
        killed.go_on()
        assert killed.hears() == "in the middle", "it holds the lock, and half of its work is on the disk"
        for learner in others:
            learner.go_on()
        (left,) = together.rglob(f"{cache.BUILDING}*")
        assert (left / "train_images.npy").stat().st_size > SIDE * SIDE * 3 * IMAGES
        killed.process.kill()
        killed.process.wait()
        found = [shared.json.loads(learner.hears()) for learner in others]
    assert {one["digest"] for one in found} == {digest_here(archive, monkeypatch, room)}
    assert sum(len(one["decoded"]) for one in found) == 1
    assert list(together.rglob(f"{cache.BUILDING}*")) == [left], "until an hour has passed"
    for path in (left, *left.iterdir()):
        os.utime(path, (0, 0))
    cache._remove_leftovers(left.parent)
    assert not left.exists()


@pytest.mark.parametrize("name", ["fashion_mnist", "cats_vs_dogs"])
def test_thirty_load_a_published_dataset(name, shared_data, room, started):
    here = shared_data({"fashion_mnist": "fashion-mnist", "cats_vs_dogs": "cats-vs-dogs.tar"}[name])
    together = shared.shared_cache(room / "together")
    before = facts(here.parent)
    learners = started([0] * MANY, name, data=here.parent, cache=together)
    found = shared.all_at_once(learners)
    assert facts(here.parent) == before
    assert len({one["digest"] for one in found}) == 1
    assert sum(len(one["decoded"]) for one in found) == 1
    see_shared(learners, found)


# What of it can be seen in one process.


def test_what_is_decoded_is_as_open_as_other_new_files(photo_folder, monkeypatch, tmp_path):
    for mask, mode in ((0o022, 0o755), (0o002, 0o775), (0o077, 0o700)):
        monkeypatch.setenv("PRACTICUM_CACHE", str(tmp_path / f"{mask:o}"))
        before = os.umask(mask)
        try:
            data.load(photo_folder)
        finally:
            os.umask(before)
        (entry,) = (path for path in (tmp_path / f"{mask:o}" / "decoded").iterdir() if path.is_dir())
        assert entry.stat().st_mode & 0o777 == mode
        assert {path.stat().st_mode & 0o777 for path in entry.iterdir()} == {0o666 & ~mask}


def test_an_audit_is_found_in_the_data_folder_as_well(photo_folder, monkeypatch, tmp_path):
    monkeypatch.setenv("PRACTICUM_CACHE", str(tmp_path / "teacher"))
    wanted = audit.audit(photo_folder)
    monkeypatch.setenv("PRACTICUM_DATA", os.pathsep.join([str(tmp_path / "none"), str(tmp_path / "teacher")]))
    monkeypatch.setenv("PRACTICUM_CACHE", str(tmp_path / "learner"))
    assert audit.audit(photo_folder) == wanted
    assert not (tmp_path / "learner").exists()


def test_a_half_decoded_folder_in_the_data_folder_is_not_used(photo_folder, monkeypatch, tmp_path):
    monkeypatch.setenv("PRACTICUM_CACHE", str(tmp_path / "teacher"))
    data.load(photo_folder)
    (description,) = (tmp_path / "teacher").rglob("dataset.json")
    description.unlink()
    monkeypatch.setenv("PRACTICUM_DATA", str(tmp_path / "teacher"))
    monkeypatch.setenv("PRACTICUM_CACHE", str(tmp_path / "learner"))
    assert Path(data.load(photo_folder).train.images.filename).is_relative_to(tmp_path / "learner")
