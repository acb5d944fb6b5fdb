"""The doctor where packages are missing, old, broken or hidden: it names the fault and nothing else."""

import ast
import os
import shutil
import subprocess

import broken_machine
import pytest
from broken_machine import BASE_PYTHON, linux_only
from conftest import PROJECT

from practicum.findings import PACKAGES

pytestmark = linux_only
computer = broken_machine.computer


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


def test_tensorflow_is_missing(computer, tmp_path):
    computer.course(tmp_path / "course")
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


def test_several_packages_are_missing(computer, tmp_path):
    computer.course(tmp_path / "course")
    computer.without("pil", "jupyterlab", "rich")
    found = computer.findings()
    assert found["packages"]["found"] == "missing: pillow, rich"
    assert found["packages"]["advice"] == 'python -m pip install "pillow>=10" "rich>=13"'
    assert found["notebooks"]["state"] == "warning"
    assert (found["data"]["state"], found["data"]["advice"]) == ("warning", "mend packages first")


def test_no_package_at_all(computer, tmp_path):
    computer.course(tmp_path / "course")
    computer.python = [BASE_PYTHON, "-S"]
    shutil.rmtree(computer.stubs / "keras")
    found = computer.findings()
    assert [name for name, entry in found.items() if entry["state"] == "problem"] == ["packages"]
    assert found["packages"]["found"].startswith("missing: tensorflow, keras, numpy")


def with_venv(computer, folder):
    """A course whose .venv has these packages, in name; the Python in use has none."""
    course = computer.course(folder)
    computer.python = [BASE_PYTHON, "-S"]
    shutil.rmtree(computer.stubs / "keras")
    subprocess.run([BASE_PYTHON, "-m", "venv", "--without-pip", course / ".venv"], check=True)
    (site,) = course.glob(".venv/lib/python*/site-packages")
    for package in PACKAGES:
        (site / f"{package.module}.py").write_text("raise SystemExit('looking for it imports nothing')")
    return course, site


def test_packages_that_the_courses_own_python_has(computer, tmp_path):
    """The learner's own Python was started, and nothing is to be installed into that one."""
    course, _ = with_venv(computer, tmp_path / "course")
    computer.cwd = course
    found = computer.findings()
    assert found["packages"]["found"].startswith("missing: tensorflow, keras, numpy")
    advice = "there is a .venv here: start me with .venv/bin/python -m practicum doctor"
    assert found["packages"]["advice"] == advice
    assert (found["notebooks"]["state"], found["notebooks"]["advice"]) == ("warning", "mend packages first")
    assert advice in computer.run().stdout.decode()


def test_the_courses_own_python_seen_from_another_folder(computer, tmp_path):
    """From there it must find the course as well, as it does once that is installed in it."""
    course, site = with_venv(computer, tmp_path / "my course")
    assert computer.findings()["packages"]["advice"].startswith("python -m pip install")
    (site / "practicum.pth").write_text(str(course))
    python = f'"{course}/.venv/bin/python"'
    advice = f"the course has a .venv: start me with {python} -m practicum doctor"
    assert computer.findings()["packages"]["advice"] == advice


@pytest.mark.parametrize("fault", ["lacks one too", "Python is gone", "no program", "fails", "hangs"])
def test_a_venv_that_is_no_help_is_not_named(computer, tmp_path, fault):
    course, site = with_venv(computer, tmp_path / "course")
    computer.cwd = course
    python = course / ".venv" / "bin" / "python"
    if fault == "lacks one too":
        (site / "rich.py").unlink()
    else:
        python.unlink()
        if fault == "Python is gone":
            python.symlink_to("/nowhere/python3.12")
        else:
            does = {"no program": "#!/nowhere", "fails": "#!/bin/sh\nexit 3", "hangs": "#!/bin/sh\nexec sleep 60"}
            python.write_text(does[fault])
            python.chmod(0o755)
    assert computer.findings()["packages"]["advice"].startswith("python -m pip install")


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
