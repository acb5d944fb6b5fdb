"""Every HTML that the package makes: names that try to be more than text stay text, whoever makes a page of them.

The makers are found by walking the package, so one that is new fails test_every_maker_has_a_case until it has a case
here. Each case is made twice, with hostile names and with harmless ones, and the two may differ in nothing but text.
What an explorer's scripts do with names is tested further in test_explorer_hostile.
"""

import ast
import json
import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser

import jinja2
import jinja2.meta
import numpy as np
import pytest
from conftest import PROJECT

from practicum import explorer
from practicum.audit import Audit, AuditedFile, Copies, shown
from practicum.backend import keras
from practicum.class_page import as_page
from practicum.class_progress import class_progress
from practicum.dataset import Dataset, Split
from practicum.evaluation import evaluate
from practicum.exercises import Choice, Exercise, Question
from practicum.experiments.configurations import DEFAULTS
from practicum.experiments.table import Results, Run
from practicum.feedback import Feedback, Help, QuestionShown
from practicum.inspection.snapshots import Snapshot
from practicum.pages import TEMPLATES
from practicum.reasons import REASONS, Note
from practicum.report import write_report
from practicum.runs import TrainingResult
from practicum.training_film import film

PACKAGE = PROJECT / "practicum"
NAMES = [
    "<script>ran()</script>",
    "</script><script>ran()</script>",
    "<!--<script>",
    '"onmouseover="ran()',
    "' onfocus='ran()' autofocus='",
    "<img src=x onerror=ran()>",
    "</title></style></td></table></div><svg onload=ran()>",
    "&lt;b&gt; &amp;amp; &#60;i&#62;",
    "]]><![CDATA[<script>ran()</script>]]>",
    "{{7*7}}{% raw %}{# gone #}",
    "A\u2028ran()\u2029b",
    "\u202egnp.tac\u202c \u2066x",
    "Javascript:ran()",
    "`<b>code</b>`",
]
HARMLESS = [f"`Name {number:02}`" if "`" in name else f"Name {number:02}" for number, name in enumerate(NAMES)]

SLASH = "\u2215"  # for layers and files, which cannot have a real one in their names

# The cases: names -> pages ---------------------------------------------------------------------------------------


def grids(made, names):
    """An explorer of numbers takes no names from anybody; its frame does, so they are put where words stand."""
    pages = []
    for name in names:
        made._content |= {"title": name, "lead": name, "step": name, "grids": [(name, [[1.0]])]}
        pages += [made.html(), made._repr_html_()]
    return pages


def convolutions(names, folder):
    return grids(explorer.convolution([[1, 2], [3, 4]], [[1]]), names)


def poolings(names, folder):
    return grids(explorer.max_pooling([[1, 2], [3, 4]]), names)


def network_of(names, classes):
    """A network whose layers have these names; Keras allows everything but a slash."""
    kinds = [keras.layers.Conv2D, keras.layers.MaxPooling2D]
    keras.utils.set_random_seed(0)
    own = [(name.replace("/", SLASH), kinds[number % 2]) for number, name in enumerate(names)]
    layers = [kind(2, 1, name=name) if kind is kinds[0] else kind(1, name=name) for name, kind in own]
    ends = [keras.layers.Flatten(), keras.layers.Dense(classes), keras.layers.Softmax()]
    return keras.Sequential([keras.Input((4, 4, 1)), *layers, *ends])


def networks(names, folder):
    model = network_of(names, len(names))
    image = np.arange(16, dtype=np.uint8).reshape(4, 4, 1)
    made = explorer.network(model, image, class_names=names, title=" ".join(names))
    return [made.html(), made._repr_html_()]


def films(names, folder):
    pages = []
    for name in names:
        frames = [Snapshot(epoch, {name: np.ones((2, 2, 1, 1), np.float32)}, {}) for epoch in (0, 1)]
        made = film(frames, name, title=name)
        pages += [made.html(), made._repr_html_()]
    return pages


def feedbacks(names, folder):
    return [Feedback(name, "not yet", name, name, name)._repr_html_() for name in names]


def answers(names, folder):
    """What learners give, and what their functions fail with; only a beginning of it is quoted."""
    from practicum.answers import Array, Function, Letters

    pages = []
    for name in names:

        def fails(x, name=name):
            raise ValueError(name)

        for kind, given in (
            (Letters("abc"), name),
            (Array((2,), "[1, 2]"), [name, name]),
            (Function([(1,)], Array((2,), "[1, 2]")), fails),
            (Letters("abc"), type(name, (), {})()),
        ):
            asked = {"asks": name, "answer": "a", "mistakes": (), "otherwise": name, "code": name, "why": name}
            exercise = Exercise(name=f"99.exercise_{name}", kind=kind, hints=(name,), **asked)
            pages += [made._repr_html_() for made in (exercise.check(given), exercise.hint(), exercise.solution())]
        choices = [Choice(name, name, right=True), Choice(name, name)]
        question = Question(name=f"99.question_{name}", asks=name, choices=choices)
        pages += [question.check(given)._repr_html_() for given in ("a", "b", name)]
    return pages


def helps(names, folder):
    return [Help(name, name, name)._repr_html_() for name in names]


def questions(names, folder):
    return [
        QuestionShown(name, name, [("a", name, name, True), ("b", name, name, False)], chosen, problem)._repr_html_()
        for name in names
        for chosen, problem in (("a", ""), (None, name))
    ]


def runs_of(names):
    measured = {"validation_accuracy": 0.5, "validation_loss": 1.0, "best_epoch": 1, "parameters": 1}
    measured |= {"multiply_adds": 1, "seconds": 1.0, "peak_memory_mb": 1}
    return [
        Run(name, {**DEFAULTS, "precision": name, "filters": (name,)}, 0, device=name, **measured) for name in names
    ]


def sweeps(names, folder):
    return [Results(tuple(runs_of(names)))._repr_html_()]


def audits(names, folder):
    """As of an archive, in which a member may have any name; what comes of real folders: test_audit."""
    files = [
        AuditedFile(f"{reason}/{name}", "train", name, (Note(reason, name),)) for name in names for reason in REASONS
    ]
    found = Audit(
        origin=f"/photos/{' '.join(names).replace('/', SLASH)}",
        files=tuple(files),
        class_names=tuple(names),
        empty_classes=tuple(names),
        copies=(Copies(tuple(names), True), Copies(tuple(names), False)),
        remarks=tuple(names),
        problem=" ".join(names),
        image_size=(4, 4),
    )
    return [found.html(), found._repr_html_()]


def reports(names, folder):
    """With its explorer beside it."""
    model = network_of(["conv", "pool"], len(names))  # TensorFlow runs no layer with another kind of name
    random = np.random.default_rng(0)
    parts = [
        Split(
            random.integers(0, 255, (2 * len(names), 4, 4, 1), dtype=np.uint8), np.arange(2 * len(names)) % len(names)
        )
        for _ in range(3)
    ]
    said = " ".join(names)
    dataset = Dataset(said, tuple(names), *parts, source=said, licence=said, remarks=tuple(names))
    history = {name: [0.5] for name in ("loss", "accuracy", "validation_loss", "validation_accuracy")}
    result = TrainingResult(
        history={**history, "learning_rate": [0.1], "seconds": [1.0]},
        **{"best_epoch": 1, "validation_accuracy": 0.5, "seconds": 1.0, "seconds_to_target": None, "parameters": 1},
        **{"stopped_by": said, "device": said, "backend": said, "precision": said, "augmented": True, "seed": 0},
        **{"run_dir": said, "settings": {f"own {number}": name for number, name in enumerate(names)}},
    )
    evaluation = evaluate(model, dataset.test, dataset.class_names)
    path = write_report(folder, model, dataset, result, evaluation, command=said, claim=said)
    return [page.read_text(encoding="utf-8") for page in (path, folder / "explorer.html")]


def classes(names, folder):
    """Files as learners hand them in, with names of their own for themselves, their exercises, and their files."""
    tally = {"tries": 1, "right": True, "hints": 0, "solution": False, "mistakes": {}}
    for number, name in enumerate(names):
        file = name.replace("/", "")
        own = {"format": 2, "name": "anna", "number": f"{number:012x}", "exercises": {name: tally}}
        (folder / f"{file}.json").write_text(json.dumps(own), encoding="utf-8")
        (folder / f"{file} 2.json").write_text(json.dumps({**own, "name": f"{name} "}), encoding="utf-8")
        (folder / f"{file} 3.json").write_text(name, encoding="utf-8")
        (folder / f"{file} 4.json").write_text(json.dumps({**own, "exercises": {name: name}}), encoding="utf-8")
    return [as_page(class_progress([folder]))]


PROGRESS = """
import json, sys
from contextlib import contextmanager
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from practicum import progress
from practicum.experiments.live import InNotebook
from practicum.experiments.table import Results
sys.path.insert(0, "tests")
from test_escaping import runs_of

row = dict(epoch=1, seconds=1, loss=1, accuracy=1, validation_loss=1, validation_accuracy=1)
InteractiveShell.instance().history_manager.enabled = False

def pages(name):
    with capture_output() as got:
        list(progress._track_in_notebook([1, 2], name, 2))
        with contextmanager(progress._transfer_in_notebook)(name, 10) as show:
            show(5)
        training = progress.InNotebook()
        training.start(name, 2)
        training.step(1, 0.5)
        training.end_epoch(row)
        training.close(name)
        sweep = InNotebook(2, 0)
        sweep.update(Results(tuple(runs_of([name]))), 10.0)
        sweep.close(name)
    return [output.data["text/html"] for output in got.outputs]

print(json.dumps([pages(name) for name in json.loads(sys.stdin.read())]))
"""


def displays(names, folder):
    """What stands in a notebook's cell while work goes on."""
    return [page for name in names for page in displayed()[name]]


@cache
def displayed():
    """In a process of its own, with an IPython of its own: name -> pages."""
    names = json.dumps(NAMES + HARMLESS)
    command = [sys.executable, "-c", PROGRESS]
    done = subprocess.run(command, input=names, capture_output=True, text=True, cwd=PROJECT, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(zip(NAMES + HARMLESS, json.loads(done.stdout.splitlines()[-1]), strict=True))


# What makes it, how, and how names stand in it as text; None where only a part of a name is quoted.
CASES = {
    "convolution": ({"pages.Page"}, convolutions, str),
    "pooling": ({"pages.Page"}, poolings, str),
    "network": ({"pages.Page"}, networks, str),
    "film": ({"pages.Page"}, films, str),
    "feedback": ({"feedback.Feedback", "feedback.with_code"}, feedbacks, str),
    "help": ({"feedback.Help", "feedback.with_code"}, helps, str),
    "question": ({"feedback.QuestionShown", "feedback.with_code"}, questions, str),
    "answers": ({"feedback.Feedback", "feedback.Help", "feedback.QuestionShown"}, answers, None),
    "sweep": ({"experiments.table.Results"}, sweeps, str),
    "audit": ({"audit.Audit"}, audits, shown),
    "report": ({"report.write_report"}, reports, str),
    "class": ({"class_page.as_page"}, classes, None),
    "progress": (
        {
            *("progress._track_in_notebook", "progress._transfer_in_notebook", "progress.InNotebook"),
            "experiments.live.InNotebook",
        },
        displays,
        str,
    ),
}


# Finding them ------------------------------------------------------------------------------------------------------

TAG = re.compile(
    r"</?(a|b|br|button|code|div|em|h\d|i|img|li|p|pre|progress|script|span|strong|style|svg|t[dhr]|table|ul)\b[ />]"
)
NOT_HTML = {"kinds", "learner_copies"}  # which know HTML and Markdown when they see them, and show none


def makers():
    """Top-level classes and functions that have a _repr_html_, fill in a template, or hold tags in a text."""
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        if module in NOT_HTML:
            continue
        for top in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(top, ast.ClassDef | ast.FunctionDef) and makes_html(top):
                yield f"{module}.{top.name}"
            elif isinstance(top, ast.Assign) and makes_html(top):
                yield f"{module}.{ast.unparse(top.targets[0])}"


def makes_html(top):
    texts = {id(node.value) for node in ast.walk(top) if isinstance(node, ast.Expr)}  # docstrings
    for node in ast.walk(top):
        if isinstance(node, ast.FunctionDef) and node.name in ("_repr_html_", "_repr_mimebundle_", "_repr_svg_"):
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "render":
            return True
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("HTML", "Markup", "Javascript"):
            return True
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in texts
        if is_text and TAG.search(node.value):
            return True
    return False


def test_every_maker_has_a_case():
    assert set(makers()) == set.union(*(made for made, _, _ in CASES.values()))


def test_every_template_is_filled_in_by_a_case(monkeypatch, tmp_path):
    used = set()
    rendered = jinja2.Template.render
    monkeypatch.setattr(jinja2.Template, "render", lambda self, *a, **k: used.add(self.name) or rendered(self, *a, **k))
    for number, (_, make, _) in enumerate(CASES.values()):
        (tmp_path / str(number)).mkdir()
        make(HARMLESS[:2], tmp_path / str(number))
    environment = jinja2.Environment(autoescape=True)
    waiting = list(used)
    while waiting:
        source = (PACKAGE / "static" / waiting.pop()).read_text(encoding="utf-8")
        further = set(jinja2.meta.find_referenced_templates(environment.parse(source))) - used
        used |= further
        waiting += further
    assert used == {path.relative_to(PACKAGE / "static").as_posix() for path in PACKAGE.rglob("static/**/*.jinja")}
    assert set(TEMPLATES.values()) <= used


def test_what_is_not_escaped_is_known():
    """In templates: the package's own scripts and styles, and data that as_script_data has made safe."""
    found = set()
    for path in sorted(PACKAGE.rglob("static/**/*.jinja")):
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r"\{\{[^}]*?(\w+)\s*\|\s*safe", text))
        assert not re.search(r"autoescape|Markup|\|\s*(tojson|xmlattr|urlize|forceescape)", text), path.name
        assert not re.search(r"<[^>]*=\s*\{\{|<script[^>]*>[^<{]*\{\{(?! *(data|script) )", text), path.name
    assert found == {"css", "data", "script"}
    for path in [*PACKAGE.rglob("*.py"), *PROJECT.glob("docs/site/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Environment":
                options = {option.arg: ast.unparse(option.value) for option in node.keywords}
                assert options.get("autoescape") == "True", path.name
    for path in [*PACKAGE.rglob("static/**/*.js"), *PROJECT.glob("docs/site/*.js")]:
        unsafe = (
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|createContextualFragment"
        )
        assert not re.search(unsafe, path.read_text(encoding="utf-8")), path.name


# Reading them ------------------------------------------------------------------------------------------------------

VALUES_COUNT = {"action", "class", "data", "formaction", "href", "id", "src", "srcdoc", "srcset", "style", "type"}


class Skeleton(HTMLParser):
    """The elements of a page with their attributes, and apart from them all that is text or may be."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self.texts = [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        counted = tuple((name, as_kind(value) if counts(name) else "") for name, value in attributes)
        self.elements.append((tag, counted))
        self.texts += [value for name, value in attributes if value and not counts(name)]

    def handle_endtag(self, tag):
        self.elements.append(f"/{tag}")

    def handle_data(self, data):
        if self.cdata_elem is None:  # no script, no style
            self.texts.append(data)

    def handle_comment(self, data):
        self.elements.append("comment")

    def handle_decl(self, decl):
        self.elements.append(decl)

    def unknown_decl(self, data):
        self.elements.append("declaration")

    def handle_pi(self, data):
        self.elements.append("instruction")


def counts(attribute):
    return attribute in VALUES_COUNT or attribute.startswith("on")


def as_kind(value):
    """A picture is drawn with names in it, so it may differ."""
    return "data:image" if value and value.startswith("data:image/png;base64,") else value


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A function: the pages of a case, with hostile names and with harmless ones."""

    @cache
    def make(case):
        _, make, _ = CASES[case]
        return make(NAMES, tmp_path_factory.mktemp("hostile")), make(HARMLESS, tmp_path_factory.mktemp("harmless"))

    return make


@pytest.mark.parametrize("case", CASES)
def test_no_element_or_attribute_comes_from_a_name(case, made):
    hostile, harmless = made(case)
    assert len(hostile) == len(harmless) > 0
    for page, plain in zip(hostile, harmless, strict=True):
        assert Skeleton(page).elements == Skeleton(plain).elements


@pytest.mark.parametrize("case", [case for case, (_, _, as_written) in CASES.items() if as_written])
def test_names_stand_there_as_text(case, made):
    """Each as often as a harmless one: neither lost nor escaped twice."""
    as_written = CASES[case][2]
    hostile, harmless = (
        times(["".join(Skeleton(page).texts) for page in pages], [as_written(name) for name in names])
        for pages, names in zip(made(case), (NAMES, HARMLESS), strict=True)
    )
    assert hostile == harmless
    assert all(hostile)


def times(texts, names):
    """How often each name stands in the texts, not as a part of a longer one; marks of `code` make no difference."""
    text = "\n".join(texts).replace("`", "").replace(SLASH, "/")
    counts = [0] * len(names)
    for number, name in sorted(enumerate(names), key=lambda each: -len(each[1])):
        pieces = text.split(name.replace("`", ""))
        counts[number] = len(pieces) - 1
        text = "\0".join(pieces)
    return counts


SKELETON = """() => {
    const counts = (name) => %s.includes(name) || name.startsWith("on");
    const value = (text) => text.startsWith("data:image/png;base64,") ? "data:image" : text;
    return [...document.querySelectorAll("*")].map((node) => [node.localName,
        [...node.attributes].map((each) => [each.name, counts(each.name) ? value(each.value) : ""])]);
}"""


@pytest.mark.parametrize("case", CASES)
def test_in_a_browser_no_script_of_theirs_runs(case, made, open_page, tmp_path):
    """ran() does not exist, so to run it is an error, which open_page takes for a complaint. All of a case at once."""
    trees = []
    for kind, pages in zip(("hostile", "harmless"), made(case), strict=True):
        documents = [page for page in pages if page.lstrip().startswith("<!doctype html>")]
        fragments = [page for page in pages if page not in documents]
        head = '<!doctype html><meta charset="utf-8"><title>Notebook</title><link rel="icon" href="data:,">'
        together = [f"{head}{''.join(fragments)}"] if fragments else []
        trees.append([])
        for number, page in enumerate([*together, *documents[:1], *documents[1:][-1:]]):
            path = tmp_path / f"{kind}{number}.html"
            path.write_text(page, encoding="utf-8")
            opened = open_page(path)
            trees[-1].append(opened.evaluate(SKELETON % sorted(VALUES_COUNT)))
    hostile, harmless = trees
    assert hostile == harmless
    assert all(len(tree) > 3 for tree in hostile)


def test_the_checks_see_a_name_that_is_not_escaped(open_page, tmp_path):
    """Each of the ways in which the pages above could fail, on purpose."""
    seen = []
    for name, plain in zip(NAMES, HARMLESS, strict=True):
        as_text, as_attribute, bare = (
            [Skeleton(form.format(own)).elements for own in (name, plain)]
            for form in ("<p>{}</p>", '<p title="{}"></p>', "<p title='{}'></p>")
        )
        seen.append(any(one != other for one, other in (as_text, as_attribute, bare)))
    harmful = [bool(re.search("[<\"']", name)) and name != "<!--<script>" for name in NAMES]
    assert seen == harmful  # a comment without an end is text to this parser, though not to a browser
    path = tmp_path / "page.html"
    path.write_text(f"<title>x</title><link rel=icon href=data:,>{NAMES[0]}", encoding="utf-8")
    open_page(path).wait_for_timeout(20)
    assert [each.split(":")[0] for each in open_page.complaints] == ["script"]
    open_page.complaints.clear()
