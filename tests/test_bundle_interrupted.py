"""A bundle that was interrupted goes on; one that is damaged is told, and mended."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import small_course
from small_course import command, files_of, git, killed_when, needs_sh, start

from practicum.bundle import compare, sums
from practicum.bundle.course import open_course
from practicum.cli import main

index, course, made, slow_index = small_course.index, small_course.course, small_course.made, small_course.slow_index

# Interrupted -------------------------------------------------------------------------------------------------------


@needs_sh
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "Ctrl-C"])
def test_an_interrupted_bundling_goes_on_and_fetches_nothing_twice(course, tmp_path, slow_index, how):
    environment = {
        "PRACTICUM_OFFLINE": "0",
        "PIP_FIND_LINKS": slow_index.address,
        "PIP_NO_INDEX": "1",
        "PIP_NO_CACHE_DIR": "1",
    }
    words = ("--to", tmp_path / "b", "--course", course, "--no-data", "--json")
    child = command(*words, **environment)
    assert slow_index.at_it.wait(120)
    deadline = time.monotonic() + 60
    while len(list((tmp_path / "b/wheels").glob("*.whl"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    if how == signal.SIGKILL:
        os.killpg(child.pid, how)
    else:
        child.send_signal(how)
    out, err = child.communicate(timeout=60)
    if how == signal.SIGINT:
        assert child.returncode == 1
        assert "interrupted; what has come is kept, and the same command goes on from there" in err.splitlines()[-1]
    slow_index.release.set()
    before = files_of(tmp_path / "b")
    assert {"wheels/alpha-1.0-py3-none-any.whl", "wheels/jupyterlab-4.0-py3-none-any.whl", "UNFINISHED.txt"} <= set(
        before
    )
    assert not [name for name in before if name.startswith("wheels/beta")]
    assert (out, Path(f"{tmp_path}/b/SHA256SUMS").exists()) == ("", False)
    status, said = start(tmp_path / "b", tmp_path / "mine") if (tmp_path / "b/start.sh").exists() else (1, "")
    assert status == 1, said

    asked_before = len(slow_index.asked)
    out, err = (child := command(*words, **environment)).communicate(timeout=120)
    assert child.returncode == 0, err
    (beta,) = json.loads(out)["fetched"]
    assert beta.startswith("beta-2.0")
    assert slow_index.asked[asked_before:] == [beta]
    after = files_of(tmp_path / "b")
    kept = {name: file for name, file in before.items() if name.startswith(("course/", "wheels/"))}
    assert kept.items() <= after.items()  # not written again: the times are the same
    assert compare(tmp_path / "b").extra == ()
    assert not [name for name in after if name.startswith((".partial", "UNFINISHED"))]


@needs_sh
def test_killed_while_it_copies_it_goes_on_with_the_rest(course, tmp_path):
    for number in range(600):
        (course / "notebooks" / f"{number}.txt").write_text("x" * number)
    git(course, "add", ".")
    git(course, "commit", "--quiet", "-m", "many")
    words = ("--to", tmp_path / "b", "--course", course, "--no-data", "--json")
    there = tmp_path / "b" / "course" / "notebooks"
    killed_when(there, command(*words))
    before = files_of(tmp_path / "b" / "course")
    contents = {name: content for name, content, _ in open_course(course).files()}
    assert 100 <= len(before) < len(contents)
    assert all(content == contents[name] for name, (content, _) in before.items())  # whole files only
    out, err = (child := command(*words)).communicate(timeout=120)
    assert child.returncode == 0, err
    after = files_of(tmp_path / "b" / "course")
    assert before.items() <= after.items()
    assert json.loads(out)["written"] == len(contents) - len(before) + 6  # and the six files beside the course
    assert compare(tmp_path / "b").good


# Whole? ------------------------------------------------------------------------------------------------------------


def test_missing_changed_and_extra_files_are_named(made, capsys):
    folder = made()
    assert main(["workshop", "bundle", "--check", str(folder)]) == 0
    assert "all there and unchanged" in capsys.readouterr().out
    (folder / "course/notebooks/größe.txt").write_text("ö\n")
    (folder / "wheels/alpha-1.0-py3-none-any.whl").unlink()
    (folder / "game.exe").write_bytes(b"x")
    assert main(["workshop", "bundle", "--check", str(folder)]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "missing: wheels/alpha-1.0-py3-none-any.whl",
        "changed: course/notebooks/größe.txt",
        "extra: game.exe",
    ]
    assert "2 of" in said.err
    assert main(["workshop", "bundle", "--check", str(folder), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["missing"], found["extra"], found["good"]) == (
        ["wheels/alpha-1.0-py3-none-any.whl"],
        ["game.exe"],
        False,
    )


def test_making_it_again_mends_it(made, course):
    folder = made()
    (folder / "course/README.md").write_text("A source.\n")  # as long as before
    wheel = folder / "wheels/alpha-1.0-py3-none-any.whl"
    wheel.write_bytes(bytes(wheel.stat().st_size))
    assert compare(folder).changed == ("course/README.md", "wheels/alpha-1.0-py3-none-any.whl")
    made()
    assert compare(folder) == sums.Comparison(compare(folder).files, compare(folder).bytes, (), (), ())


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="there is no sha256sum here")
def test_sha256sum_reads_the_checksums(made):
    folder = made()
    check = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    assert subprocess.run(check, cwd=folder, capture_output=True, text=True, check=True).stdout == ""
    (folder / "course/README.md").write_text("damaged")
    done = subprocess.run(check, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, "course/README.md: FAILED" in done.stdout) == (1, True)


def test_what_is_no_bundle_is_said(tmp_path, capsys):
    assert main(["workshop", "bundle", "--check", str(tmp_path)]) == 2
    assert "is no bundle: it has no file SHA256SUMS" in capsys.readouterr().err
    (tmp_path / "SHA256SUMS").write_text("nonsense\n")
    assert main(["workshop", "bundle", "--check", str(tmp_path)]) == 2
    assert "is damaged ('nonsense')" in capsys.readouterr().err
