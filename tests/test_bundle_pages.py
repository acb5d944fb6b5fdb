"""The course as pages in a bundle: what `make site` has built, to be read where there is no Python."""

import http.server
import json
import re
import shutil
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest
import small_course
from small_course import command, files_of, git, killed_when, needs_sh, start

from practicum.bundle import compare
from practicum.bundle.course import Course, built_pages
from practicum.bundle.wheels import Wheelhouse
from practicum.cli import main

index, course, made = small_course.index, small_course.course, small_course.made
MAKE = "make site first, and give the command again, to put the course in as pages too"


def build_site(course, **more):
    """In place of make site: pages of the notebooks that are there, in a new folder, with what more is given."""
    folder = course / "build" / "site"
    shutil.rmtree(folder, ignore_errors=True)
    (course / ".git/info/exclude").write_text("/build/\n")  # as the real one's .gitignore has it
    pages = {"index.html": '<a href="00.html">00</a>', "00.html": "zero", "solutions/00.html": "solved"}
    for name, text in {**pages, ".built": "", **{name.replace("__", "/"): text for name, text in more.items()}}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for path in (course / "notebooks").rglob("*.ipynb"):
        copy = folder / path.relative_to(course)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    return folder


@pytest.fixture
def bundle(course, tmp_path, capsys):
    """A function: give the command, which must end well; gives what it printed."""

    def run(*words, ending=0):
        capsys.readouterr()
        command = ["workshop", "bundle", "--to", str(tmp_path / "b"), "--course", str(course), "--no-data", *words]
        assert main(command) == ending
        return capsys.readouterr().out

    return run


def site_of(folder):
    return {name.removeprefix("site/") for name in files_of(folder) if name.startswith("site/")}


# There, or not -----------------------------------------------------------------------------------------------------


def test_pages_are_put_in_with_checksums(bundle, course, tmp_path):
    build_site(course)
    (course / "build/site/.DS_Store").write_bytes(b"x")
    said = json.loads(bundle("--json"))
    assert (said["site"], said["site_advice"]) == ("site/index.html", "")
    wanted = {"index.html", "00.html", "solutions/00.html", "notebooks/00_start_here.ipynb"}
    assert site_of(tmp_path / "b") == wanted
    sums = (tmp_path / "b/SHA256SUMS").read_text()
    assert all(f"  site/{name}\n" in sums for name in wanted)
    assert said["sizes"]["site"] == sum((course / "build/site" / name).stat().st_size for name in wanted)
    readme = (tmp_path / "b/README.txt").read_text()
    assert "\n\nNo Python? Open site/index.html in a browser" in readme
    assert re.search(r"^  site +0\.\d kB    the course as pages", readme, re.M)
    assert "/site/\n\nIs it whole?" in readme
    assert max(map(len, readme.splitlines())) <= 120
    assert json.loads((tmp_path / "b/bundle.json").read_text())["site"] == "site/index.html"
    assert compare(tmp_path / "b").extra == ()
    before = files_of(tmp_path / "b")
    assert "kB, the course as pages: site/index.html" in bundle()
    assert files_of(tmp_path / "b") == before  # nothing is written a second time


def test_without_pages_the_command_says_how_to_get_them_and_goes_on(bundle, course, tmp_path):
    assert f"site: none; {MAKE}\n" in bundle()
    assert json.loads((tmp_path / "b/bundle.json").read_text())["site"] is None
    readme = (tmp_path / "b/README.txt").read_text()
    assert "site" not in readme
    assert "opens the course.\n\nYou need" in readme
    assert "what it serves.\n\nIs it whole?" in readme
    build_site(course)
    bundle()
    assert "index.html" in site_of(tmp_path / "b")


@pytest.mark.parametrize("lacking", [".built", "index.html"])
def test_half_a_site_is_not_put_in(bundle, course, tmp_path, lacking):
    (build_site(course) / lacking).unlink()
    assert f"site: none; build/site is not whole, it has no {lacking}: {MAKE}" in bundle()
    assert site_of(tmp_path / "b") == set()
    build_site(course)
    bundle()
    (course / "build/site" / lacking).unlink()
    assert f"they are of an earlier call: build/site is not whole, it has no {lacking}: {MAKE}" in bundle()
    assert "index.html" in site_of(tmp_path / "b")


def test_a_site_that_is_built_anew_while_it_is_read_is_not_put_in(course, monkeypatch):
    folder = build_site(course)
    whole = Course.files

    def files(self):
        build_site(course, new__page="x")
        yield from whole(self)

    monkeypatch.setattr(Course, "files", files)
    found = built_pages(course)
    assert (found.files, "built anew while it was read: give the command again" in found.advice) == ({}, True)
    monkeypatch.setattr(Course, "files", lambda self: shutil.rmtree(folder) or whole(self))
    assert "built anew while it was read" in built_pages(course).advice


def test_no_site_leaves_it_out_and_does_not_speak_of_it(bundle, course, tmp_path):
    build_site(course)
    assert "site:" not in bundle("--no-site")
    assert site_of(tmp_path / "b") == set()
    bundle()
    there = site_of(tmp_path / "b")
    bundle("--no-site")  # as with data, what an earlier call has put there stays
    assert site_of(tmp_path / "b") == there != set()
    assert compare(tmp_path / "b").good


def test_names_of_pages_that_a_stick_cannot_have_are_refused(course, tmp_path, capsys):
    build_site(course, **{"aux.html": "x", "Index.html": "x"})
    assert main(["workshop", "bundle", "--to", str(tmp_path / "b"), "--course", str(course), "--no-data"]) == 2
    said = capsys.readouterr().err
    assert "cannot be on a USB stick or on Windows" in said
    assert "build/site/aux.html, " in said
    assert "beside build/site/" in said


# Built anew --------------------------------------------------------------------------------------------------------


def test_old_pages_go_and_what_is_foreign_stays_and_is_named(bundle, course, tmp_path):
    build_site(course, old__page="old", **{"written into.html": "old"})
    bundle()
    (tmp_path / "b/site/written into.html").write_text("old, and notes")
    assert (tmp_path / "b/site/old/page").exists()
    (tmp_path / "b/site/game.html").write_text("a stranger's")
    build_site(course, new__page="new", **{"00.html": "zero, again"})
    bundle()
    assert not (tmp_path / "b/site/old").exists()  # nor its folder
    assert (tmp_path / "b/site/00.html").read_text() == "zero, again"
    assert (tmp_path / "b/site/new/page").exists()
    assert compare(tmp_path / "b").extra == ("site/game.html", "site/written into.html")
    assert compare(tmp_path / "b").good


def test_where_capitals_are_not_told_apart_the_new_page_is_not_taken_for_the_old(bundle, course, tmp_path, monkeypatch):
    """As on a FAT stick, where both names are one file; a file system here says so of any two."""
    build_site(course, **{"Page.html": "page"})
    bundle()
    build_site(course, **{"page.html": "page"})
    with monkeypatch.context() as stick:
        stick.setattr(Path, "samefile", lambda one, other: True)
        bundle()
    assert {"Page.html", "page.html"} <= site_of(tmp_path / "b")
    assert compare(tmp_path / "b").good


def test_pages_without_a_site_on_this_machine_are_kept(bundle, course, tmp_path):
    build_site(course)
    bundle()
    shutil.rmtree(course / "build")
    assert json.loads(bundle("--json"))["site"] == "site/index.html"
    assert compare(tmp_path / "b").good
    (tmp_path / "b/site/00.html").write_text("harmed")
    (tmp_path / "b/site/solutions/00.html").unlink()
    assert "2 of the pages are damaged (00.html, solutions/00.html): make site, and give the command again" in bundle()
    assert compare(tmp_path / "b").changed == ("site/00.html",)
    assert compare(tmp_path / "b").missing == ("site/solutions/00.html",)
    build_site(course)
    bundle()
    assert compare(tmp_path / "b").good
    shutil.rmtree(course / "build")
    shutil.rmtree(tmp_path / "b/site")  # who throws them away does not want them
    assert f"site: none; {MAKE}" in bundle()
    assert compare(tmp_path / "b").missing == ()


def test_pages_of_other_notebooks_are_told(bundle, course, tmp_path):
    site = build_site(course)
    (site / "notebooks/00_start_here.ipynb").write_bytes(b"{}\r\n")  # only the line ends of another system
    assert "other notebooks" not in bundle()
    (course / "notebooks/00_start_here.ipynb").write_text('{"a": 1}\n')
    (course / "notebooks/01_more.ipynb").write_text("{}\n")
    git(course, "add", ".")
    git(course, "commit", "--quiet", "-m", "newer notebooks")
    said = " ".join(bundle().split())
    told = "the pages are of other notebooks than the course here (00_start_here.ipynb, 01_more.ipynb): "
    assert f"{told}make site anew, and give the command again" in said
    assert "index.html" in site_of(tmp_path / "b")
    build_site(course)
    assert "other notebooks" not in bundle()
    # Not committed: then building anew alone would not help.
    (course / "notebooks/00_start_here.ipynb").write_text('{"a": 2}\n')
    build_site(course)
    assert "(00_start_here.ipynb): commit your changes or put them aside, then make site anew" in bundle()


# Interrupted -------------------------------------------------------------------------------------------------------


@needs_sh
def test_killed_among_the_pages_it_goes_on_and_forgets_none(course, tmp_path):
    """And the site is built anew in between, with other pages: those of the first attempt are known as its own."""
    many = {f"pictures__{number}.txt": "x" * number for number in range(600)}
    build_site(course, **many)
    words = ("--to", tmp_path / "b", "--course", course, "--no-data", "--json")
    there = tmp_path / "b" / "site" / "pictures"
    killed_when(there, command(*words))
    assert 100 <= len(list(there.iterdir())) < 600
    assert (tmp_path / "b/UNFINISHED.txt").exists()
    status, said = start(tmp_path / "b", tmp_path / "mine") if (tmp_path / "b/start.sh").exists() else (1, "")
    assert status == 1, said
    (tmp_path / "b/site/stranger.html").write_text("x")

    with (tmp_path / "b/.partial/put").open("a") as noted:
        noted.write("0" * 64 + "  half a li")  # as a kill may leave it
    build_site(course, pictures__new="new")
    out, err = (child := command(*words)).communicate(timeout=120)
    assert child.returncode == 0, err
    assert json.loads(out)["site"] == "site/index.html"
    assert [path.name for path in there.iterdir()] == ["new"]
    assert compare(tmp_path / "b").extra == ("site/stranger.html",)
    assert not (tmp_path / "b/.partial").exists()


def test_pages_of_an_interrupted_call_go_if_there_is_no_site_any_more(bundle, course, tmp_path, monkeypatch):
    build_site(course)
    with monkeypatch.context() as broken:
        broken.setattr(Wheelhouse, "fill", lambda *given: (_ for _ in ()).throw(OSError(28, "No space left")))
        bundle(ending=1)
    assert "index.html" in site_of(tmp_path / "b")
    shutil.rmtree(course / "build")
    bundle()
    assert site_of(tmp_path / "b") == set()
    assert not (tmp_path / "b/site").exists()


# In the room -------------------------------------------------------------------------------------------------------


@needs_sh
def test_the_start_leaves_the_pages_where_they_are(made, course, tmp_path):
    build_site(course)
    folder, mine = made(), tmp_path / "mine"
    status, said = start(folder, mine, "--no-lab")
    assert status == 0, said
    assert "To read the course meanwhile" not in said
    assert not (mine / "site").exists()
    assert not [name for name in files_of(mine) if name.endswith("index.html") and ".venv" not in name]
    (mine / "ill").touch()
    status, said = start(folder, mine)
    assert (status, f"without Python, open {folder}/site/index.html" in said) == (1, True)


@needs_sh
def test_a_machine_without_python_is_shown_the_pages(made, course, tmp_path):
    folder = made()
    (tmp_path / "empty").mkdir()
    without = {"path": str(tmp_path / "empty"), "PYTHON": ""}
    assert "To read the course" not in start(folder, tmp_path / "mine", **without)[1]
    build_site(course)
    folder = made()
    status, said = start(folder, tmp_path / "mine", **without)
    assert (status, f"without Python, open {folder}/site/index.html" in said) == (1, True)
    facts = json.loads((folder / "bundle.json").read_text())
    facts["targets"] = [{**facts["targets"][0], "python": "3.99"}]
    (folder / "bundle.json").write_text(json.dumps(facts))
    done = subprocess.run([sys.executable, folder / "start.py"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1].endswith("site/index.html")) == (1, True)


@pytest.mark.skipif(not shutil.which("wget"), reason="there is no wget here")
def test_wget_as_readme_gives_it_brings_the_pages(made, course, tmp_path):
    """Python's server shows site/index.html in place of a list of what is in site, so every page must be linked."""
    build_site(course, **{"index.html": '<a href="00.html">0</a> <a href="solutions/00.html">1</a>'})
    folder = made()
    (words,) = re.findall(
        r"^ +(wget .*) http://TEACHER:8000/NAME-OF-THIS-FOLDER/$", (folder / "README.txt").read_text(), re.M
    )

    class Silent(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *words):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=folder.parent)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/{folder.name}/"
        subprocess.run([*words.split(), "--quiet", "--no-proxy", address], cwd=tmp_path, check=True, timeout=60)
        server.shutdown()
    found = compare(tmp_path / folder.name)
    assert found.changed == ()
    assert set(found.missing) == {"site/notebooks/00_start_here.ipynb"}  # which these small pages do not link
    assert {name.rpartition("/")[2] for name in found.extra} == {"index.html"}
