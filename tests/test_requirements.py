"""What is installed: the files that say so agree, every file that the lock lets in has a hash, known holes are closed.

Nothing is asked of the network; what needs it is `make lock` and `make audit`.
"""

import ast
import re
import sys
import tomllib
from functools import cache
from importlib import metadata

import pytest
from conftest import PROJECT
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

# Below these, something is known that a course should not hand on; make audit says what else there is.
FLOORS = {
    "keras": "3.15.1",  # what opens model files
    "pillow": "12.3",  # what opens images
    "jupyter-server": "2.20",  # what opens notebooks
}
FOR_LEARNERS = {"jupyterlab", "nbval", "pytest"}  # in requirements.txt, beside what the package itself needs
BUILD = {"hatchling", "editables"}  # what `pip install -e .` uses; see the Makefile
# What the package imports and does not declare, because it always comes with something that it does, or is a choice.
BROUGHT_BY = {"h5py": "keras", "markupsafe": "jinja2", "packaging": "keras"}
CHOICES = {"IPython", "distributed", "jax", "torch"}  # in a notebook, for a cluster, as Keras's backend
MACHINES = [  # the least of each Python that the course supports, on each system
    {
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
        "sys_platform": sys_platform,
        "os_name": os_name,
        "platform_system": system,
        "platform_machine": machine,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }
    for python in ("3.11.0", "3.11.2", "3.11.9", "3.12.0", "3.13.0")
    for sys_platform, os_name, system, machine in (
        ("linux", "posix", "Linux", "x86_64"),
        ("darwin", "posix", "Darwin", "arm64"),
        ("win32", "nt", "Windows", "AMD64"),
    )
]


def lines_of(name):
    """A requirements file without comments and empty lines; lines that go on in the next one are put together."""
    text = (PROJECT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def requirements_in(name):
    """Those that a file names itself, without what it includes and without hashes."""
    own = [line for line in lines_of(name) if not line.startswith("-")]
    return [Requirement(re.split(r"\s--hash=|\s#", line)[0]) for line in own]


def by_name(requirements):
    found = {}
    for each in requirements:
        found.setdefault(canonicalize_name(each.name), []).append(each)
    return found


def pins_in(name):
    """name -> [(version, marker as text)], of a file that has nothing but pins."""
    pins = {}
    for project, requirements in by_name(requirements_in(name)).items():
        for each in requirements:
            (specifier,) = each.specifier
            assert specifier.operator == "==", each
            assert "*" not in specifier.version, each
            pins.setdefault(project, []).append((Version(specifier.version), each.marker))
    return pins


def on(machine, pins):
    """The versions that a machine gets of one package."""
    return [version for version, marker in pins if marker is None or marker.evaluate(machine)]


@cache
def project():
    return tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))


def declared():
    return [Requirement(line) for line in project()["project"]["dependencies"]]


# The lock ----------------------------------------------------------------------------------------------------------


def test_every_line_of_the_lock_is_a_pin_with_hashes():
    lines = lines_of("requirements.lock")
    assert len(lines) > 100
    for line in lines:
        pin = r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.!+-]+( ; [^\\]+?)?"
        assert re.fullmatch(rf"{pin}(\s+--hash=sha256:[0-9a-f]{{64}})+", line), line[:120]


def test_the_lock_has_the_versions_of_the_constraints():
    locked, constrained = pins_in("requirements.lock"), pins_in("constraints.txt")
    for name, pins in locked.items():
        for machine in MACHINES:
            versions = on(machine, pins)
            assert len(versions) <= 1, (name, machine)
            if versions:
                assert versions == on(machine, constrained.get(name, [])), (name, machine, "run make lock")


def test_on_each_machine_there_is_one_version_at_most():
    for name, pins in pins_in("constraints.txt").items():
        for machine in MACHINES:
            assert len(on(machine, pins)) == 1, (name, machine)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda one: f"{one['sys_platform']} {one['python_full_version']}")
def test_the_lock_gives_each_machine_what_is_required(machine):
    locked = pins_in("requirements.lock")
    for each in [*requirements_in("requirements.txt"), *declared()]:
        (version,) = on(machine, locked[canonicalize_name(each.name)])
        assert version in each.specifier, (each, version)
    for name in BUILD:
        assert on(machine, locked[name])


def test_the_lock_lacks_nothing_that_its_packages_need():
    """By what the installed ones say of themselves, on this machine."""
    locked = pins_in("requirements.lock")
    here = {"extra": ""}
    known = 0
    for name, pins in locked.items():
        try:
            installed = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # for another system, or only needed to build
        if Version(installed.version) not in on(here, pins):
            continue
        known += 1
        for line in installed.requires or []:
            needs = Requirement(line)
            if needs.marker is None or needs.marker.evaluate(here):
                versions = on(here, locked.get(canonicalize_name(needs.name), []))
                assert versions, (name, line, "run make lock")
                assert needs.specifier.contains(versions[0], prereleases=True), (name, line, versions)
    if known < 100:
        pytest.skip(f"only {known} packages are installed here in the versions of the lock")


def test_no_package_asks_for_a_later_python_than_the_course():
    """A pin that only a later 3.11 can have makes the course impossible to install on Debian 12's 3.11.2."""
    known = 0
    for name, pins in pins_in("constraints.txt").items():
        try:
            installed = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue
        wants = SpecifierSet(installed.get("Requires-Python") or "")
        for machine in MACHINES:
            if Version(installed["Version"]) in on(machine, pins):
                assert machine["python_full_version"] in wants, (name, machine["python_full_version"], str(wants))
                known += 1
    assert known


def test_known_holes_are_closed():
    for file in ("requirements.lock", "constraints.txt"):
        pins = pins_in(file)
        for name, floor in FLOORS.items():
            assert pins[name], (file, name)
            for version, _ in pins[name]:
                assert version >= Version(floor), (file, name, version)


@pytest.mark.parametrize(
    "name",
    ["requirements.txt", "requirements-dev.txt", "requirements-oldest.txt", "constraints.txt", "requirements.lock"],
)
def test_no_file_says_where_packages_are_fetched(name):
    """That is for each machine to know; a host in a file would be asked by everybody."""
    for line in lines_of(name):
        assert "://" not in line, line
        assert not re.match(r"(-i|-f|--index-url|--extra-index-url|--find-links|--trusted-host)\b", line), line


# Ranges ------------------------------------------------------------------------------------------------------------


def test_requirements_and_package_name_the_same():
    required, needed = by_name(requirements_in("requirements.txt")), by_name(declared())
    assert set(required) == set(needed) | FOR_LEARNERS
    for name, (own,) in needed.items():
        (other,) = required[name]
        assert own.specifier == other.specifier, name


def test_ranges_have_a_floor_and_no_ceiling():
    """A ceiling in a course makes it impossible to install beside what a learner, or Colab, has."""
    for each in [*requirements_in("requirements.txt"), *declared()]:
        assert {specifier.operator for specifier in each.specifier} == {">="}, each


def test_colab_is_within_the_ranges():
    """Its Python, TensorFlow and Keras; on IPython and ipywidgets, which it has in old versions, nothing is asked."""
    assert "3.13.0" in SpecifierSet(project()["project"]["requires-python"])
    wanted = by_name([*requirements_in("requirements.txt"), *declared()])
    oldest = by_name(requirements_in("requirements-oldest.txt"))
    pinned = {name: each.specifier for name, (each,) in oldest.items() if each.specifier}
    assert {"tensorflow", "keras", "ipython", "ipykernel"} <= set(pinned)
    for name, specifiers in pinned.items():
        (specifier,) = specifiers
        for each in wanted.get(name, []):
            assert specifier.version in each.specifier, (each, specifier.version)
    assert not {"ipython", "ipywidgets"} & set(wanted)


def test_developers_tools_have_one_version_each():
    constrained = pins_in("constraints.txt")
    for each in requirements_in("requirements-dev.txt"):
        assert canonicalize_name(each.name) in constrained, each


def imported_by_the_package():
    """The first names of the modules that practicum imports, except its own and Python's."""
    found = set()
    for path in (PROJECT / "practicum").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"practicum"}


def test_the_package_declares_what_it_imports():
    distributions = {"PIL": "pillow"}
    names = {canonicalize_name(each.name) for each in declared()}
    imported = imported_by_the_package()
    assert imported >= CHOICES
    for module in imported - CHOICES:
        if module in BROUGHT_BY:
            carrier = metadata.requires(BROUGHT_BY[module])
            assert module in {canonicalize_name(Requirement(line).name) for line in carrier}, module
            assert BROUGHT_BY[module] in names
        else:
            assert distributions.get(module, module) in names, module


def test_the_package_imports_what_it_declares():
    modules = {"pillow": "PIL"}
    used = imported_by_the_package()
    for each in declared():
        assert modules.get(each.name, each.name) in used, each
