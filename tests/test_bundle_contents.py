"""What is in a bundle, and for which machines."""

import ast
import json
import os
import shutil
import subprocess

import pytest
import small_course
from conftest import PROJECT
from small_course import HERE, LAB_PAGE, THIS, files_of, git, make_wheel

from practicum.bundle import compare, make_bundle, sums
from practicum.bundle.course import open_course
from practicum.bundle.lock import read_lock
from practicum.bundle.targets import NAMES, Target, targets_of
from practicum.bundle.wheels import Wheelhouse, installed_size
from practicum.cli import main

index, course, made = small_course.index, small_course.course, small_course.made

# What is in it -----------------------------------------------------------------------------------------------------


def test_a_bundle_has_the_course_its_packages_and_a_way_to_start(made, course, index):
    folder = made()
    files = set(files_of(folder))
    in_commit = subprocess.run(
        ["git", "-C", str(course), "ls-files", "-z"], capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert {name for name in files if name.startswith("course/")} == {
        f"course/{n}" for n in in_commit.stdout.split("\0") if n
    }
    wheels = {name.removeprefix("wheels/") for name in files if name.startswith("wheels/")}
    (pip,) = (name for name in wheels if name.startswith("pip-"))
    assert wheels - {pip} == {
        p.name for p in index.glob("*.whl") if not p.name.startswith("gamma") and "win" not in p.name
    }
    others = {name for name in files if "/" not in name}
    assert others == {"README.txt", "SHA256SUMS", "bundle.json", "start.bat", "start.py", "start.sh"}
    facts = json.loads((folder / "bundle.json").read_text())
    assert facts["targets"][0]["platform"] == THIS.platform
    assert facts["targets"][0]["installed_bytes"] > 100
    assert facts["commit"] == open_course(course).commit
    assert b"\r\n" in (folder / "start.bat").read_bytes()
    assert b"\r\n" not in (folder / "start.sh").read_bytes()
    assert os.access(folder / "start.sh", os.X_OK)


def test_what_is_made_again_is_not_touched(made, course, capsys):
    folder = made()
    before = files_of(folder)
    capsys.readouterr()
    assert main(["workshop", "bundle", "--to", str(folder), "--course", str(course), "--no-data", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["fetched"], said["written"]) == ([], 0)
    assert said["targets"] == [THIS.facts()]
    assert files_of(folder) == before


def test_what_has_changed_is_brought_and_what_is_gone_is_removed(made, course):
    folder = made()
    (folder / "my notes.txt").write_text("mine")
    (course / "README.md").write_text("Another.\n")
    git(course, "rm", "--quiet", "LICENSE")
    git(course, "commit", "--quiet", "-am", "changed")
    made()
    assert (folder / "course/README.md").read_text() == "Another.\n"
    assert not (folder / "course/LICENSE").exists()
    assert (folder / "my notes.txt").read_text() == "mine"
    assert compare(folder).extra == ("my notes.txt",)


def test_changes_since_the_commit_are_named_and_not_in_it(course, tmp_path, capsys):
    (course / "README.md").write_text("Not yet.\n")
    (course / "notebooks/new one.txt").write_text("x")
    words = ["workshop", "bundle", "--to", str(tmp_path / "b"), "--course", str(course), "--no-data"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "changes since the commit in 2 of the files here (README.md, notebooks/new one.txt)" in said
    assert (tmp_path / "b/course/README.md").read_text() == "A course.\n"
    assert not (tmp_path / "b/course/notebooks/new one.txt").exists()
    assert "later changes in 2 file(s)" in " ".join((tmp_path / "b/README.txt").read_text().split())


def test_a_folder_that_is_no_checkout_is_taken_as_it_is(made, course):
    shutil.rmtree(course / ".git")
    for name in (
        "runs/a/x",
        ".venv/y",
        "practicum/__pycache__/z.pyc",
        "x.egg-info/w",
        "notebooks/.ipynb_checkpoints/v",
    ):
        (course / name).parent.mkdir(parents=True)
        (course / name).write_text("x")
    (course / "notebooks" / "runs").mkdir()
    (course / "notebooks" / "runs" / "kept.txt").write_text("x")
    folder = made()
    names = {name.removeprefix("course/") for name in files_of(folder) if name.startswith("course/")}
    assert "notebooks/runs/kept.txt" in names
    assert names - {"notebooks/runs/kept.txt"} == {
        *("pyproject.toml", "backend.py", "README.md", "LICENSE", "practicum/__init__.py", "practicum/__main__.py"),
        *("notebooks/00_start_here.ipynb", "notebooks/größe.txt", "requirements.lock", LAB_PAGE),
    }
    assert json.loads((folder / "bundle.json").read_text())["commit"] is None


def test_data_is_copied_from_where_it_is_and_what_is_absent_is_named(course, tmp_path, monkeypatch, capsys):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/cats-vs-dogs.tar").write_bytes(b"photos")
    monkeypatch.setenv("PRACTICUM_DATA", str(tmp_path / "data"))
    words = ["workshop", "bundle", "--to", str(tmp_path / "b"), "--course", str(course)]
    assert main([*words, "--json"]) == 1
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert found["datasets"] == {"cats_vs_dogs": "datasets/cats-vs-dogs.tar"}
    assert set(found["absent"]) == {"cifar10", "fashion_mnist"}
    assert "PRACTICUM_OFFLINE is set" in found["absent"]["cifar10"]
    *why, last = said.err.strip().splitlines()[-3:]
    assert [line.split(":")[1].strip() for line in why] == list(found["absent"])
    assert "lacks data; the same command tries again" in last
    assert "cifar-10-binary.tar.gz and fashion-mnist in PRACTICUM_DATA" in last
    assert "bundled dataset" not in said.err  # that would be the way out of who wants to train, not of who packs
    assert (tmp_path / "b/datasets/cats-vs-dogs.tar").read_bytes() == b"photos"
    assert "CIFAR-10" in (tmp_path / "b/README.txt").read_text()
    assert compare(tmp_path / "b").good
    monkeypatch.delenv("PRACTICUM_DATA")
    assert main([*words, "--no-data"]) == 0  # what an earlier call has brought stays
    assert "No notebook needs them" in capsys.readouterr().out
    assert (tmp_path / "b/datasets/cats-vs-dogs.tar").exists()


def test_published_files_are_copied_whole(course, tmp_path, shared_data, monkeypatch):
    monkeypatch.setenv("PRACTICUM_DATA", str(shared_data("fashion-mnist").parent))
    made = make_bundle(tmp_path / "b", course=course, platforms=[], pythons=[])
    assert made.datasets["fashion_mnist"] == "datasets/fashion-mnist"
    names = {path.name for path in (tmp_path / "b/datasets/fashion-mnist").iterdir()}
    assert names == {f"{a}-{b}-ubyte.gz" for a in ("train", "t10k") for b in ("images-idx3", "labels-idx1")}
    assert compare(tmp_path / "b").extra == ()


# For which machines ------------------------------------------------------------------------------------------------


def test_further_platforms_are_added_and_share_what_they_can(made, course, tmp_path, capsys):
    folder = made()
    before = files_of(folder / "wheels")
    words = ["workshop", "bundle", "--to", str(folder), "--course", str(course), "--no-data", "--json"]
    assert main([*words, "--platform", "windows", "--python", "3.12"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["fetched"] == ["beta-2.0-cp312-cp312-win_amd64.whl", "gamma-3.0-py3-none-any.whl"]
    assert {(each["name"], each["python"]) for each in said["targets"]} == {(THIS.name, HERE), ("windows", "3.12")}
    assert before.items() <= files_of(folder / "wheels").items()
    assert compare(folder) == sums.Comparison(compare(folder).files, compare(folder).bytes, (), (), ())


def test_what_two_platforms_share_is_fetched_once(course, tmp_path):
    made = make_bundle(tmp_path / "b", course=course, platforms=["this", "windows"], pythons=[HERE], data=False)
    assert sorted(made.fetched) == sorted(set(made.fetched))
    assert len([name for name in made.fetched if name.startswith("alpha")]) == 1


def test_each_platform_gets_the_lines_of_the_lock_that_are_for_it():
    pins = read_lock(PROJECT / "requirements.lock")

    def names(platform, python):
        return {f"{pin.name} {pin.version}" for pin in pins if pin.is_for(Target(NAMES[platform], python))}

    alike = set.intersection(*(names(platform, "3.12") for platform in NAMES))
    assert len(alike) > 90
    only = {platform: {each.split()[0] for each in names(platform, "3.12") - alike} for platform in NAMES}
    assert only == {
        "linux": {"pexpect", "ptyprocess"},
        "linux-arm": {"pexpect", "ptyprocess"},
        "macos-arm": {"pexpect", "ptyprocess", "appnope"},
        "windows": {"colorama", "pywinpty"},
    }
    two = [each for each in names("linux", "3.11") if each.startswith("soupsieve")]
    one = [each for each in names("linux", "3.12") if each.startswith("soupsieve")]
    assert (len(two), len(one)) == (2, 1)  # 3.11.0 to 3.11.4 need another than 3.11.5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--platform", "windws"], "--platform windws is not known. Did you mean windows?"),
        (["--platform", "macos-intel"], "there is no TensorFlow for macos-intel"),
        (["--platform", "macosx_11_0_x86_64"], "there is no TensorFlow for macosx_11_0_x86_64"),
        (["--python", "3.14"], "--python 3.14 is none of those that the course runs on: 3.11, 3.12, 3.13"),
    ],
)
def test_a_machine_that_cannot_run_the_course_is_refused(course, tmp_path, capsys, words, message):
    assert main(["workshop", "bundle", "--to", str(tmp_path / "b"), "--course", str(course), *words]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "b").exists()


def test_words_of_pip_are_taken():
    assert [each.name for each in targets_of(["win_amd64", "this"], [HERE])] == ["windows", THIS.name]
    assert targets_of(["manylinux2014_x86_64"], ["3.12"]) == [Target("manylinux_2_17_x86_64", "3.12")]
    assert "manylinux_2_18_x86_64" not in targets_of(["manylinux2014_x86_64"], ["3.12"])[0].platforms


# Small parts -------------------------------------------------------------------------------------------------------


def test_whole_wheels_that_a_killed_process_left_are_kept(made, course):
    folder = made()
    pins = read_lock(course / "requirements.lock")
    (wheel,) = (folder / "wheels").glob("alpha-*")
    left = folder / ".partial" / "wheel-x"
    left.mkdir(parents=True)
    wheel.rename(left / wheel.name)
    (left / "half.whl").write_bytes(b"half")
    house = Wheelhouse(folder, pins)
    assert wheel.name in house.hashes
    assert wheel.exists()
    assert not (folder / "wheels" / "half.whl").exists()
    assert not left.exists()


def test_what_wheels_take_once_unpacked(tmp_path):
    path = make_wheel(tmp_path, "alpha", "1.0", files={"a/very/long/path/indeed/that/is/longer.py": "x" * 1000})
    size, longest = installed_size(tmp_path, [path.name])
    assert (size > 1000, longest) == (True, len("a/very/long/path/indeed/that/is/longer.py"))


def test_a_lock_without_hashes_is_refused(tmp_path):
    (tmp_path / "requirements.lock").write_text("alpha==1.0\n")
    with pytest.raises(ValueError, match=r"a line that is no version with hashes: alpha==1\.0"):
        read_lock(tmp_path / "requirements.lock")


def test_the_start_script_can_be_read_by_old_pythons():
    """So that an old Python can say that it is too old."""
    ast.parse((PROJECT / "practicum/static/bundle/start.py").read_text(encoding="utf-8"), feature_version=(3, 7))
