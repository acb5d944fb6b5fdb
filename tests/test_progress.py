"""What is shown while work goes on, in each of the three places."""

import os
import pty
import subprocess
import sys

import pytest
from conftest import PROJECT

from practicum import progress

ROW = {
    "epoch": 1,
    "seconds": 2.5,
    "loss": 1.0,
    "accuracy": 0.5,
    "validation_loss": 1.25,
    "validation_accuracy": 0.475,
}


def test_a_log_gets_a_line_an_epoch(capsys):
    shown = progress.training_display(True)
    shown.start("training on 3 images", 2)
    shown.step(1, 0.5)
    shown.end_epoch(ROW)
    shown.close("done")
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert lines[0] == "training on 3 images"
    assert lines[2].split() == ["1", "2.5", "1.000", "50.0%", "1.250", "47.5%"]
    assert lines[-1] == "done"
    assert len(lines) == 4


def test_silence_is_silent(capsys):
    shown = progress.training_display(False)
    shown.start("x", 2)
    shown.step(1, 0.5)
    shown.end_epoch(ROW)
    shown.close("done")
    assert capsys.readouterr() == ("", "")


def in_terminal(code):
    """Standard error of code run with a terminal there, and its standard output without."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=follower,
        cwd=PROJECT,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(follower)
    seen = b""
    while True:
        try:
            part = os.read(leader, 4096)
        except OSError:
            break
        if not part:
            break
        seen += part
    out = process.communicate()[0]
    os.close(leader)
    assert process.returncode == 0, seen.decode()
    return seen.decode(), out.decode()


def test_a_terminal_gets_a_bar_and_a_line_an_epoch():
    seen, out = in_terminal(
        "import time\nfrom practicum import progress\nd = progress.training_display(True)\nd.start('training', 2)\n"
        "for i in range(8): d.step(1, i / 8); time.sleep(0.1)\n"
        f"d.end_epoch({ROW})\nd.close('done')"
    )
    assert out == ""
    assert "epoch 1 of at most 2" in seen
    assert "━" in seen
    assert "47.5%" in seen
    assert seen.rstrip().endswith("done")


def test_track_shows_a_bar_in_a_terminal_and_hands_on_every_item():
    seen, out = in_terminal(
        "import time\nfrom practicum.progress import track\n"
        "print([i for i in track((time.sleep(0.02) or i for i in range(30)), 'decoding [/b]', 30)] == list(range(30)))"
    )
    assert out.strip() == "True"
    assert "decoding [/b]" in seen  # what looks like rich's markup is a name


def test_track_in_a_log_says_what_is_done(capsys):
    assert list(progress.track(iter("abc"), "decoding images", 3)) == ["a", "b", "c"]
    assert capsys.readouterr().err == "decoding images: 3 …\n"


@pytest.fixture(scope="module")
def kernel():
    """A real Jupyter kernel."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3", cwd=str(PROJECT))
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def messages(client, code):
    found = []

    def keep(message):
        if message["msg_type"] in ("display_data", "update_display_data", "stream", "error"):
            found.append((message["msg_type"], message["content"]))

    client.execute_interactive(code, output_hook=keep, timeout=60)
    return found


def test_a_notebook_gets_one_table_that_is_updated(kernel):
    found = messages(
        kernel,
        "from practicum import progress\nd = progress.training_display(True)\nd.start('a <b> title', 2)\n"
        f"d.step(1, 0.5)\nd.end_epoch({ROW})\nd.close('done & over')",
    )
    assert [kind for kind, _ in found] == ["display_data", *["update_display_data"] * 3]
    assert 'value="0.500"' in found[1][1]["data"]["text/html"]
    last = found[-1][1]["data"]["text/html"]
    assert "a &lt;b&gt; title" in last
    assert "<td>47.5%</td>" in last
    assert "done &amp; over" in last


def test_track_in_a_notebook(kernel):
    found = messages(kernel, "from practicum.progress import track\nx = list(track(range(3), 'decoding', 3))\nprint(x)")
    assert found[0][0] == "display_data"
    assert (
        "decoding: 3, done"
        in [content for kind, content in found if kind == "update_display_data"][-1]["data"]["text/html"]
    )
    assert [content["text"] for kind, content in found if kind == "stream"] == ["[0, 1, 2]\n"]


def test_a_notebook_keeps_no_bar_of_work_that_was_given_up(kernel):
    code = "from practicum.progress import track\nx = track(range(3), 'decoding', 3)\nprint(next(x))\nx.close()"
    shown = [content["data"]["text/html"] for kind, content in messages(kernel, code) if "update" in kind]
    assert "<progress" in shown[0]
    assert shown[-1] == ""


# Transfers ------------------------------------------------------------------------------------------------------------


def test_a_rate_comes_with_the_time_left(monkeypatch):
    clock = iter([0.0, 1.0, 2.0, 3.0, 60.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    rate = progress.Rate(170_000_000)
    assert rate.words(20_000_000) == "20 MB of 170 MB", "what was there before says nothing about the rate"
    assert rate.words(21_000_000) == "21 MB of 170 MB, 1.0 MB/s, 2:29 left"
    assert rate.words(24_000_000) == "24 MB of 170 MB, 2.0 MB/s, 1:13 left"
    assert rate.words(0) == "0.0 kB of 170 MB", "it began anew"
    assert rate.words(5_700_000) == "5.7 MB of 170 MB, 100 kB/s, 27:23 left"


def test_the_rate_is_that_of_the_last_seconds(monkeypatch):
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    rate = progress.Rate(1_000_000_000)
    for now in range(60):
        words = rate.words(now * 10_000_000 if now < 30 else 300_000_000 + (now - 30) * 1_000_000)
    assert ", 1.0 MB/s, " in words
    assert len(rate.seen) < 10


def test_a_transfer_in_a_log_is_a_line_now_and_then(capsys, monkeypatch):
    monkeypatch.setattr(progress, "LOG_SECONDS", 0.0)
    with progress.transfer("fetching x.zip", 3_000_000) as show:
        show(1_000_000)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == ["fetching x.zip: 3.0 MB …", "fetching x.zip: 1.0 MB of 3.0 MB"]


def test_a_transfer_in_a_terminal_shows_rate_and_time_left():
    seen, out = in_terminal(
        "import time\nfrom practicum import progress\n"
        "with progress.transfer('fetching x.zip', 3_000_000) as show:\n"
        "    for done in range(0, 3_000_000, 100_000): show(done); time.sleep(0.02)\n"
        "print('done')"
    )
    assert out == "done\n"
    assert "fetching x.zip" in seen
    assert "of 3.0 MB" in seen
    assert "MB/s" in seen
    assert "0:00 left" in seen


@pytest.mark.parametrize(("last", "state"), [(3_000_000, "done"), (1_000_000, "not complete")])
def test_a_transfer_in_a_notebook(kernel, last, state):
    found = messages(
        kernel,
        "from practicum import progress\n"
        f"with progress.transfer('fetching <x>.zip', 3_000_000) as show:\n    show(500_000)\n    show({last})",
    )
    assert [kind for kind, _ in found] == ["display_data", *["update_display_data"] * 2]
    pages = [content["data"]["text/html"] for _, content in found]
    assert '<progress max="3000000" value="500000"></progress>' in pages[1]
    assert f": {last / 1e6:.1f} MB of 3.0 MB, {state}" in pages[-1]
    assert all("fetching &lt;x&gt;.zip" in page for page in pages)
