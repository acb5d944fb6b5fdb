"""The commands train, sweep and inspect."""

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import Any

from practicum import command_options
from practicum.cli.saying import DONE, FAILED, add_command, complain, print_json
from practicum.machine import several_processes


def add_learning(commands: Any) -> None:
    """Add them to the parser."""
    train = add_command(
        commands,
        "train",
        help="train a CNN and write a report about it",
        description="Train a CNN on a dataset; write the model, its history, pictures and report.html.",
        example="train --data emoji --filters 32,64,128 --dense 64 --out runs/a",
    )
    command_options.add_to_train(train)
    train.set_defaults(run=_train)

    sweep = add_command(
        commands,
        "sweep",
        help="train many networks, and find the smallest that does the job",
        description="Train a network of each combination of what is given several times, with each seed, and write a "
        "row for each as it ends. The same command goes on after a break.",
        example="sweep --data emoji --filters 4,8 --filters 8,16 --seeds 3 --epochs 5 --out sweep.csv",
    )
    command_options.add_to_sweep(sweep)
    sweep.set_defaults(run=_sweep)

    inspect = add_command(
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
            distribution.leave(complain(str(error), FAILED))
        raise
    if several and not distribution.is_first():
        return FAILED if result.stopped_by == "interrupt" or not result.best_epoch else DONE
    if result.stopped_by == "interrupt":
        words = [word for word in given if word != "--restart"]
        again = shlex.join([*words, *([] if options.out else ["--out", str(run_dir)])])
        return complain(f"interrupted; to go on: python -m practicum {again}", FAILED)
    if not result.best_epoch:
        return complain(f"stopped before the first epoch was through ({result.stopped_by})", FAILED)
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
        print_json(summary)
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
        return complain(f"no run came to its end. {failed[0] if failed else ''}", FAILED)
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
        print_json({**facts, "test_accuracy": accuracy})
    elif accuracy is not None:
        print(f"Trained once more, and tested on images that took no part in any of this: {accuracy:.1%}.")
    return DONE if len(results) == wanted or options.time_budget else FAILED


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
        print_json({"image": str(options.image), "answer": answer, "probabilities": shares, "page": str(page)})
    else:
        print(f"{options.image.name}: {answer} ({probabilities.max():.1%})")
        print(f"page: {page}")
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
