"""The doctor on broken machines: real processes, real faults. It names the fault and nothing else, and never fails.

Most need no TensorFlow to show their fault; there a keras that cannot be imported stands in the way, which saves the
seconds of loading it and is a second fault at the same time.
"""

import ast
import contextlib
import json
import os
import pty
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import PROJECT

from practicum.doctor import GROUPS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits, mounts and links are Linux's")
NAMES = [name for names in GROUPS.values() for name in names]
# What these find is this machine's own affair, and no test here is about it unless it says so.
OF_THE_MACHINE = {"cores", "memory", "disk", "browser"}
SITE = Path(pytest.__file__).resolve().parent.parent
BASE_PYTHON = os.path.realpath(sys.executable)  # with -S it sees no packages but those it is told of


class Machine:
    """A folder to work in, packages that stand in front of the real ones, and an environment."""

    def __init__(self, folder):
        self.stubs, self.cwd = folder / "stubs", folder / "work"
        self.stubs.mkdir()
        self.cwd.mkdir()
        self.python, self.project, self.site = [sys.executable], PROJECT, []
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PRACTICUM_CACHE": str(folder / "cache"),
            "PRACTICUM_OFFLINE": "1",
        }
        self.stub("keras", "raise ImportError('this one is not loaded')")

    def stub(self, name, code, version=None):
        (self.stubs / name).mkdir(exist_ok=True)
        (self.stubs / name / "__init__.py").write_text(code)
        if version:
            self.version(name, version)

    def version(self, name, version):
        (self.stubs / f"{name}-{version}.dist-info").mkdir()
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (self.stubs / f"{name}-{version}.dist-info" / "METADATA").write_text(text)

    def real_keras(self):
        shutil.rmtree(self.stubs / "keras")

    def without(self, *packages):
        """The packages of this environment but these, and no others."""
        self.python = [BASE_PYTHON, "-S"]
        links = self.stubs / "site"
        links.mkdir()
        for path in SITE.iterdir():
            if not path.name.lower().startswith((*packages, "_", "distutils")) and path.suffix != ".pth":
                (links / path.name).symlink_to(path)
        self.site = [links]

    def run(self, *arguments, before=(), **more):
        path = os.pathsep.join(map(str, (self.stubs, self.project, *self.site)))
        command = [*before, *self.python, "-m", "practicum", "doctor", *arguments]
        more = {"capture_output": True, "timeout": 180, "cwd": self.cwd} | more
        done = subprocess.run(command, env=self.env | {"PYTHONPATH": path}, **more)
        for text in (done.stdout, done.stderr):
            assert b"Traceback" not in (text or b""), text
        return done

    def findings(self, *arguments, **more):
        """By name; each test sees that all are there, in order, and that what is not ok comes with advice."""
        done = self.run("--json", *arguments, **more)
        assert done.stdout.count(b"\n") == 1, done.stderr
        report = json.loads(done.stdout)
        assert list(report) == ["ready", "findings"]
        found = report["findings"]
        assert [entry["what"] for entry in found] == NAMES
        assert all(set(entry) == {"what", "state", "found", "advice"} for entry in found)
        assert all(entry["found"] and bool(entry["advice"]) == (entry["state"] != "ok") for entry in found)
        assert report["ready"] == all(entry["state"] != "problem" for entry in found)
        assert done.returncode == (0 if report["ready"] else 1)
        return {entry["what"]: entry for entry in found}

    def only(self, expected, *arguments, **more):
        """The findings, after seeing that nothing but what is expected is other than ok. expected: name -> state."""
        found = self.findings(*arguments, **more)
        others = {} if "device" in expected or "packages" in expected else {"device": "problem"}  # the keras above
        states = {name: entry["state"] for name, entry in found.items() if entry["state"] != "ok"}
        ours = {name: state for name, state in states.items() if name not in OF_THE_MACHINE - set(expected)}
        assert ours == expected | others, found
        return found


@pytest.fixture
def computer(tmp_path):
    return Machine(tmp_path)


@pytest.fixture
def small_disk(tmp_path):
    """A function that mounts a tmpfs of so many kilobytes; skipped where only another user may."""
    mounted = []

    def mount(kilobytes, *options):
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        size = ",".join((f"size={kilobytes}k", *options))
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"this user may not mount a tmpfs: {done.stderr.strip()}")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", folder], check=True)


# --- packages


def test_tensorflow_that_raises(computer):
    computer.real_keras()
    computer.stub("tensorflow", "raise ImportError('libcuda is missing')")
    found = computer.only({"device": "problem"})
    assert "libcuda is missing" in found["device"]["found"]
    assert found["device"]["advice"] == "python -m pip install --force-reinstall tensorflow==2.21.0"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os; os.kill(os.getpid(), 11)", "ended by SIGSEGV"),
        ("import os; os.kill(os.getpid(), 4)", "ended by SIGILL"),
        ("import os; os.kill(os.getpid(), 9)", "ended by SIGKILL"),
        ("import sys; sys.exit('good night')", "SystemExit: good night"),
        ("import os; os._exit(0)", "Python ended with status 0"),
        ("raise KeyboardInterrupt", "Python "),
    ],
    ids=["segmentation fault", "illegal instruction", "no memory", "exit", "silent exit", "interrupt"],
)
def test_keras_that_takes_its_process_down(computer, code, words):
    computer.stub("keras", code)
    found = computer.only({"device": "problem"})
    assert words in found["device"]["found"]
    if "SIGILL" in words:
        assert "another computer" in found["device"]["advice"]


def test_tensorflow_that_never_comes_back(computer):
    computer.stub("keras", "import time, subprocess; subprocess.run(['sleep', '1000'])")
    found = computer.only({"device": "problem"}, "--wait", "8")
    assert found["device"]["found"] == "did not come to an end"


def test_tensorflow_is_missing(computer):
    computer.without("tensorflow")
    computer.real_keras()
    found = computer.findings()
    assert found["packages"] == {
        "what": "packages",
        "state": "problem",
        "found": "missing: tensorflow",
        "advice": 'python -m pip install "tensorflow>=2.20"',
    }
    assert found["device"]["state"] == "warning"  # a consequence
    assert found["device"]["advice"] == "mend packages first"
    assert found["data"]["state"] == "ok"


def test_several_packages_are_missing(computer):
    computer.without("pil", "jupyterlab", "rich")
    found = computer.findings()
    assert found["packages"]["found"] == "missing: pillow, rich"
    assert found["packages"]["advice"] == 'python -m pip install "pillow>=10" "rich>=13"'
    assert found["notebooks"]["state"] == "warning"
    assert (found["data"]["state"], found["data"]["advice"]) == ("warning", "mend packages first")


def test_no_package_at_all(computer):
    computer.python = [BASE_PYTHON, "-S"]
    shutil.rmtree(computer.stubs / "keras")
    found = computer.findings()
    assert [name for name, entry in found.items() if entry["state"] == "problem"] == ["packages"]
    assert found["packages"]["found"].startswith("missing: tensorflow, keras, numpy")


def test_old_keras(computer):
    computer.stub("keras", "__version__ = '2.15.0'", version="2.15.0")
    found = computer.findings()
    assert found["packages"]["found"] == "keras 2.15.0 is too old, 3.13 is the oldest that will do"
    assert found["packages"]["advice"] == 'python -m pip install "keras>=3.13"'
    assert [name for name, entry in found.items() if entry["state"] == "problem"] == ["packages"]


def test_tensorflow_of_the_future(computer):
    computer.version("tensorflow", "2.99.0")
    found = computer.only({"packages": "warning", "device": "problem"})
    assert found["packages"]["found"] == "tensorflow 2.99.0 is newer than the tested 2.21.0"


def test_version_that_is_no_version(computer):
    computer.version("numpy", "unknown")
    found = computer.only({"packages": "warning", "device": "problem"})
    assert "'unknown'" in found["packages"]["found"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os; os.abort()", "importing numpy: Python was ended by SIGABRT"),
        ("raise ImportError('numpy.core.multiarray failed to import')", "multiarray failed to import"),
    ],
    ids=["aborts", "raises"],
)
def test_broken_numpy_is_one_problem(computer, code, words):
    computer.stub("numpy", code)
    found = computer.findings()
    assert words in found["packages"]["found"]
    assert [name for name, entry in found.items() if entry["state"] == "problem"] == ["packages"]
    assert found["temporary"]["state"] == "ok"


def test_numpy_that_never_comes_back(computer):
    computer.stub("numpy", "import time; time.sleep(1000)")
    found = computer.findings("--wait", "3")
    assert found["packages"]["found"] == "importing numpy: did not come to an end"
    assert found["Python"]["state"] == "ok"
    assert (found["data"]["state"], found["data"]["advice"]) == ("warning", "mend packages first")
    assert found["data"]["found"] == "not looked at, because of packages"


def test_python_is_too_old(computer):
    """An old Python is seldom at hand: this one says that it is old, and what it would read of the file is checked."""
    for name in ("__init__", "__main__"):
        ast.parse((PROJECT / "practicum" / f"{name}.py").read_text(), feature_version=(3, 6))
    code = "import runpy, sys; sys.version_info = (3, 9, 2, 'final', 0); runpy.run_module('practicum')"
    path = os.pathsep.join(map(str, (computer.stubs, PROJECT)))
    done = subprocess.run(
        [BASE_PYTHON, "-S", "-c", code], env={"PYTHONPATH": path}, cwd=computer.cwd, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "this is Python 3.9; the course needs Python 3.11 to 3.13" in done.stderr


def test_a_file_of_the_learner_hides_a_module_of_python(computer):
    """numpy needs Python's random, and so does everything else here, at one place or another."""
    (computer.cwd / "random.py").write_text("dice = 4\n")
    found = computer.findings()
    assert [name for name, entry in found.items() if entry["state"] == "problem"] == ["Python"]
    assert "random.py" in found["Python"]["found"]
    assert found["Python"]["advice"] == "rename random.py: Python takes it for a module of its own"
    assert {entry["advice"] for name, entry in found.items() if name not in ("Python", "memory")} == {
        "mend Python first"
    }


@pytest.mark.parametrize("name", ["json.py", "argparse/__init__.py"])
def test_a_file_of_the_learner_hides_what_the_doctor_itself_needs(computer, name):
    (computer.cwd / name).parent.mkdir(exist_ok=True)
    (computer.cwd / name).write_text("from nowhere import nothing\n")
    done = computer.run()
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert f"{name.removesuffix('__init__.py')} in this folder hides a module of Python's own" in done.stderr.decode()


def test_a_file_that_hides_nothing_that_is_needed(computer):
    (computer.cwd / "this.py").write_text("from nowhere import nothing\n")
    assert computer.findings()["Python"]["state"] == "ok"


def test_a_file_of_the_learner_hides_a_package(computer):
    (computer.cwd / "matplotlib.py").write_text("print('my drawings')")
    found = computer.findings()
    assert found["packages"]["found"] == "matplotlib.py hides a package"
    assert "rename matplotlib.py" in found["packages"]["advice"]


def test_packages_that_talk_do_not_disturb(computer):
    """What one prints is not taken for what the child tells of the next."""
    computer.stub("filelock", "import os; print('{\"check\": \"nonsense\"}'); os.write(1, b'x' * 99999)")
    computer.stub("joblib", "import os; os.abort()")
    assert computer.findings()["packages"]["found"].startswith("importing joblib: Python was ended by SIGABRT")


# --- Keras and its backends


def test_a_backend_that_does_not_exist(computer):
    computer.real_keras()
    computer.env["KERAS_BACKEND"] = "nonsense"
    found = computer.only({"device": "problem"})
    assert "nonsense" in found["device"]["found"]
    assert found["device"]["advice"] == "unset the environment variable KERAS_BACKEND"


def test_a_backend_that_does_not_exist_in_keras_own_settings(computer, tmp_path):
    computer.real_keras()
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text('{"backend": "theano"}')
    found = computer.only({"device": "problem"})
    assert "theano" in found["device"]["found"]
    assert str(tmp_path / ".keras" / "keras.json") in found["device"]["advice"]


def test_another_backend_is_a_warning(computer):
    pytest.importorskip("jax", reason="jax is not installed; it is optional")
    computer.real_keras()
    computer.env["KERAS_BACKEND"] = "jax"
    found = computer.only({"device": "warning"})
    assert "with jax" in found["device"]["found"]
    assert "KERAS_BACKEND" in found["device"]["advice"]


def test_a_gpu_that_tensorflow_cannot_use(computer, tmp_path):
    computer.real_keras()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "nvidia-smi").write_text("#!/bin/sh\necho 'Tesla T4'\n")
    (tmp_path / "bin" / "nvidia-smi").chmod(0o755)
    computer.env |= {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}", "CUDA_VISIBLE_DEVICES": "-1"}
    found = computer.only({"device": "warning"})
    assert "Tesla T4 is there" in found["device"]["advice"]
    assert "training computes in" in found["device"]["found"]


# --- folders and disks


def test_cache_that_is_a_file(computer, tmp_path):
    (tmp_path / "cache").write_text("")
    assert "is no folder" in computer.only({"cache": "warning"})["cache"]["found"]


def test_cache_that_is_a_link_to_nothing(computer, tmp_path):
    (tmp_path / "cache").symlink_to(tmp_path / "gone" / "away")
    assert "PRACTICUM_CACHE" in computer.only({"cache": "warning"})["cache"]["advice"]


def test_cache_on_a_disk_that_may_only_be_read(computer, small_disk):
    computer.env["PRACTICUM_CACHE"] = str(small_disk(100, "ro") / "below")
    found = computer.only({"cache": "warning", "disk": "warning"})
    assert "Read-only file system" in found["cache"]["found"]


def test_full_disk(computer, small_disk):
    disk = small_disk(200)
    with contextlib.suppress(OSError):
        (disk / "films").write_bytes(b"x" * 1_000_000)
    computer.env["PRACTICUM_CACHE"] = str(disk)
    found = computer.only({"cache": "warning", "disk": "warning"})
    assert "No space left" in found["cache"]["found"]
    assert found["disk"]["found"].startswith("0.0 GB free for the cache, ")


def test_working_in_a_folder_that_may_only_be_read(computer, small_disk):
    computer.cwd = small_disk(100, "ro")
    assert "--out" in computer.only({"runs": "warning", "disk": "warning"})["runs"]["advice"]


def test_working_in_a_folder_that_is_gone(computer, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    found = computer.findings(before=["sh", "-c", 'cd "$1" && rmdir "$1" && shift && exec "$@"', "sh", str(gone)])
    assert found["runs"]["state"] == "problem"
    assert found["data"]["state"] == "ok"


def test_progress_folder_below_a_file(computer, tmp_path):
    (tmp_path / "file").write_text("")
    computer.env["PRACTICUM_PROGRESS"] = str(tmp_path / "file" / "below")
    assert "PRACTICUM_PROGRESS" in computer.only({"progress": "warning"})["progress"]["advice"]


def test_no_file_may_grow(computer):
    """As with a used-up quota: files can be made, and nothing can be written into them."""
    found = computer.findings(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
    assert found["temporary"]["state"] == "problem"
    assert "TMPDIR" in found["temporary"]["advice"]
    assert found["cache"]["state"] == "warning"
    assert found["data"]["state"] == "ok"


def test_no_home(computer):
    del computer.env["HOME"], computer.env["PRACTICUM_CACHE"]
    computer.only({})


def test_nobody_knows_the_home(computer):
    """As in a container that runs under a number without a name."""
    before = ["unshare", "-U", "--map-user=12345"]
    if subprocess.run([*before, "true"], capture_output=True).returncode:
        pytest.skip("this user may not take on another number")
    del computer.env["HOME"], computer.env["PRACTICUM_CACHE"]
    fetched = ("fashion_mnist", "cifar10", "cats_vs_dogs")
    found = computer.only(dict.fromkeys(("disk", "cache", "progress", *fetched), "warning"), before=before)
    assert found["cache"]["found"] == "your home folder is not known"
    assert "set HOME" in found["cache"]["advice"]


def test_home_of_somebody_who_is_not_there(computer):
    computer.env["PRACTICUM_CACHE"] = "~no_such_user/cache"
    found = computer.findings()
    assert found["cache"]["state"] == found["cifar10"]["state"] == "warning"
    assert "without ~" in found["cache"]["advice"]
    assert found["data"]["state"] == "ok"


# --- limits


def test_little_memory(computer):
    limit = 1_500_000_000
    found = computer.only(
        {"memory": "warning"}, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    )
    assert found["memory"]["found"].startswith("1.5 GB")


def test_little_memory_for_tensorflow(computer):
    computer.real_keras()
    limit = 1_200_000_000
    found = computer.findings(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    assert found["device"]["state"] == "problem"
    assert found["device"]["advice"] == "see to the memory first, then look again"


@pytest.mark.parametrize("files", [9, 11])
def test_few_open_files(computer, files):
    """So few that no second Python can be started beside the first, or no third."""
    found = computer.findings(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)))
    assert "cannot be started" in found["Python"]["found"]
    assert "ulimit -n" in found["Python"]["advice"]
    assert found["data"]["found"] == "not looked at, because of Python"
    assert [name for name, entry in found.items() if entry["state"] == "problem"] == ["Python"]


def test_one_core(computer):
    found = computer.only(
        {"cores": "warning"}, preexec_fn=lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    )
    assert found["cores"]["found"].startswith("1")


# --- data and network


def test_data_folder_that_is_not_there(computer):
    computer.env["PRACTICUM_DATA"] = os.pathsep.join(("/nowhere/at/all", "\x01"))
    assert "/nowhere/at/all" in computer.only({"data folders": "warning"})["data folders"]["found"]


def test_data_folder_that_holds_none(computer, tmp_path):
    computer.env["PRACTICUM_DATA"] = str(tmp_path)
    assert "fetch --all --to" in computer.only({"data folders": "warning"})["data folders"]["advice"]


def test_half_a_download_in_the_data_folder(computer, tmp_path):
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(b"half")
    computer.env["PRACTICUM_DATA"] = str(tmp_path)
    found = computer.only({"cifar10": "warning"})
    assert found["cifar10"]["advice"] == f"python -m practicum fetch cifar10 --to {tmp_path}"


def test_package_without_its_data(computer, tmp_path):
    """As an installed wheel would be."""
    shutil.copytree(PROJECT / "practicum", tmp_path / "wheel" / "practicum")
    computer.project = tmp_path / "wheel"
    assert "emoji is not at" in computer.only({"data": "problem"})["data"]["found"]


def test_damaged_data(computer, tmp_path):
    shutil.copytree(PROJECT / "practicum", tmp_path / "clone" / "practicum")
    shutil.copytree(PROJECT / "data", tmp_path / "clone" / "data")
    sheet = tmp_path / "clone" / "data" / "fashion" / "images.png"
    sheet.write_bytes(sheet.read_bytes()[:5000])
    computer.project = tmp_path / "clone"
    assert "not whole" in computer.only({"data": "problem"})["data"]["advice"]


WATCH = """
import os, sys
def note(event, arguments):
    if event.startswith("socket.") and event not in ("socket.__new__", "socket.gethostname"):
        with open(os.environ["WATCHED"], "a") as file:
            file.write(event + "\\n")
sys.addaudithook(note)
"""


def test_no_network_and_offline_opens_no_socket(computer, tmp_path):
    """Without a route: a warning. With PRACTICUM_OFFLINE no process so much as asks for a host's name."""
    if subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode:
        pytest.skip("this user may not take the network away from a process")
    (computer.stubs / "sitecustomize.py").write_text(WATCH)
    computer.env["WATCHED"] = str(tmp_path / "watched")
    computer.only({}, before=["unshare", "-n"])
    assert not (tmp_path / "watched").exists()
    del computer.env["PRACTICUM_OFFLINE"]
    found = computer.only({"network": "warning"}, before=["unshare", "-n"])
    assert "no connection" in found["network"]["found"]
    assert "socket.getaddrinfo" in (tmp_path / "watched").read_text()


# --- the browser


@pytest.mark.parametrize(
    ("programs", "browser", "words"),
    [
        ([], None, "none can be opened"),
        (["lynx"], None, "shows text only"),
        ([], "/nowhere/firefox", "/nowhere/firefox is not there"),
    ],
    ids=["none", "text only", "nonsense"],
)
def test_browsers_that_are_none(computer, tmp_path, programs, browser, words):
    (tmp_path / "bin").mkdir()
    for program in programs:
        (tmp_path / "bin" / program).write_text("#!/bin/sh\n")
        (tmp_path / "bin" / program).chmod(0o755)
    computer.env |= {"PATH": str(tmp_path / "bin"), "TERM": "xterm"}
    if browser:
        computer.env["BROWSER"] = browser
    assert words in computer.only({"browser": "warning"})["browser"]["found"]


def test_a_browser(computer, tmp_path):
    (tmp_path / "firefox").write_text("#!/bin/sh\n")
    (tmp_path / "firefox").chmod(0o755)
    computer.env["BROWSER"] = str(tmp_path / "firefox")
    assert computer.findings()["browser"] == {"what": "browser", "state": "ok", "found": "firefox", "advice": ""}


# --- where it is written


def test_text_without_unicode(computer, tmp_path):
    """Locale C, as on a bare server; a name that it cannot show."""
    computer.env |= {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    computer.env["PRACTICUM_CACHE"] = str(tmp_path / "Müll")
    done = computer.run()
    text = done.stdout.decode("ascii")
    assert "-> python -m pip" in text
    assert "M?" in text
    assert text.splitlines()[-1].startswith("This machine is not ready yet. Next: mend the problem above")
    assert json.loads(computer.run("--json").stdout)["ready"] is False


def test_a_name_that_is_no_text(computer, tmp_path):
    computer.env["PRACTICUM_CACHE"] = os.fsencode(tmp_path) + b"/\xff"
    computer.env = {os.fsencode(name): os.fsencode(value) for name, value in computer.env.items()}
    done = subprocess.run(
        [sys.executable, "-m", "practicum", "doctor"],
        env=computer.env | {b"PYTHONPATH": os.fsencode(os.pathsep.join(map(str, (computer.stubs, PROJECT))))},
        capture_output=True,
        cwd=computer.cwd,
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"/?\n" in done.stdout


def screen(computer, columns, **env):
    """What a terminal of that width shows."""
    leader, follower = pty.openpty()
    import fcntl
    import struct
    import termios

    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    computer.env |= {"TERM": "xterm", **env}
    done = computer.run(capture_output=False, stdin=subprocess.DEVNULL, stdout=follower, stderr=subprocess.PIPE)
    os.close(follower)
    shown = b""
    with contextlib.suppress(OSError):  # the end of a terminal
        while piece := os.read(leader, 65536):
            shown += piece
    os.close(leader)
    assert done.returncode == 1
    return shown.decode()


@pytest.mark.parametrize("columns", [30, 60, 100])
def test_terminal(computer, columns):
    plain = screen(computer, columns, NO_COLOR="1")
    assert "\x1b" not in plain
    assert "PROBLEM" in plain
    whole = [line for line in plain.splitlines() if "/" not in line]  # paths are not broken
    assert max(map(len, whole)) < max(columns, 32)
    coloured = screen(computer, columns) if "NO_COLOR" not in computer.env else ""
    assert coloured == ""


def test_colours(computer):
    assert "\x1b[1;31mPROBLEM" in screen(computer, 100)
    assert "\x1b" not in screen(computer, 100, TERM="dumb")


def test_output_that_nobody_takes(computer):
    reader, writer = os.pipe()
    os.close(reader)
    done = computer.run(capture_output=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


def test_output_to_a_full_disk(computer):
    with Path("/dev/full").open("wb") as full:
        done = computer.run(capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr == b"practicum: what the doctor found cannot be written (No space left on device)\n"


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_output(computer, closed):
    done = computer.run(before=["sh", "-c", f'exec "$@" {closed}', "sh"])
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")


def test_interrupt(computer):
    """One line, and no process is left behind."""
    mark = f"practicum-doctor-test-{os.getpid()}"
    computer.stub(
        "keras", "import subprocess, os; subprocess.run(['sh', '-c', 'sleep 1000; true', os.environ['MARK']])"
    )
    path = os.pathsep.join(map(str, (computer.stubs, PROJECT)))
    process = subprocess.Popen(
        [sys.executable, "-m", "practicum", "doctor"],
        env=computer.env | {"PYTHONPATH": path, "MARK": mark},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    limit = time.monotonic() + 60
    while not _running(mark) and time.monotonic() < limit:
        time.sleep(0.1)
    assert _running(mark)
    process.send_signal(signal.SIGINT)
    out, complaints = process.communicate(timeout=60)
    assert (process.returncode, out, complaints) == (1, "", "practicum: interrupted\n")
    while _running(mark) and time.monotonic() < limit:
        time.sleep(0.1)
    assert not _running(mark)


def _running(mark):
    found = False
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found |= mark.encode() in path.read_bytes().split(b"\0")
    return found
