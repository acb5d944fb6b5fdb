"""The files and the page for shared servers and other people's computers: as far as can be seen without them."""

import importlib
import json
import re
import shlex
import sys
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from conftest import PROJECT

from practicum.cli import command_line

sys.path.append(str(PROJECT / "bench"))  # a folder of scripts, not a package
classroom = importlib.import_module("classroom")

PAGE = PROJECT / "docs" / "shared-server.md"
TEXT = PAGE.read_text(encoding="utf-8")
DEVCONTAINER = json.loads((PROJECT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
BINDER = PROJECT / ".binder"
# Of https://containers.dev/implementors/json_reference: the properties that a container of an image may have.
KNOWN = {
    *("name", "image", "forwardPorts", "portsAttributes", "otherPortsAttributes", "containerEnv", "remoteEnv"),
    *("remoteUser", "containerUser", "updateRemoteUserUID", "userEnvProbe", "overrideCommand", "shutdownAction"),
    *("init", "privileged", "capAdd", "securityOpt", "mounts", "features", "overrideFeatureInstallOrder", "secrets"),
    *("customizations", "initializeCommand", "onCreateCommand", "updateContentCommand", "postCreateCommand"),
    *("postStartCommand", "postAttachCommand", "waitFor", "hostRequirements", "runArgs", "appPort", "$schema"),
    *("workspaceMount", "workspaceFolder"),
}


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.M | re.S)


def lines_of(path):
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def python_versions():
    declared = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    low, high = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', declared).groups()
    return [f"3.{minor}" for minor in range(int(low), int(high))]


def test_dev_container_has_known_properties_and_a_python_that_the_course_runs_on():
    assert set(DEVCONTAINER) <= KNOWN
    assert set(DEVCONTAINER["hostRequirements"]) <= {"cpus", "memory", "storage", "gpu"}
    assert set(DEVCONTAINER["customizations"]) == {"vscode"}
    version = re.fullmatch(r"mcr\.microsoft\.com/devcontainers/python:1-(3\.\d+)-bookworm", DEVCONTAINER["image"])[1]
    assert version in python_versions()


@pytest.mark.parametrize("path", [PROJECT / "README.md", PROJECT / ".devcontainer" / "devcontainer.json"])
def test_all_install_with_the_same_words(path):
    assert "python -m pip install -r requirements.txt -c constraints.txt" in path.read_text(encoding="utf-8")


def test_binder_installs_what_the_root_installs_with_the_tested_versions():
    *files, nbgitpuller = lines_of(BINDER / "requirements.txt")
    assert files == ["-r ../requirements.txt", "-c ../constraints.txt"]
    for line in files:
        assert (BINDER / line.split()[1]).resolve().parent == PROJECT
        assert (BINDER / line.split()[1]).is_file()
    assert re.fullmatch(r"nbgitpuller==[\d.]+", nbgitpuller)
    assert "-e ." in lines_of(PROJECT / "requirements.txt"), "seen from the repository, where repo2docker installs"
    assert not (PROJECT / "binder").exists(), "repo2docker refuses two folders"


def test_binder_and_the_dev_container_have_the_same_python():
    name, version = (BINDER / "runtime.txt").read_text(encoding="utf-8").strip().split("-")
    assert name == "python"
    assert version in python_versions()
    assert f":1-{version}-" in DEVCONTAINER["image"]


# The page.


def test_blocks_can_be_read():
    (configuration,) = map(yaml.safe_load, blocks("yaml"))
    (culling,) = map(json.loads, blocks("json"))
    assert configuration["singleuser"]["extraFiles"]["idle-kernels"]["data"] == culling
    assert json.dumps(culling) in TEXT.replace(blocks("json")[0], ""), "The Littlest JupyterHub's line"
    assert len(blocks("bash")) == 3
    for text in blocks("bash"):
        shlex.split(text, comments=True)
    for text in blocks("python"):
        compile(text, str(PAGE), "exec")


def test_python_in_shell_blocks_is_python_and_its_datasets_are_known():
    (text,) = re.findall(r"python -c '\n(.*?)'", TEXT, re.S)
    compile(text, str(PAGE), "exec")
    from practicum.places import FINDABLE

    assert set(re.findall(r'"(\w+)"', text)) == set(FINDABLE)


def test_practicum_commands_in_shell_blocks_are_understood():
    found = re.findall(r"python -m practicum (.*?)(?:`|$)", TEXT, re.M)
    assert len(found) >= 4
    for words in found:
        assert callable(command_line().parse_args(shlex.split(words)).run), words


def test_the_link_of_nbgitpuller_opens_a_notebook_that_is_there():
    (link,) = re.findall(r"^ {4}(https://HUB/\S+)$", TEXT, re.M)
    query = {name: value[0] for name, value in parse_qs(urlsplit(link).query, strict_parsing=True).items()}
    assert set(query) == {"repo", "branch", "urlpath"}
    folder, path = re.fullmatch(r"lab/tree/([^/]+)/(.*)", query["urlpath"]).groups()
    assert query["repo"].rpartition("/")[2] == folder, "nbgitpuller calls the folder as the repository is called"
    assert (PROJECT / path).is_file()


def test_limits_hold_what_was_measured():
    """Of each notebook the larger of both measurements, with the server beside it."""
    table = classroom.TABLE.search(TEXT)[0]
    rows = re.findall(r"^\| (\d\d) \| ([\d,]+) \| ([\d,]*) \| (\d*) \|$", table, re.M)
    notebooks = {path.stem[:2] for path in (PROJECT / "notebooks").glob("[0-9][0-9]_*.ipynb")}
    assert {number for number, *_ in rows} == notebooks
    sizes = {number: max(int(each.replace(",", "") or 0) for each in found[:2]) for number, *found in rows}
    last = sizes.pop("12")  # which starts processes of its own, and is an appendix
    server = int(re.search(r"JupyterLab's server itself: \*\*(\d+) MB\*\*", TEXT)[1])
    limit, guarantee = (
        1000 * float(re.search(rf"\| memory, {what} \| \*\*([\d.]+) GB\*\*", TEXT)[1])
        for what in ("limit", "guarantee")
    )
    assert server + 2 * max(sizes.values()) <= limit, "two notebooks open"
    assert f"two open notebooks ({(server + 2 * max(sizes.values())) / 1000:.1f} GB)" in TEXT
    assert server + last <= limit, "notebook 12 alone"
    assert server + max(sizes.values()) <= guarantee, "one of the others"
    memory = yaml.safe_load(blocks("yaml")[0])["singleuser"]["memory"]
    assert memory == {"limit": f"{limit / 1000:g}G", "guarantee": f"{guarantee / 1000:g}G"}
    assert f"limits.memory {limit / 1000:g}G" in TEXT


def test_the_instructor_guide_leads_here():
    assert "(shared-server.md)" in (PAGE.parent / "instructor-guide.md").read_text(encoding="utf-8")


# The table of bench/classroom.py.

FOUND = {"00_start": {"peak_mb": 862.6, "cpu": 1}, "12_beyond": {"peak_mb": 900, "together_mb": 1834.4, "processes": 3}}


def test_table_of_a_run_is_written_into_the_page_and_again(tmp_path):
    log, page = tmp_path / "classroom.log", tmp_path / "page.md"
    log.write_text("a line\n" + json.dumps({"notebooks": FOUND}) + "\n", encoding="utf-8")
    page.write_text(
        f"before\n{classroom.TABLE.search(TEXT)[1]}old\n<!-- /memory of each notebook -->\nafter\n", "utf-8"
    )
    for _ in range(2):
        rows = classroom.write_table([log], page)
        assert rows.splitlines()[2:] == ["| 00 | 863 |  |  |", "| 12 | 900 | 1,834 | 3 |"]
        assert page.read_text("utf-8") == (
            f"before\n<!-- memory of each notebook -->\n{rows}<!-- /memory of each notebook -->\nafter\n"
        )


def test_later_runs_of_some_notebooks_take_the_place_of_earlier_ones(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(classroom.TABLE.search(TEXT)[0], encoding="utf-8")
    logs = [tmp_path / "first", tmp_path / "second"]
    for log, found in zip(logs, (FOUND, {"12_beyond": {"peak_mb": 1000}, "03_data": {"peak_mb": 800}}), strict=True):
        log.write_text(json.dumps({"notebooks": found}), encoding="utf-8")
    rows = classroom.write_table(logs, page).splitlines()[2:]
    assert rows == ["| 00 | 863 |  |  |", "| 03 | 800 |  |  |", "| 12 | 1,000 |  |  |"]


@pytest.mark.parametrize("content", ["", "no JSON", "[]", "{}", '{"notebooks": 3}\nmore'])
def test_what_is_no_output_of_a_run_is_told(tmp_path, content):
    (tmp_path / "log").write_text(content, encoding="utf-8")
    with pytest.raises(SystemExit, match="is not the output of a run"):
        classroom.write_table([tmp_path / "log"], tmp_path / "page.md")


def test_a_page_without_a_place_is_told(tmp_path):
    (tmp_path / "log").write_text(json.dumps({"notebooks": FOUND}), encoding="utf-8")
    (tmp_path / "page.md").write_text("nothing", encoding="utf-8")
    with pytest.raises(SystemExit, match="lacks the two marks"):
        classroom.write_table([tmp_path / "log"], tmp_path / "page.md")
