"""A course of a few files, whose packages are made here, and a bundle of it: what the tests of the bundle share.

Real git, real pip with a small index on this disk, real start scripts. tests/stress has the real course.
"""

import hashlib
import http.server
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
import zipfile
from pathlib import Path

import pytest
from conftest import PROJECT

from practicum.bundle import make_bundle
from practicum.bundle.targets import targets_of, this_platform

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"
CP = f"cp{sys.version_info[0]}{sys.version_info[1]}"
try:
    THIS = targets_of([], [])[0]
except ValueError:  # a machine for which there is no TensorFlow, or another Python
    pytest.skip(f"there are no packages for {this_platform()}, Python {HERE}", allow_module_level=True)
needs_sh = pytest.mark.skipif(os.name != "posix", reason="start.sh is for Linux and macOS")

# What stands in place of the course: its doctor says what it was given, and fails if told to.
PACKAGE = """\
import json, os, sys
import alpha, beta
if sys.argv[1:] == ["doctor"]:
    names = ("PRACTICUM_DATA", "PRACTICUM_OFFLINE", "PIP_INDEX_URL", "PYTHONPATH")
    print("doctor:", json.dumps({name: os.environ.get(name) for name in names}), alpha.VALUE, beta.VALUE, flush=True)
    sys.exit(1 if os.path.exists("ill") else 0)
"""
LAB = """\
import os, sys
print("lab:", sys.argv[1:], os.path.basename(os.getcwd()), os.environ["PRACTICUM_OFFLINE"], flush=True)
"""
# Installs a folder by naming it in a .pth file, as hatchling does, without needing anything.
BACKEND = """\
import os, zipfile
def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = "practicum-0.1-py3-none-any.whl"
    files = {"_practicum.pth": os.getcwd() + "\\n",
             "practicum-0.1.dist-info/METADATA": "Metadata-Version: 2.1\\nName: practicum\\nVersion: 0.1\\n",
             "practicum-0.1.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"}
    files["practicum-0.1.dist-info/RECORD"] = "".join(f"{each},,\\n" for each in files)
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        for each, text in files.items():
            wheel.writestr(each, text)
    return name
"""
LAB_PAGE = "practicum/static/jupyterlab/page_config.json"
PYPROJECT = """\
[project]
name = "practicum"
version = "0.1"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def make_wheel(folder, name, version, tag="py3-none-any", files=None):
    """A wheel with one module; gives its path."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    content = {
        **(files or {f"{name}.py": f"VALUE = {version!r}\n"}),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    content[f"{info}/RECORD"] = "".join(f"{each},,\n" for each in [*content, f"{info}/RECORD"])
    path = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for each, text in content.items():
            wheel.writestr(each, text)
    return path


def hash_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def lock_line(name, version, wheels, marker=""):
    hashes = " ".join(f"--hash=sha256:{hash_of(path)}" for path in wheels)
    return f"{name}=={version}{f' ; {marker}' if marker else ''} \\\n    {hashes}\n"


def git(folder, *words):
    who = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, "-C", str(folder), *words], check=True, capture_output=True)


def files_of(folder):
    """name -> (content, time of the last change) of every file."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns) for path in found}


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder of wheels that is all that pip knows of."""
    folder = tmp_path / "index"
    make_wheel(folder, "alpha", "1.0")
    make_wheel(folder, "beta", "2.0", f"{CP}-{CP}-{THIS.platforms[-3 if len(THIS.platforms) > 3 else 0]}")
    for python in {"cp312", CP}:
        make_wheel(folder, "beta", "2.0", f"{python}-{python}-win_amd64")
    make_wheel(folder, "gamma", "3.0")
    make_wheel(folder, "jupyterlab", "4.0", files={"jupyterlab/__init__.py": "", "jupyterlab/__main__.py": LAB})
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


class SlowIndex:
    """A package index on loopback that holds the last half of one wheel back until it is told to go on."""

    def __init__(self, folder, held):
        self.requests, self.asked = [], []  # everything; wheels
        self.release, self.at_it = threading.Event(), threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests.append(self.path)
                name = urllib.parse.unquote(self.path.strip("/"))
                wheels = sorted(path.name for path in folder.glob("*.whl"))
                page = "".join(f'<a href="/{each}">{each}</a>' for each in wheels).encode()
                content = (folder / name).read_bytes() if name in wheels else page
                kind = "application/zip" if name in wheels else "text/html"
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if name in wheels:
                    outer.asked.append(name)
                half = len(content) // 2 if name.startswith(held) and not outer.release.is_set() else 0
                try:
                    self.wfile.write(content[:half])
                    if half:
                        outer.at_it.set()
                        outer.release.wait(60)
                    self.wfile.write(content[half:])
                except OSError:
                    pass

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/"

    def close(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def slow_index(index):
    one = SlowIndex(index, "beta")
    yield one
    one.close()


@pytest.fixture
def course(tmp_path, index):
    """A git checkout of a small course."""
    folder = tmp_path / "course"
    texts = {
        "pyproject.toml": PYPROJECT,
        "backend.py": BACKEND,
        "README.md": "A course.\n",
        "LICENSE": "MIT\n",
        "practicum/__init__.py": "",
        "practicum/__main__.py": PACKAGE,
        LAB_PAGE: (PROJECT / LAB_PAGE).read_text(encoding="utf-8"),
        "notebooks/00_start_here.ipynb": "{}\n",
        "notebooks/größe.txt": "ä\n",
        "requirements.lock": "# made by a test\n"
        + lock_line("alpha", "1.0", index.glob("alpha-*"))
        + lock_line("beta", "2.0", index.glob("beta-*"))
        + lock_line("gamma", "3.0", index.glob("gamma-*"), "sys_platform == 'win32'")
        + lock_line("jupyterlab", "4.0", index.glob("jupyterlab-*")),
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "a course")
    return folder


@pytest.fixture
def made(course, tmp_path):
    """A function that makes a bundle of that course at a path with a blank and an umlaut; gives its folder."""

    def make(**options):
        options = {"platforms": [], "pythons": [], "data": False, **options}
        return make_bundle(tmp_path / "Stick für uns" / "practicum", course=course, **options).folder

    return make


def start(bundle, to, *words, path=None, script="start.sh", **environment):
    """Run the start script of a bundle, with an empty home; gives its exit status and what it said."""
    home = to.parent / "home"
    home.mkdir(exist_ok=True)
    clean = {
        "PATH": path or f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
    }
    done = subprocess.run(
        ["/bin/sh", str(bundle / script), "--to", str(to), *words],
        env={**clean, "PYTHON": sys.executable, **environment},
        cwd=to.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout


def killed_when(there, child):
    """Kill a command once a folder has a hundred files, while it is still copying."""
    deadline = time.monotonic() + 60
    while (not there.exists() or len(list(there.iterdir())) < 100) and time.monotonic() < deadline:
        time.sleep(0.005)
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate()


def command(*words, **environment):
    """python -m practicum workshop bundle …, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "practicum", "workshop", "bundle", *map(str, words)],
        cwd=PROJECT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
