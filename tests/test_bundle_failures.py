"""What goes wrong when a bundle is made: each is said in one line, and nothing of others is touched."""

import subprocess
import sys

import pytest
import small_course
from conftest import PROJECT
from small_course import HERE, THIS, files_of, git, make_wheel

from practicum.bundle import compare, sums
from practicum.bundle.course import open_course
from practicum.cli import main

index, course, slow_index = small_course.index, small_course.course, small_course.slow_index


def failing(course, to, capsys, *words):
    status = main(["workshop", "bundle", "--to", str(to), "--course", str(course), "--no-data", *words])
    said = capsys.readouterr().err.strip().splitlines()[-1]
    return status, said.removeprefix("practicum: ")


def test_a_folder_that_holds_something_else_is_left_alone(course, tmp_path, capsys):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/cat.jpg").write_bytes(b"cat")
    status, said = failing(course, tmp_path / "photos", capsys)
    assert (status, "holds something else (cat.jpg). Nothing of it was touched" in said) == (2, True)
    assert list(files_of(tmp_path / "photos")) == ["cat.jpg"]


def test_a_fresh_stick_with_what_systems_put_there_is_empty(course, tmp_path, capsys):
    for name in ("System Volume Information/IndexerVolumeGuid", ".Trashes/._x", ".DS_Store"):
        (tmp_path / "usb" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "usb" / name).write_bytes(b"x")
    assert main(["workshop", "bundle", "--to", str(tmp_path / "usb"), "--course", str(course), "--no-data"]) == 0
    assert compare(tmp_path / "usb").extra == ()


@pytest.mark.parametrize("inside", [".", "build/bundle"])
def test_a_bundle_does_not_go_into_the_course(course, capsys, inside):
    before = files_of(course)
    status, said = failing(course, course / inside, capsys)
    assert (status, "is inside the course's folder" in said) == (2, True)
    assert files_of(course) == before


def test_a_file_in_place_of_the_folder_is_said(course, tmp_path, capsys):
    (tmp_path / "file").write_bytes(b"x")
    assert "is a file. Name a folder" in failing(course, tmp_path / "file", capsys)[1]
    status, said = failing(course, tmp_path / "file" / "b", capsys)
    assert (status, "cannot be used (Not a directory)" in said) == (1, True)


def test_without_git_a_checkout_is_an_error_of_one_line(course, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    status, said = failing(course, tmp_path / "b", capsys)
    assert (status, "is a git checkout, but git is not installed" in said) == (2, True)


def test_the_folder_of_something_else_is_not_the_course(tmp_path, capsys):
    status, said = failing(tmp_path, tmp_path.with_name("b"), capsys)
    assert (status, "it has no requirements.lock, pyproject.toml" in said) == (2, True)


def test_an_index_that_cannot_be_reached_is_said_and_what_is_there_stays(course, tmp_path, index, capsys, monkeypatch):
    for wheel in index.glob("beta-*"):
        wheel.rename(tmp_path / wheel.name)
    monkeypatch.setenv("PRACTICUM_OFFLINE", "0")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "http://127.0.0.1:9/more")
    monkeypatch.setenv("PIP_RETRIES", "0")
    status, said = failing(course, tmp_path / "b", capsys)
    assert status == 1
    assert f"pip could not reach the package index for beta 2.0 for {THIS}" in said
    assert "What has come is kept" in said
    assert (tmp_path / "b/UNFINISHED.txt").exists()
    with pytest.raises(sums.BundleError, match="is not finished"):
        compare(tmp_path / "b")
    # With the index back, the same command goes on.
    kept = files_of(tmp_path / "b/wheels") if (tmp_path / "b/wheels").exists() else {}
    for wheel in tmp_path.glob("beta-*"):
        wheel.rename(index / wheel.name)
    monkeypatch.setenv("PRACTICUM_OFFLINE", "1")
    assert main(["workshop", "bundle", "--to", str(tmp_path / "b"), "--course", str(course), "--no-data"]) == 0
    assert kept.items() <= files_of(tmp_path / "b/wheels").items()
    assert not (tmp_path / "b/UNFINISHED.txt").exists()
    assert not (tmp_path / "b/.partial").exists()


def test_offline_means_that_nothing_is_asked(course, tmp_path, index, slow_index, capsys, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", slow_index.address)
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", slow_index.address)
    (index / "alpha-1.0-py3-none-any.whl").unlink()
    assert "alpha 1.0 for" in (said := failing(course, tmp_path / "b", capsys)[1])
    assert "PRACTICUM_OFFLINE is set" in said
    assert slow_index.requests == []


def test_another_file_than_the_lock_names_is_not_taken(course, tmp_path, index, capsys):
    make_wheel(index, "alpha", "1.0", files={"alpha.py": "VALUE = 'bad'\n"})
    status, said = failing(course, tmp_path / "b", capsys)
    assert (status, "gave another file of alpha 1.0" in said) == (1, True)
    assert not list((tmp_path / "b").rglob("alpha*.whl"))


def test_a_python_without_wheels_is_named(course, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PRACTICUM_OFFLINE", "0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    other = "3.11" if HERE == "3.13" else "3.13"
    status, said = failing(course, tmp_path / "b", capsys, "--platform", "windows", "--python", other)
    assert (status, f"has no wheel of beta 2.0 for windows, Python {other}" in said) == (1, True)


def test_no_room_is_said_and_the_same_command_goes_on(course, tmp_path):
    """Files may have 100 kB at most here, as on a full disk; the course has a larger one."""
    (course / "notebooks/large.bin").write_bytes(bytes(300_000))
    git(course, "add", ".")
    git(course, "commit", "--quiet", "-m", "large")
    resource = pytest.importorskip("resource")
    words = [
        sys.executable,
        "-m",
        "practicum",
        "workshop",
        "bundle",
        "--to",
        tmp_path / "b",
        "--course",
        course,
        "--no-data",
    ]
    done = subprocess.run(
        words,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        check=False,
    )
    assert done.returncode == 1
    assert f"the folder {tmp_path / 'b'} has no room left. What is there is kept" in done.stderr.splitlines()[-1]
    before = files_of(tmp_path / "b/course")
    assert "notebooks/00_start_here.ipynb" in before
    assert "notebooks/large.bin" not in before
    assert subprocess.run(words, cwd=PROJECT, capture_output=True, check=False).returncode == 0
    assert before.items() <= files_of(tmp_path / "b/course").items()


def test_names_that_a_stick_cannot_have_are_refused(course, tmp_path, capsys):
    for name in ("a:b.txt", "aux.txt", "Readme.md", "README.MD"):
        (course / name).write_text("x")
    git(course, "add", ".")
    git(course, "commit", "--quiet", "-m", "names")
    status, said = failing(course, tmp_path / "b", capsys)
    assert status == 2
    assert "a:b.txt, aux.txt" in said
    assert "Readme.md beside" in said


def test_the_names_of_the_course_can_be_on_any_stick():
    sums.see_portable(name for name, _, _ in open_course(PROJECT).files())
