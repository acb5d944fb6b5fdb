"""The command line: `python -m practicum`. The only module that prints results and decides exit statuses."""

import argparse
import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from practicum import __version__, command_options
from practicum.machine import several_processes

DONE, FAILED, WRONG_USE = 0, 1, 2

EXAMPLES = """\
examples:
  python -m practicum doctor
  python -m practicum train --data emoji --epochs 10 --out runs/a
  python -m practicum train --data photos.zip --target-accuracy 0.7 --time-budget 120 --json --out runs/b
  python -m practicum inspect runs/a --image cat.jpg --out cat.html
  python -m practicum sweep --data emoji --filters 4,8 --filters 8,16 --seeds 3 --epochs 5 --out sweep.csv
  python -m practicum fetch cifar10 --to /media/usb

exit status: 0 done, 1 failed, 2 wrong use or unusable input
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; give its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    try:
        return options.run(options, given)
    except (ValueError, FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        if os.environ.get("PRACTICUM_DEBUG"):
            raise
        from practicum.checked_files import FetchError

        return _complain(str(error), FAILED if isinstance(error, FetchError) else WRONG_USE)
    except KeyboardInterrupt:
        return _complain("interrupted", FAILED)
    except BrokenPipeError:
        # Whoever read our output has had enough; closing it again at exit would fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return FAILED
    except Exception as error:
        if os.environ.get("PRACTICUM_DEBUG"):
            raise
        from practicum.checkpoints import TrainingError

        if isinstance(error, TrainingError):
            return _complain(str(error), FAILED)
        return _complain(f"{type(error).__name__}: {error} (PRACTICUM_DEBUG=1 shows where)", FAILED)


def _complain(message: str, status: int) -> int:
    print(f"practicum: {' '.join(message.split())}", file=sys.stderr)
    return status


class _OneLineParser(argparse.ArgumentParser):
    """Answers wrong use in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(_complain(f"{message}. {self.prog} --help lists what there is.", WRONG_USE))


def _parser() -> argparse.ArgumentParser:
    parser = _OneLineParser(
        prog="python -m practicum",
        description="Train a convolutional neural network, and look inside it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"practicum {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    doctor = commands.add_parser("doctor", help="is this machine ready?", description="Is this machine ready?")
    doctor.add_argument("--json", action="store_true", help="print one JSON object on one line")
    doctor.set_defaults(run=_doctor)

    train = _command(
        commands,
        "train",
        help="train a CNN and write a report about it",
        description="Train a CNN on a dataset; write the model, its history, pictures and report.html.",
        example="train --data emoji --filters 32,64,128 --dense 64 --out runs/a",
    )
    command_options.add_to_train(train)
    train.set_defaults(run=_train)

    sweep = _command(
        commands,
        "sweep",
        help="train many networks, and find the smallest that does the job",
        description="Train a network of each combination of what is given several times, with each seed, and write a "
        "row for each as it ends. The same command goes on after a break.",
        example="sweep --data emoji --filters 4,8 --filters 8,16 --seeds 3 --epochs 5 --out sweep.csv",
    )
    command_options.add_to_sweep(sweep)
    sweep.set_defaults(run=_sweep)

    audit = _command(
        commands,
        "audit",
        help="what becomes of each file of a folder of images",
        description="List every file of a folder or archive of class folders: used, or left out and why. Nothing in it "
        "is changed.",
        example="audit photos/ --out audit.html",
    )
    audit.add_argument("folder", type=Path, metavar="FOLDER", help="a folder, .zip or .tar of class folders")
    audit.add_argument("--image-size", type=int, metavar="PIXELS", help="height and width that train will be told")
    audit.add_argument("--seed", type=int, default=0, help="the seed that train will be told (default: 0)")
    audit.add_argument("--out", type=Path, metavar="PAGE", help="write it as an HTML page, too")
    audit.add_argument("--json", action="store_true", help="print one JSON object on one line, with every file by name")
    audit.set_defaults(run=_audit)

    inspect = _command(
        commands,
        "inspect",
        help="see what a trained network makes of an image",
        description="Write a page on which every value of a trained network can be clicked, for one image: how it was "
        "calculated, from the answer back to the pixels.",
        example="inspect runs/a --image cat.jpg --out cat.html",
    )
    inspect.add_argument("run_dir", type=Path, metavar="RUN_DIR", help="folder of a finished training")
    inspect.add_argument("--image", type=Path, required=True, help="an image file")
    inspect.add_argument("--out", type=Path, metavar="PAGE", help="where to write (default: RUN_DIR/IMAGE.html)")
    inspect.add_argument("--json", action="store_true", help="print one JSON object on one line")
    inspect.set_defaults(run=_inspect)

    fetch = _command(
        commands,
        "fetch",
        help="fetch datasets for later, or for a folder that is handed round",
        description="Fetch datasets, check them, and keep them in the cache or in a folder. What was interrupted "
        "goes on where it was when the same command is given again.",
        example="fetch cifar10 fashion_mnist --to /media/usb",
    )
    fetch.add_argument("names", nargs="*", metavar="NAME", help="cifar10, fashion_mnist, cats_vs_dogs")
    fetch.add_argument("--all", action="store_true", help="all of them (265 MB)")
    fetch.add_argument(
        "--to",
        type=Path,
        metavar="DIR",
        help="put the files there, for PRACTICUM_DATA=DIR to make them found (default: the cache)",
    )
    fetch.add_argument("--json", action="store_true", help="print one JSON object on one line")
    fetch.set_defaults(run=_fetch)

    workshop = commands.add_parser("workshop", help="for instructors: the learner's copies of the notebooks")
    build = _command(
        workshop.add_subparsers(title="workshop commands", metavar="COMMAND", required=True),
        "build",
        help="write the learner's copies of the notebooks",
        description="Write the learner's copies of the solved notebooks, with stubs in place of solutions.",
        example="workshop build --repository https://github.com/NAME/cnn-practicum",
    )
    command_options.add_to_workshop_build(build)
    build.set_defaults(run=_workshop_build)
    return parser


def _command(commands: Any, name: str, *, help: str, description: str, example: str) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=help,
        description=description,
        epilog=f"example:\n  python -m practicum {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _doctor(options: argparse.Namespace, given: list[str]) -> int:
    from practicum.doctor import examine

    findings = examine()
    healthy = all(finding.state != "problem" for finding in findings)
    if options.json:
        _print_json({"ready": healthy, "findings": [vars(finding) for finding in findings]})
    else:
        signs = {"ok": "ok      ", "warning": "warning ", "problem": "PROBLEM "}
        for finding in findings:
            print(f"{signs[finding.state]} {finding.what:<10} {finding.found}")
            if finding.advice:
                print(f"{'':20}→ {finding.advice}")
        print("This machine is ready." if healthy else "This machine is not ready yet; mend the problems from the top.")
    return DONE if healthy else FAILED


def _train(options: argparse.Namespace, given: list[str]) -> int:
    several = options.distribute and several_processes()
    if several:
        from practicum import distribution

        distribution.initialize()
    from practicum import data

    dataset = data.load(options.data, image_size=options.image_size, seed=options.seed)
    for remark in dataset.remarks:
        print(f"note: {remark}", file=sys.stderr)

    # What needs TensorFlow is imported once the data is known to be good: a typing error is answered at once.
    from practicum import report, runs, training
    from practicum.model import build_cnn

    of_network, of_training = command_options.train_arguments(options, len(dataset.train))
    model = build_cnn(dataset.image_shape, len(dataset.class_names), **of_network)
    run_dir = options.out or _new_run_dir(dataset.name)
    try:
        result = training.train(model, dataset, run_dir=run_dir, **of_training)
    except training.TrainingError as error:
        if several:
            distribution.leave(_complain(str(error), FAILED))
        raise
    if several and not distribution.is_first():
        return FAILED if result.stopped_by == "interrupt" or not result.best_epoch else DONE
    if result.stopped_by == "interrupt":
        words = [word for word in given if word != "--restart"]
        again = shlex.join([*words, *([] if options.out else ["--out", str(run_dir)])])
        return _complain(f"interrupted; to go on: python -m practicum {again}", FAILED)
    if not result.best_epoch:
        return _complain(f"stopped before the first epoch was through ({result.stopped_by})", FAILED)
    evaluation = training.evaluate(model, dataset.test, dataset.class_names)
    runs.write_json(run_dir / "dataset.json", {"class_names": dataset.class_names, "data": options.data})
    summary = {
        "data": dataset.name,
        "parameters": result.parameters,
        "epochs": result.epochs,
        "seconds": round(result.seconds, 2),
        "seconds_to_target": result.seconds_to_target and round(result.seconds_to_target, 2),
        "validation_accuracy": result.validation_accuracy,
        "test_accuracy": evaluation.accuracy,
        "test_loss": evaluation.loss,
        "stopped_by": result.stopped_by,
        "backend": result.backend,
        "device": result.device,
        "precision": result.precision,
        "seed": result.seed,
        "run_dir": str(run_dir),
    }
    runs.write_json(run_dir / "summary.json", {**summary, "confusion": evaluation.confusion.tolist()})
    if not options.no_report:
        print("drawing the report …", file=sys.stderr, flush=True)
        command = "python -m practicum " + shlex.join(given)
        page = report.write_report(run_dir, model, dataset, result, evaluation, command=command)
    if options.json:
        _print_json(summary)
        return DONE
    print(f"test accuracy {evaluation.accuracy:.1%} on {len(evaluation.labels):,} images it has never seen")
    print(f"trained for {result.seconds:.0f} s on {result.device}")
    print(f"report: {page}" if not options.no_report else f"model: {run_dir / runs.MODEL_FILE}")
    return DONE


def _sweep(options: argparse.Namespace, given: list[str]) -> int:
    from practicum import experiments
    from practicum.experiments.choosing import in_points

    varied, fixed = command_options.sweep_arguments(options)
    configurations = experiments.grid(**varied)
    results = experiments.sweep(
        options.data,
        configurations,
        seeds=options.seeds,
        out=options.out,
        time_budget=options.time_budget,
        workers=options.workers,
        scheduler=options.scheduler,
        **fixed,
    )
    failed = [run for run in results.runs if run.error]
    if len(failed) == len(results):
        return _complain(f"no run came to its end. {failed[0] if failed else ''}", FAILED)
    choice = experiments.smallest_within(results, options.tolerance)
    wanted = len(configurations) * options.seeds
    counts = {"runs": len(results), "wanted": wanted, "failed": len(failed)}
    if not options.json:
        points = in_points(options.tolerance)
        print(f"{results}\n\nThe cheapest within {points} of the best:\n{choice}")
        for run in failed:
            print(run)
    accuracy = None
    if len(results) == wanted and not options.no_test:  # when everything is decided
        accuracy = experiments.final_test(options.data, choice.configuration, show_progress=False).accuracy
    if options.json:
        facts = {"data": results.runs[0].data, "out": str(options.out), **counts, **choice.to_dict()}
        _print_json({**facts, "test_accuracy": accuracy})
    elif accuracy is not None:
        print(f"Trained once more, and tested on images that took no part in any of this: {accuracy:.1%}.")
    return DONE if len(results) == wanted or options.time_budget else FAILED


def _audit(options: argparse.Namespace, given: list[str]) -> int:
    from practicum.audit import audit

    found = audit(options.folder, image_size=options.image_size, seed=options.seed)
    if options.out:
        found.save(options.out)
    if options.json:
        _print_json(found.to_dict())
    else:
        print(f"{found}\n\npage: {options.out}" if options.out else found)
    return FAILED if found.problem else DONE


def _inspect(options: argparse.Namespace, given: list[str]) -> int:
    from practicum import decoding

    facts = _run_facts(options.run_dir)
    if not options.image.is_file():
        raise ValueError(f"inspect: there is no image file {options.image}")
    content = options.image.read_bytes()
    try:
        decoding.decode_image(content)
    except ValueError as error:
        raise ValueError(f"inspect: {options.image} cannot be read as an image ({error})") from None

    from practicum import explorer, runs, training
    from practicum.model_files import load_network

    model = load_network(options.run_dir / runs.MODEL_FILE)
    height, width, channels = model.input_shape[1:]
    image = decoding.decode_image(content, (height, width))
    if channels == 1:
        image = decoding.to_grey(image)
    names = tuple(facts["class_names"])
    probabilities = training.predict(model, image[None])[0]
    title = f"Inside the network: {options.image.name}"
    page = explorer.network(model, image, class_names=names, title=title).save(
        options.out or options.run_dir / f"{options.image.stem}.html"
    )
    answer = names[probabilities.argmax()]
    if options.json:
        shares = {name: round(float(share), 6) for name, share in zip(names, probabilities, strict=True)}
        _print_json({"image": str(options.image), "answer": answer, "probabilities": shares, "page": str(page)})
    else:
        print(f"{options.image.name}: {answer} ({probabilities.max():.1%})")
        print(f"page: {page}")
    return DONE


def _fetch(options: argparse.Namespace, given: list[str]) -> int:
    from practicum import download

    if bool(options.names) == options.all:
        raise ValueError("fetch: name datasets, or give --all: " + ", ".join(download.DATASETS))
    names = list(download.DATASETS) if options.all else list(dict.fromkeys(options.names))
    for name in names:
        download.published(name)  # a slip is answered before anything is fetched
    paths: dict[str, str] = {}
    failed: dict[str, str] = {}
    for name in names:
        try:
            paths[name] = str(download.fetch(name, options.to))
        except download.FetchError as error:
            failed[name] = str(error)
        except KeyboardInterrupt:
            return _complain("interrupted; what has come is kept, and the same command goes on from there", FAILED)
    if options.json:
        _print_json({"fetched": paths, "failed": failed})
    else:
        for name, path in paths.items():
            print(f"{name}: {path}")
        if options.to and paths:
            print(f"To use it, set the environment variable PRACTICUM_DATA={options.to.expanduser().resolve()}")
    return _complain(" | ".join(failed.values()), FAILED) if failed else DONE


def _workshop_build(options: argparse.Namespace, given: list[str]) -> int:
    from practicum.learner_copies import build

    changed = build(options.notebooks, options.repository)
    names = [str(path) for path in changed]
    _print_json({"changed": names}) if options.json else print("\n".join(names) or "nothing to change")
    return DONE


def _run_facts(run_dir: Path) -> dict[str, Any]:
    """What the run folder says of its data."""
    if not (run_dir / "model.keras").is_file() or not (run_dir / "dataset.json").is_file():
        raise ValueError(
            f"inspect: {run_dir} holds no finished training (model.keras, dataset.json); train one with --out {run_dir}"
        )
    return json.loads((run_dir / "dataset.json").read_text(encoding="utf-8"))


def _new_run_dir(name: str) -> Path:
    stem = "".join(letter if letter.isalnum() else "_" for letter in name)
    number = 1
    while (folder := Path("runs") / f"{stem}-{number}").exists():
        number += 1
    return folder


def _print_json(content: dict[str, Any]) -> None:
    print(json.dumps(content, ensure_ascii=False))
