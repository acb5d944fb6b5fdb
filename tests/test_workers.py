"""Threads or processes: which, and from when on."""

import io
import tarfile

import pytest
from joblib import Parallel, delayed

from practicum import workers


def tar_of(path, sizes, mode="w"):
    with tarfile.open(path, mode) as archive:
        for number, size in enumerate(sizes):
            member = tarfile.TarInfo(f"class/{number}.jpg")
            member.size = size
            archive.addfile(member, io.BytesIO(b"x" * size))
    return path


@pytest.mark.parametrize(
    ("files", "sizes", "expected"),
    [
        (4000, [11_999], True),
        (3999, [100], False),
        (4000, [12_000], False),
        (9000, [23_000, 900], True),
        (0, [], False),
    ],
)
def test_processes_are_for_many_small_files(files, sizes, expected):
    assert workers.worth_processes(files, sizes) is expected


@pytest.mark.parametrize(
    ("sizes", "mode", "expected"),
    [
        ([100] * 200, "w", True),
        ([100] * 60, "w", False),
        ([13_000] * 110, "w", False),
        ([100] * 200, "w:gz", False),
        ([], "w", False),
    ],
    ids=["many small ones", "too few", "too large", "packed as a whole", "empty"],
)
def test_what_an_archive_looks_like_from_its_first_files(tmp_path, monkeypatch, sizes, mode, expected):
    monkeypatch.setattr(workers, "PROCESSES_FROM", 100)
    assert workers._looks_worth_processes(tar_of(tmp_path / "x.tar", sizes, mode)) is expected


def test_whatever_is_no_archive_starts_nothing(tmp_path):
    (tmp_path / "text.tar").write_text("no archive " * 100)
    for path in (tmp_path, tmp_path / "text.tar", tmp_path / "missing.tar"):
        assert workers._looks_worth_processes(path) is False


def test_processes_that_start_early_are_those_that_work_and_an_error_waits_for_them(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "PROCESSES_FROM", 100)
    path = tar_of(tmp_path / "x.tar", [100] * 200)
    started = []
    processes = workers._processes
    monkeypatch.setattr(workers, "_processes", lambda: started.append(processes()) or started[-1])
    with pytest.raises(KeyError), workers.started_early(path):
        raise KeyError
    (early,) = started
    assert early.are_processes
    with workers.hired(in_processes=True) as later:
        assert later.executor is early.executor
        assert later.executor.submit(abs, -3).result() == 3
    with workers.started_early(tmp_path):
        pass
    assert len(started) == 2


def test_the_processes_are_not_those_of_joblib(tmp_path):
    """joblib.Parallel, which a sweep uses, takes a pool that others keep in the same place for its own, and fails."""
    decoding = workers._processes().executor
    assert Parallel(n_jobs=2)(delayed(abs)(number) for number in (-1, -2)) == [1, 2]
    assert workers._processes().executor is decoding
    assert decoding.submit(abs, -3).result() == 3
