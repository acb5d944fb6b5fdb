"""Nothing is sent anywhere: which modules can open a connection at all, and that a learner's day opens none."""

import ast
import os
import re
import subprocess
import sys
from functools import cache

import pytest
from conftest import PROJECT
from loopback import Answer, Loopback

PACKAGE = PROJECT / "practicum"
# What can open a connection, and which modules of the package import it.
NETWORK = {
    *("aiohttp", "asyncio", "dask", "distributed", "fsspec", "ftplib", "gdown", "grpc", "http", "httpcore", "httpx"),
    *("huggingface_hub", "imaplib", "kagglehub", "nntplib", "paramiko", "poplib", "requests", "smtplib", "socket"),
    *("socketserver", "ssl", "telnetlib", "tensorflow_datasets", "tornado", "urllib", "urllib3", "wandb", "webbrowser"),
    *("websocket", "websockets", "xmlrpc", "zmq"),
}
ALLOWED = {
    "connection": {"httpx", "urllib"},  # fetches datasets, when one is asked for that is not here
    "data_checks": {"httpx"},  # of the doctor: whether the datasets can be reached, through connection
    "machine_checks": {"webbrowser"},  # of the doctor: is there a browser
    "experiments.cluster": {"distributed"},  # speaks with the scheduler whose address was given
}
# Functions of the libraries above all that fetch or connect.
FETCHES = {"get_file", "urlopen", "urlretrieve", "create_connection", "from_pretrained", "initialize"}
# jax.distributed, between the machines that were named; train asks for it.
MAY_FETCH = {"distribution": {"initialize"}, "cli.learning": {"initialize"}}
STARTS_PROGRAMS = {
    "distribution": "Python itself",
    "doctor": "Python itself",
    "machine": "nvidia-smi",
    "bundle.course": "git, which is asked what belongs to the course",
    "bundle.wheels": "pip, which fetches packages when an instructor asks for a bundle",
    "static.bundle.start": "Python itself: venv, pip without an index, the doctor, JupyterLab",
}
# Modules whose names stand in a variable: the course's own lessons; for the doctor, the packages that are required.
BY_NAME = {"class_progress", "package_checks"}


@cache
def modules():
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        found.append((name, ast.parse(path.read_text(encoding="utf-8"))))
    return found


def at_runtime(tree):
    """The nodes of a module, without what is only there for types."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        yield from at_runtime(node)


def imports(tree):
    """The first names of imported modules; urllib.parse, which only takes addresses apart, is none."""
    found = set()
    for node in at_runtime(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        found |= {name.partition(".")[0] for name in names if name != "urllib.parse"}
    return found


def calls(tree):
    """The last names of what is called."""
    for node in at_runtime(tree):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "attr", getattr(node.func, "id", ""))


def test_only_the_modules_that_fetch_import_what_can_connect():
    found = {name: imports(tree) & NETWORK for name, tree in modules()}
    assert {name: names for name, names in found.items() if names} == ALLOWED


def test_no_other_module_lets_a_library_fetch():
    found = {name: set(calls(tree)) & FETCHES for name, tree in modules()}
    assert {name: names for name, names in found.items() if names} == MAY_FETCH


def test_modules_are_imported_by_name_where_it_is_known():
    """It would hide them from the tests above."""
    assert {name for name, tree in modules() if {"import_module", "__import__"} & set(calls(tree))} == BY_NAME


def test_programs_are_started_where_it_is_known():
    found = {name for name, tree in modules() if "subprocess" in imports(tree)}
    assert found == set(STARTS_PROGRAMS)
    for name, tree in modules():
        whole = {ast.unparse(node.func) for node in at_runtime(tree) if isinstance(node, ast.Call)}
        assert not {each for each in whole if re.match(r"os\.(system|popen|spawn|exec|posix_spawn|startfile)", each)}, (
            name
        )


def test_pages_have_no_means_to_send():
    """Their scripts; that a page asks for nothing when it is used is tested with each page, in a browser."""
    for path in sorted((PACKAGE / "static").rglob("*")):
        if path.is_file() and path.suffix != ".txt":  # a text for people sends nothing
            text = path.read_text(encoding="utf-8").replace("http://www.w3.org/", "")
            found = re.findall(
                r"https?://|\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|\bimport\(|@import|new Image\b",
                text,
            )
            assert not found, (path.name, found)


# A learner's day ----------------------------------------------------------------------------------------------------

WATCH = """
import os, sys

def watch(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname",
                 "socket.gethostbyaddr"):
        told = event, args[1:] if event.startswith("socket.") and not isinstance(args[0], (str, bytes)) else args
    elif event == "subprocess.Popen":
        told = event, args[0]
    else:
        return
    with open(os.environ["WATCHED"], "a", encoding="utf-8") as file:
        file.write(f"{told}\\n")
    if "socket" in event and "127.0.0.1" not in str(told):
        raise OSError("this test lets nothing out")

sys.addaudithook(watch)
"""
DAY = """
import sys
from practicum import explorer
from practicum.cli import main
from practicum.learner import keep_progress
from practicum.lessons import lesson_01 as lesson

photos, out = sys.argv[1:]
keep_progress("anna")
lesson.exercise_1.check(1)
lesson.exercise_1.hint()
lesson.question_1.check("a")
lesson.progress()
explorer.max_pooling([[1, 2], [3, 4]])._repr_html_()
quick = ["--epochs", "1", "--filters", "2", "--seed", "0"]
assert main(["train", "--data", photos, "--out", out + "/run", *quick]) == 0
assert main(["inspect", out + "/run", "--image", photos + "/red/0.png", "--out", out + "/page.html"]) == 0
assert main(["audit", photos, "--out", out + "/audit.html"]) == 0
"""


def watched(code, *arguments, folder, **environment):
    """What code does with sockets and programs, in its own process and in those that it starts."""
    (folder / "watching").mkdir()
    (folder / "watching" / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    log = folder / "watched.txt"
    log.touch()
    environment |= {
        **{name: value for name, value in os.environ.items() if name not in ("PRACTICUM_OFFLINE", "PRACTICUM_DATA")},
        "PYTHONPATH": os.pathsep.join([str(folder / "watching"), str(PROJECT)]),
        "PRACTICUM_CACHE": str(folder / "cache"),
        "PRACTICUM_PROGRESS": str(folder / "progress"),
        "WATCHED": str(log),
    }
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return log.read_text(encoding="utf-8").splitlines()


def test_a_learners_day_opens_no_connection(photo_folder, tmp_path):
    seen = watched(DAY, photo_folder, tmp_path, folder=tmp_path)
    assert [line for line in seen if "socket" in line] == []
    programs = [line for line in seen if "subprocess" in line]
    assert all("nvidia-smi" in line or "'uname'" in line for line in programs), programs  # as Python's platform does
    assert (tmp_path / "run" / "report.html").exists()
    assert list((tmp_path / "progress").glob("*.json"))


def test_the_doctor_asks_nobody_where_it_is_told_so(tmp_path):
    """Otherwise it asks for the first bytes of the datasets, to say whether they could be fetched."""
    code = "from practicum.cli import main; main(['doctor'])"
    seen = watched(code, folder=tmp_path, PRACTICUM_OFFLINE="1")
    assert [line for line in seen if "socket" in line] == []


@pytest.fixture
def server():
    running = Loopback()
    yield running
    running.close()


def test_the_watch_sees_a_connection(server, tmp_path):
    """Or the test above would be quiet for no good reason."""
    address = server.serve("/x.bin", Answer(b"x" * 10))
    code = (
        "import sys; from pathlib import Path; from practicum.remote import fetch_file\n"
        "from practicum.checked_files import RemoteFile\n"
        "fetch_file(RemoteFile('x.bin', (sys.argv[1],), 10), Path(sys.argv[2]))"
    )
    seen = watched(code, address, tmp_path, folder=tmp_path)
    assert any("socket.connect" in line and str(server.port) in line for line in seen), seen
    assert (tmp_path / "x.bin").read_bytes() == b"x" * 10


def test_the_watch_sees_a_connection_of_a_worker(server, tmp_path):
    code = (
        "import sys, socket, joblib\n"
        "def ask(port): socket.create_connection(('127.0.0.1', port)).close()\n"
        "joblib.Parallel(2)(joblib.delayed(ask)(int(sys.argv[1])) for _ in range(2))"
    )
    seen = watched(code, server.port, folder=tmp_path)
    assert any("socket.connect" in line and str(server.port) in line for line in seen), seen
