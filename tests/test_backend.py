"""What the backend module says of devices, also of a GPU that is there but cannot be used."""

import os
import subprocess
import sys

import pytest
from conftest import PROJECT

from practicum import backend, machine


@pytest.fixture
def nvidia_driver(tmp_path, monkeypatch):
    """Puts an nvidia-smi on the PATH that answers as told."""

    def install(script):
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    return install


def test_device_is_named():
    name = backend.device_name()
    assert name.startswith(("CPU, ", "GPU: "))


def test_no_driver_no_advice(monkeypatch):
    monkeypatch.setattr(machine.shutil, "which", lambda name: None)
    assert machine.nvidia_gpus() == []
    assert backend.unused_gpu_advice() is None


def test_an_unused_gpu_is_pointed_out_with_the_remedy(nvidia_driver, monkeypatch):
    monkeypatch.setattr(backend, "gpu_names", list)
    nvidia_driver("echo 'Tesla T4'")
    assert machine.nvidia_gpus() == ["Tesla T4"]
    advice = backend.unused_gpu_advice()
    assert advice.startswith("Tesla T4 is there, but tensorflow cannot use it")
    assert 'pip install "tensorflow[and-cuda]"' in advice


def test_on_windows_the_remedy_is_another(monkeypatch):
    monkeypatch.setattr(backend, "gpu_names", list)
    monkeypatch.setattr(backend, "nvidia_gpus", lambda: ["GeForce RTX 3060"])
    monkeypatch.setattr(backend.sys, "platform", "win32")
    assert "WSL2" in backend.unused_gpu_advice()


def test_a_used_gpu_needs_no_advice(nvidia_driver, monkeypatch):
    nvidia_driver("echo 'Tesla T4'")
    monkeypatch.setattr(backend, "gpu_names", lambda: ["Tesla T4"])
    assert backend.unused_gpu_advice() is None
    assert backend.device_name() == "GPU: Tesla T4"


def test_a_broken_driver_is_no_gpu(nvidia_driver):
    nvidia_driver("echo 'NVIDIA-SMI has failed'; exit 9")
    assert machine.nvidia_gpus() == []


def test_training_and_doctor_point_out_the_unused_gpu(monkeypatch, tiny_dataset, capsys):
    from practicum import doctor, training
    from practicum.model import build_cnn

    advice = "Tesla T4 is there, but tensorflow cannot use it: do this."
    monkeypatch.setattr(training, "unused_gpu_advice", lambda: advice)
    monkeypatch.setattr(backend, "unused_gpu_advice", lambda: advice)
    training.train(build_cnn((12, 12, 1), 2, filters=(2,), seed=0), tiny_dataset, epochs=1)
    assert f"note: {advice}" in capsys.readouterr().err
    finding = next(finding for finding in doctor.examine() if finding.what == "device")
    assert (finding.state, finding.advice) == ("warning", advice)


def test_loading_keras_writes_nothing():
    code = "import practicum.backend; practicum.backend.keras.ops.ones(2)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_what_was_held_back_is_shown_if_loading_fails():
    code = (
        "import os\nfrom practicum.backend import quiet_standard_error\n"
        "with quiet_standard_error():\n    os.write(2, b'the reason\\n')\n    raise ImportError('no')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT)
    assert done.returncode == 1
    assert "the reason" in done.stderr


def test_the_other_backend_trains_too(tmp_path):
    """A smoke test of Keras on JAX, where JAX is installed."""
    pytest.importorskip("jax", reason="jax is not installed; it is optional")
    code = (
        "import numpy as np\nfrom practicum.dataset import Dataset, Split\nfrom practicum.model import build_cnn\n"
        "from practicum.training import train, evaluate\nfrom practicum.inspection import feature_maps\n"
        "r = np.random.default_rng(0); y = (np.arange(96) % 2).astype('int32')\n"
        "x = (r.integers(0, 60, (96, 8, 8, 1)) + 150 * y[:, None, None, None]).astype('uint8')\n"
        "s = Split(x, y); d = Dataset('d', ('a', 'b'), s, s, s, '', '')\n"
        "m = build_cnn((8, 8, 1), 2, filters=(4,), seed=0)\n"
        "res = train(m, d, epochs=15, batch_size=16, learning_rate=0.01, show_progress=False)\n"
        "print(res.backend, evaluate(m, s).accuracy > 0.95, feature_maps(m, x[0])['module1_pool'].shape)"
    )
    environment = {**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": str(PROJECT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == "jax True (4, 4, 4)", done.stderr


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("tensorflow", "__import__('tensorflow').config.experimental.tensor_float_32_execution_enabled()"),
        ("jax", "__import__('jax').config.jax_default_matmul_precision != 'highest'"),
        (
            "torch",
            "__import__('torch').backends.cudnn.allow_tf32 or __import__('torch').backends.cuda.matmul.allow_tf32",
        ),
    ],
)
def test_no_backend_rounds_factors_on_a_gpu(name, asked):
    pytest.importorskip(name, reason=f"{name} is not installed; it is optional")
    code = f"import practicum.backend\nprint({asked}, practicum.backend.gpu_names())"
    environment = {**os.environ, "KERAS_BACKEND": name, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout.startswith("False ["), done.stderr
