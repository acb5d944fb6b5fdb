"""The command line as a person or a program meets it: output, exit status, one line for what is wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PROJECT
from PIL import Image

from practicum import cli, command_options
from practicum.cli import checking
from practicum.experiments import final_test

SMALL = ["--filters", "4,6", "--dense", "8", "--epochs", "2", "--batch-size", "8"]


def run(*arguments, capsys):
    """Exit status, standard output, standard error."""
    try:
        status = cli.main([str(argument) for argument in arguments])
    except SystemExit as leaving:  # argparse leaves this way
        status = leaving.code
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory):
    """A run folder written by the command line itself, in a process of its own, with what it printed."""
    folder = tmp_path_factory.mktemp("cli")
    for class_name, colour in (("red", (220, 20, 20)), ("blue & <b>", (20, 20, 220))):
        (folder / "photos" / class_name).mkdir(parents=True)
        for number in range(16):
            Image.new("RGB", (16, 16), tuple(c + number for c in colour)).save(
                folder / "photos" / class_name / f"{number}.png"
            )
    arguments = ["train", "--data", "photos", *SMALL, "--seed", "1", "--out", "run", "--json"]
    environment = {**os.environ, "PRACTICUM_CACHE": str(folder / "cache"), "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        [sys.executable, "-m", "practicum", *arguments], capture_output=True, text=True, cwd=folder, env=environment
    )
    return folder, done


def test_train_prints_one_json_object_on_one_line(finished_run):
    _, done = finished_run
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    summary = json.loads(done.stdout)
    assert set(summary) >= {
        *("data", "parameters", "epochs", "seconds", "seconds_to_target", "validation_accuracy"),
        *("test_accuracy", "backend", "device", "precision", "seed", "run_dir"),
    }
    assert (summary["data"], summary["epochs"], summary["seed"], summary["run_dir"]) == ("photos", 2, 1, "run")
    assert summary["precision"] in ("float32", "mixed_bfloat16"), "whichever is faster on this machine"
    assert "epoch" in done.stderr, "progress goes to standard error"


def test_train_writes_everything_about_the_run(finished_run):
    folder, done = finished_run
    run_dir = folder / "run"
    summary = json.loads(done.stdout)
    assert {path.name for path in run_dir.iterdir()} == {
        *("model.keras", "settings.json", "history.json", "result.json", "summary.json", "dataset.json"),
        *("report.html", "explorer.html", "pictures"),
    }
    assert len(json.loads((run_dir / "history.json").read_text())["loss"]) == 2
    confusion = json.loads((run_dir / "summary.json").read_text())["confusion"]
    assert sum(map(sum, confusion)) == 4
    assert sum(confusion[i][i] for i in range(2)) / 4 == summary["test_accuracy"]
    names = {path.stem for path in (run_dir / "pictures").iterdir()}
    assert names >= {"confusion", "curves", "examples", "filters_module1_conv", "filters_module2_conv"}
    assert names >= {"feature_maps_1"}
    for path in (run_dir / "pictures").iterdir():
        Image.open(path).verify()


def test_the_report_escapes_what_comes_from_the_data(finished_run):
    folder, _ = finished_run
    page = (folder / "run" / "report.html").read_text(encoding="utf-8")
    assert "blue &amp; &lt;b&gt;" in page
    assert "blue & <b>" not in page


def test_the_same_call_again_shows_the_finished_run(finished_run, monkeypatch, capsys):
    folder, done = finished_run
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PRACTICUM_CACHE", str(folder / "cache"))
    before = (folder / "run" / "model.keras").stat().st_mtime_ns
    arguments = ("train", "--data", "photos", *SMALL, "--seed", "1", "--out", "run", "--json", "--no-report")
    status, out, _ = run(*arguments, capsys=capsys)
    assert status == 0
    assert json.loads(out) == json.loads(done.stdout)
    assert (folder / "run" / "model.keras").stat().st_mtime_ns == before
    status, _, err = run(*arguments[:-2], "--epochs", "3", capsys=capsys)
    assert status == 2
    assert "epochs was 2 and is now 3" in err
    status, out, err = run(*arguments[:-2], "--epochs", "1", "--restart", "--no-report", capsys=capsys)
    assert status == 0
    assert "test accuracy" in out
    assert "model: run" in out


def test_runs_without_a_folder_get_a_new_one_each(photo_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = ("train", "--data", photo_folder, *SMALL, "--epochs", "1", "--no-report", "--recipe", "plain", "--json")
    folders = [json.loads(run(*arguments, capsys=capsys)[1])["run_dir"] for _ in range(2)]
    assert [os.path.normpath(folder) for folder in folders] == ["runs/photos-1", "runs/photos-2"]


def test_inspect_writes_a_page_and_answers(finished_run, monkeypatch, capsys):
    folder, _ = finished_run
    monkeypatch.chdir(folder)
    Image.new("RGB", (40, 30), (230, 10, 10)).save("a<i>.png")
    status, out, _ = run("inspect", "run", "--image", "a<i>.png", "--out", "pages/x.html", "--json", capsys=capsys)
    assert status == 0
    answer = json.loads(out)
    assert out.count("\n") == 1
    assert answer["answer"] in ("red", "blue & <b>")
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    page = (folder / "pages" / "x.html").read_text(encoding="utf-8")
    assert "a&lt;i&gt;.png" in page
    assert "a<i>" not in page
    assert "<h1>Inside the network: a&lt;i&gt;.png</h1>" in page
    for layer in ("module1_conv", "module1_norm", "module1_relu", "module1_pool", "module2_pool"):
        assert f"<td>{layer}</td>" in page
    status, out, _ = run("inspect", "run", "--image", "a<i>.png", capsys=capsys)
    assert status == 0
    assert out.splitlines()[1] == f"page: {Path('run', 'a<i>.html')}"


def test_inspect_with_a_grey_network(tiny_run, capsys, tmp_path):
    _, _, folder = tiny_run
    (folder / "dataset.json").write_text('{"class_names": ["left", "right"]}')
    Image.new("RGB", (30, 30), (200, 200, 200)).save(tmp_path / "x.png")
    status, out, _ = run("inspect", folder, "--image", tmp_path / "x.png", "--out", tmp_path / "p.html", capsys=capsys)
    assert status == 0
    assert out.startswith("x.png: ")


def test_doctor_on_this_machine(capsys):
    status, out, _ = run("doctor", capsys=capsys)
    assert status == 0
    assert out.splitlines()[-1].startswith("This machine is ready")
    status, out, _ = run("doctor", "--json", capsys=capsys)
    assert status == 0
    report = json.loads(out)
    assert report["ready"] is True
    assert {finding["what"] for finding in report["findings"]} >= {"Python", "packages", "device", "data"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--data", "nothere"], "'nothere' is no dataset, folder or archive"),
        (["train", "--filters", "0"], "--filters: expected whole numbers above 0"),
        (["train", "--filters", "a,b"], "got 'a,b'"),
        (["train", "--filters", "32,64,128,256,512,512,512"], "1 to 6 of them. Received 7"),
        (["train", "--filters", "8,8,8,8,8,8"], "max pooling of module 6 leaves nothing"),
        (["train", "--epochs", "-1"], "--epochs: expected a whole number above 0; got '-1'"),
        (["train", "--epochs", "many"], "--epochs: expected a whole number above 0; got 'many'"),
        (["train", "--target-accuracy", "70"], "target_accuracy must be above 0, at most 1"),
        (["train", "--time-budget", "-5"], "time_budget must be seconds, more than 0"),
        (["train", "--dropout", "1"], "up to, but not including, 1"),
        (["train", "--data", "emoji", "--image-size", "64"], "emoji has a size of its own"),
        (["train", "--recipe", "slow"], "invalid choice: 'slow'"),
        (["train", "--data", "empty"], "holds no images"),
        (["train", "--data", "text.zip"], "neither a folder nor a .zip or .tar"),
        (["train", "--out", "text.zip"], "is a file"),
        (["train", "--nonsense"], "unrecognized arguments: --nonsense"),
        (["inspect", "nowhere", "--image", "x.png"], "holds no finished training"),
        (["inspect", "nowhere"], "the following arguments are required: --image"),
        (["dance"], "invalid choice: 'dance'"),
        ([], "required: COMMAND"),
    ],
)
def test_wrong_use_is_one_line_and_status_two(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zip").write_text("no archive")
    status, out, err = run(*arguments, capsys=capsys)
    assert status == 2
    assert out == ""
    assert message in err
    assert err.count("\n") == 1
    assert err.startswith("practicum: ")
    assert "Traceback" not in err


def test_inspect_refuses_what_is_no_image(finished_run, capsys, monkeypatch):
    folder, _ = finished_run
    monkeypatch.chdir(folder)
    (folder / "text.png").write_text("hello")
    for name, message in (("text.png", "cannot be read as an image"), ("missing.png", "there is no image file")):
        status, out, err = run("inspect", "run", "--image", name, capsys=capsys)
        assert (status, out) == (2, "")
        assert message in err
        assert err.count("\n") == 1


def test_what_fails_inside_is_one_line_and_status_one(monkeypatch, capsys):
    def fail(options, given):
        raise RuntimeError("no space\nleft")

    monkeypatch.setattr(checking, "_doctor", fail)
    assert run("doctor", capsys=capsys) == (
        *(1, ""),
        "practicum: RuntimeError: no space left (PRACTICUM_DEBUG=1 shows where)\n",
    )
    monkeypatch.setenv("PRACTICUM_DEBUG", "1")
    with pytest.raises(RuntimeError):
        cli.main(["doctor"])


def test_interrupt_is_one_line(monkeypatch, capsys):
    def interrupt(options, given):
        raise KeyboardInterrupt

    monkeypatch.setattr(checking, "_doctor", interrupt)
    assert run("doctor", capsys=capsys) == (1, "", "practicum: interrupted\n")


def test_help_has_examples(capsys):
    status, out, _ = run("--help", capsys=capsys)
    assert status == 0
    assert "python -m practicum train --data emoji" in out
    for command in ("train", "inspect", "doctor"):
        assert run(command, "--help", capsys=capsys)[0] == 0


def test_sweep_trains_each_combination_and_names_the_smallest(finished_run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(finished_run[0])
    table = tmp_path / "sweep.csv"
    arguments = ["sweep", "--data", "photos", "--filters", "2", "--filters", "2,4", "--dense", "none", "--dense", "4"]
    arguments += ["--seeds", "2", "--epochs", "1", "--batch-size", "8", "--workers", "1", "--out", table]
    status, out, error = run(*arguments, "--json", capsys=capsys)
    assert status == 0, error
    assert out.count("\n") == 1
    answer = json.loads(out)
    assert (answer["data"], answer["runs"], answer["wanted"], answer["failed"]) == ("photos", 8, 8, 0)
    lines = table.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 9
    header = lines[0].split(",")
    assert {"filters", "seed", "validation_accuracy", "multiply_adds"} <= set(header)
    assert answer["chosen"]["dense_units"] in ([], [4])
    assert "8 of 8 runs" in error
    tested = final_test("photos", answer["chosen"], show_progress=False).accuracy
    assert answer["test_accuracy"] == pytest.approx(tested)

    status, out, error = run(*arguments, capsys=capsys)
    assert status == 0
    assert "8 runs, of which 8 are done" in error
    assert "The cheapest within 1 point of the best:" in out
    assert f"took no part in any of this: {tested:.1%}." in out
    status, out, error = run(*arguments, "--no-test", "--tolerance", "0.02", capsys=capsys)
    assert "The cheapest within 2 points of the best:" in out
    assert "took no part" not in out
    assert json.loads(run(*arguments, "--no-test", "--json", capsys=capsys)[1])["test_accuracy"] is None
    assert table.read_text(encoding="utf-8").splitlines() == lines


def test_sweep_refuses_a_network_that_cannot_be(tmp_path, capsys):
    arguments = ["sweep", "--filters", "4,4,4,4,4,4,4", "--filters", "4", "--out", tmp_path / "sweep.csv"]
    status, out, error = run(*arguments, capsys=capsys)
    assert (status, out) == (2, "")
    assert error.startswith("practicum: sweep: there is no network of filters=4,4,4,4,4,4,4: ")
    assert error.count("\n") == 1


def test_sweep_arguments_of_remedies_against_overfitting():
    words = "sweep --filters 4 --augment no --augment yes --batch-norm yes --weight-decay 0 --weight-decay 0.5"
    options = cli.command_line().parse_args([*words.split(), "--training-images", "300", "--out", "sweep.csv"])
    varied, _ = command_options.sweep_arguments(options)
    assert varied == {
        "filters": [(4,)],
        "weight_decay": [0.0, 0.5],
        "batch_norm": [True],
        "augment": [False, True],
        "training_images": [300],
    }
