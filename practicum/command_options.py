"""The options of those commands that have many: train and sweep."""

import argparse
from pathlib import Path
from typing import Any

from practicum.arguments import count, numbers, numbers_or_none, one_or_list
from practicum.recipes import RECIPES

UNLIMITED = 100_000  # epochs


def add_to_train(train: argparse.ArgumentParser) -> None:
    """Give the parser its options."""
    add = train.add_argument
    add(
        "--data",
        default="emoji",
        help="a dataset name, or a folder or archive of class folders (default: emoji)",
    )
    add("--image-size", type=int, metavar="PIXELS", help="resize a folder's images to this height and width")
    add(
        "--recipe",
        choices=sorted(RECIPES),
        default="fast",
        help="fast: the best known; plain: the bare network of the lesson (default: fast)",
    )
    add("--filters", type=numbers, metavar="N,N,…", help="filters of each module (default: the recipe's)")
    add(
        "--kernel-size",
        type=numbers,
        default=(3,),
        metavar="N[,N…]",
        help="side of the filters, one for all or one a module (default: 3)",
    )
    add("--padding", choices=("same", "valid"), default="same", help="zeros around the image, or none (default: same)")
    add(
        "--pool-size",
        type=numbers,
        default=(2,),
        metavar="N[,N…]",
        help="side of the pooling tiles, one for all or one a module (default: 2)",
    )
    add(
        "--dense",
        type=numbers_or_none,
        default=(64,),
        metavar="N,N,…",
        help='units of each fully connected layer, or "none" (default: 64)',
    )
    add("--dropout", type=float, help="share of units switched off in training (default: the recipe's)")
    add("--epochs", type=count, help="passes over the training images, at most (default: the recipe's)")
    add("--batch-size", type=count, help="images a step (default: the recipe's)")
    add("--target-accuracy", type=float, metavar="SHARE", help="stop at this validation accuracy, 0 to 1")
    add("--time-budget", type=float, metavar="SECONDS", help="stop after about so many seconds")
    add("--precision", choices=("auto", "float32", "mixed_bfloat16", "mixed_float16"), default="auto")
    add("--seed", type=int, default=0, help="makes a run repeatable (default: 0)")
    add(
        "--distribute",
        action="store_true",
        help="share the work among all GPUs of this machine, or among the processes that KERAS_DISTRIBUTION_… name",
    )
    add(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="where to write; a finished run in it is shown, not repeated (default: a new folder in runs/)",
    )
    add("--restart", action="store_true", help="train anew although FOLDER holds a run")
    add("--no-report", action="store_true", help="write no pictures and no report.html")
    add("--json", action="store_true", help="print one JSON object on one line")


def train_arguments(options: argparse.Namespace, images: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """How to build and how to train the network: arguments of build_cnn and train.

    Args:
        options: of train.
        images: how many there are to train on.
    """
    recipe = RECIPES[options.recipe]
    network = {
        "filters": options.filters or recipe.filters,
        "kernel_size": one_or_list(options.kernel_size),
        "padding": options.padding,
        "pool_size": one_or_list(options.pool_size),
        "dense_units": options.dense,
        "dropout": recipe.dropout if options.dropout is None else options.dropout,
        "batch_norm": recipe.batch_norm,
        "global_pooling": recipe.global_pooling,
        "seed": options.seed,
    }
    training = {
        # Within a time budget there is no reason to do fewer epochs than fit into it.
        "epochs": options.epochs or (UNLIMITED if options.time_budget else recipe.epochs_for(images)),
        "target_accuracy": options.target_accuracy,
        "time_budget": options.time_budget,
        "augment": recipe.augment,
        "precision": options.precision,
        "batch_size": recipe.batch_size if options.batch_size is None else options.batch_size,
        "learning_rate": recipe.learning_rate,
        "weight_decay": recipe.weight_decay,
        "label_smoothing": recipe.label_smoothing,
        "restart": options.restart,
        "seed": options.seed,
        "distribute": "auto" if options.distribute else None,
    }
    return network, training


def add_to_sweep(sweep: argparse.ArgumentParser) -> None:
    """Give the parser its options."""
    add = sweep.add_argument
    add("--data", default="emoji", help="a dataset name, or a folder or archive of class folders (default: emoji)")
    add(
        "--filters",
        type=numbers,
        action="append",
        required=True,
        metavar="N,N,…",
        help="filters of each module; several times, to compare",
    )
    add("--kernel-size", type=numbers, action="append", metavar="N[,N…]", help="side of the filters; several times")
    add("--dense", type=numbers_or_none, action="append", metavar="N,N,…", help='units, or "none"; several times')
    add("--dropout", type=float, action="append", help="share of units switched off in training; several times")
    add("--learning-rate", type=float, action="append", help="at its peak; several times")
    add("--weight-decay", type=float, action="append", help="how strongly weights are pulled to zero; several times")
    add("--batch-norm", choices=("no", "yes"), action="append", help="normalise feature maps; twice, to compare")
    add("--augment", choices=("no", "yes"), action="append", help="change the images a little; twice, to compare")
    add(
        "--training-images",
        type=count,
        action="append",
        metavar="N",
        help="learn from so many only, of each class its share; several times (default: all)",
    )
    add("--epochs", type=count, help="passes over the training images (default: 10)")
    add("--batch-size", type=count, help="images a step (default: 64)")
    add("--seeds", type=count, default=3, help="how many for each network (default: 3)")
    add("--time-budget", type=float, metavar="SECONDS", help="begin no run that would end later")
    add("--workers", type=count, help="runs at a time (default: one a core; 1 with a GPU)")
    add("--scheduler", metavar="ADDRESS", help="compute on the workers of this Dask scheduler: tcp://host:8786")
    add("--tolerance", type=float, default=0.01, help="how much less accuracy than the best's will do (default: 0.01)")
    add("--out", type=Path, required=True, metavar="FILE", help="the table, a CSV file; what stands in it is kept")
    add("--no-test", action="store_true", help="do not train the chosen network once more for the test images")
    add("--json", action="store_true", help="print one JSON object on one line")


def add_to_workshop_build(parser: argparse.ArgumentParser) -> None:
    """The options of `workshop build`."""
    add = parser.add_argument
    add("--repository", metavar="URL", help="where the course is published; written into all notebooks, with links")
    add("--branch", metavar="NAME", help="of it (default: main; without --repository, the one in the notebooks)")
    add("--notebooks", type=Path, default=Path("notebooks"), metavar="DIR", help="their folder (default: notebooks)")
    add("--json", action="store_true", help="print one JSON object on one line")


def sweep_arguments(options: argparse.Namespace) -> tuple[dict[str, Any], dict[str, Any]]:
    """What grid is to combine, and what all runs have in common: arguments of build_cnn and train."""
    varied = {
        "filters": options.filters,
        "kernel_size": options.kernel_size and [one_or_list(size) for size in options.kernel_size],
        "dense_units": options.dense,
        "dropout": options.dropout,
        "learning_rate": options.learning_rate,
        "weight_decay": options.weight_decay,
        "batch_norm": options.batch_norm and [answer == "yes" for answer in options.batch_norm],
        "augment": options.augment and [answer == "yes" for answer in options.augment],
        "training_images": options.training_images,
    }
    fixed = {"epochs": options.epochs, "batch_size": options.batch_size}
    return (
        {name: values for name, values in varied.items() if values},
        {name: value for name, value in fixed.items() if value is not None},
    )
