"""The direction of imports, and what importing costs."""

import ast
import subprocess
import sys

import pytest
from conftest import PROJECT

PACKAGE = PROJECT / "practicum"
LESSONS = {f"lessons.{path.stem}" for path in (PACKAGE / "lessons").glob("lesson_*.py")}
# Lower may not import higher. Modules on one line do not import each other.
LAYERS = [
    {"bundle.targets", "static.bundle.start", "course_files"},
    {
        "course_files",
        "findings",
        "machine",
        "chance",
        "paper",
        "progress",
        "answers",
        "badges",
        "lessons",
        "significance",
    },
    {
        "bundle.lock",
        "bundle.words",
        "learner_copies",
        "dataset",
        "pixel_files",
        "locks",
        "tallies",
        "backend",
        "checkpoints",
        "pace",
        "recipes",
        "tiles",
        "painting",
        "image_checks",
        "reference",
        "anatomy",
        "sheets",
        "pages",
        "archives",
        "connection",
        "arguments",
        "reasons",
        "kinds",
        "duplicates",
        "tar_list",
        "layout",
        "experiments.configurations",
        "experiments.forecast",
    },
    {
        "bundle.course",
        "cache",
        "checked_files",
        "decoding",
        "census",
        "formats",
        "batches",
        "model_files",
        "data_plots",
        "heat_plots",
        "maximised_plots",
        "inspection_plots",
        "training_film",
        "shapes",
        "evaluation",
        "runs",
        "compiling",
        "experiments.table",
        "experiments.fewer",
        "dot_plots",
        "network_page",
        "inspection.walk",
        "inspection.tracing",
        "inspection.likeness",
    },
    {
        "bundle.sums",
        "learner",
        "handed_in",
        "feedback",
        "transfer",
        "marks",
        "files",
        "workers",
        "distribution",
        "explorer",
        "model",
        "experiments.means",
        "places",
        "remote",
        "inspection.filters",
        "inspection.compiled",
    },
    {
        "bundle.wheels",
        "folder",
        "coach",
        "download",
        "experiments.choosing",
        "inspection.maps",
        "inspection.heat",
        "exercises",
    },
    {
        "bundle.datasets",
        "command_options",
        "experiment_plots",
        "factor_plots",
        "experiments.live",
        "inspection.pointing",
        "inspection.sanity",
        "inspection.ablation",
        "inspection.strongest",
        "inspection.maximisation",
        "inspection.embedding",
        "inspection.snapshots",
        *LESSONS,
    },
    {"bundle", "data", "training", "inspection", "plots"},
    {"report", "package_checks", "machine_checks", "data_checks", "audit", "experiments.one_run"},
    {"checks", "class_progress", "experiments.cluster", "experiments.final"},
    {"doctor", "class_page", "experiments.sweeping"},
    {"experiments"},
    {"cli.saying"},
    {"cli.bundling"},
    {"cli.checking", "cli.learning", "cli.workshop"},
    {"cli"},
    {"__main__"},
]
NO_TENSORFLOW = {
    *(
        "plots",
        "tiles",
        "data",
        "dataset",
        "cache",
        "decoding",
        "folder",
        "formats",
        "pixel_files",
        "progress",
        "recipes",
    ),
    *("reference", "explorer", "network_page", "anatomy", "sheets", "pages"),
    *("paper", "data_plots", "heat_plots", "inspection_plots", "image_checks", "chance", "painting", "shapes", "marks"),
    *("maximised_plots", "experiment_plots", "factor_plots", "dot_plots"),
    *("archives", "connection", "checked_files", "remote", "places", "download"),
    *("answers", "exercises", "feedback", "learner", "learner_copies", *LESSONS),
    *("tallies", "handed_in", "class_progress", "class_page", "bundle"),
    *("audit", "census", "duplicates", "files", "kinds", "layout", "reasons", "tar_list", "workers"),
}
PRINTS = {"cli.saying", "cli.bundling", "cli.checking", "cli.learning", "cli.workshop", "progress"}


BACKENDS = {"backend", "distribution", "inspection.tracing"}  # where Keras's backends are asked themselves


def modules():
    """The package's modules by name: "cli", "inspection" (the folder's __init__), "inspection.heat", …"""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def imported(tree):
    """Names of the practicum's modules that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("practicum"):
            inside = node.module.removeprefix("practicum").lstrip(".")
            found |= {inside} if inside else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("practicum.")}
    return found - {"__version__"}


def test_every_module_has_its_layer():
    assert set(modules()) - {"__init__"} == set.union(*LAYERS)


def test_imports_go_one_way():
    level = {name: number for number, names in enumerate(LAYERS) for name in names}
    for name, tree in modules().items():
        for other in imported(tree):
            assert level[other] < level[name], f"{name} imports {other}"


def reach(name, trees):
    found, todo = set(), {name}
    while todo:
        current = todo.pop()
        found.add(current)
        todo |= imported(trees[current]) - found
    return found


@pytest.mark.parametrize("name", sorted(NO_TENSORFLOW))
def test_these_modules_do_without_tensorflow(name):
    trees = modules()
    assert "backend" not in reach(name, trees)


def test_keras_comes_from_the_backend_module_only():
    for name, tree in modules().items():
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            heavy = {part.split(".")[0] for part in names} & {"keras", "tensorflow", "jax", "torch"}
            assert not heavy or name in BACKENDS, f"{name} imports {heavy}"


def test_only_the_command_line_and_the_progress_print():
    for name, tree in modules().items():
        calls = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        ]
        assert not calls or name in PRINTS, name


def test_modules_can_be_read_in_one_sitting():
    for path in PACKAGE.rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path.name


def test_importing_the_package_is_cheap():
    code = (
        "import sys; import practicum; "
        "print([name for name in ('tensorflow', 'keras', 'matplotlib', 'numpy', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True)
    assert done.stdout.strip() == "[]"


def test_help_needs_nothing_heavy():
    code = (
        "import sys; from practicum.cli import command_line; command_line().format_help();"
        "print([name for name in ('tensorflow', 'matplotlib', 'numpy', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True)
    assert done.stdout.strip() == "[]"
