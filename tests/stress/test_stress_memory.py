"""Too little memory for the batch, for real: the system gives a child no more than a few gigabytes."""

import re
import signal

import pytest
from children import end, killed, start, trained

from practicum.checkpoints import newest_checkpoint

# One step an epoch. Forward and back, the first convolution takes 2.1 GB at the least, and all of a step twice as much.
LARGE = {
    "images": {"size": 128, "count": 256},
    "batch_size": 256,
    "epochs": 3,
    "precision": "float32",
    "augment": False,
    "network": {"filters": (64, 64), "dense_units": (), "batch_norm": True},
}


@pytest.mark.parametrize("megabytes", [1400, 1500])
def test_without_the_memory_for_a_batch_there_is_one_line_and_its_advice_leads_to_the_end(tmp_path, tell, megabytes):
    """A run is killed in its second epoch and called again where its batches cannot fit into memory: one TrainingError
    on one line that names batch size and image size, from a process that lives on. With the batch size that it advises,
    and no more memory, the same call goes on from the checkpoint and ends.
    """
    killed(run_dir=tmp_path, kill_at=2, **LARGE)
    status, found, err = end(start(run_dir=tmp_path, **LARGE, memory=megabytes))
    assert status == 0, err
    assert found["kind"] == "TrainingError", found
    assert "\n" not in found["error"]
    assert "not enough memory for batch_size=256 with images of 128×128. Try batch_size=64" in found["error"]
    assert "or images of 64×64" in found["error"]
    assert "goes on from the last checkpoint" in found["error"]
    assert (found["checkpoint"], found["finite"]) == (1, True)
    smaller = trained(run_dir=tmp_path, **{**LARGE, "batch_size": 64}, memory=megabytes)
    assert len(smaller["history"]["loss"]) == 3
    tell(f"{megabytes} MB for a training: batches of 256 refused in one line; of 64, as advised, went on to the end")


@pytest.mark.parametrize("megabytes", [2000, 2500, 3000, 3500])
def test_where_tensorflow_itself_runs_out_of_memory_nothing_saved_is_lost(tmp_path, tell, megabytes):
    """With enough memory for part of a step, the shortage shows inside TensorFlow. It reports it in some places, and
    there the answer is the same line; in others (convolutions of oneDNN, allocations of its C++ code) it ends the
    process by SIGSEGV or SIGABRT, and nobody can answer; and oneDNN may say only that it could not create, or could
    not execute, "a primitive", which has other causes too, so the error is handed on as it is. In each case the
    checkpoint is whole, and the run goes on from it with a smaller batch.
    """
    killed(run_dir=tmp_path, kill_at=2, **LARGE)
    status, found, err = end(start(run_dir=tmp_path, **LARGE, memory=megabytes))
    if status == 0 and "error" not in found:
        pytest.skip("here it was enough")
    if status == 0:
        assert found["kind"] == "TrainingError", found
        assert "not enough memory for batch_size=256 with images of 128×128" in found["error"]
        how = "said in one line"
    elif status == 1:
        assert "AbortedError" in err, err
        assert re.search("could not (create|execute) a primitive", err), err
        how = "TensorFlow raised an error that does not speak of memory"
    else:
        assert -status in (signal.SIGSEGV, signal.SIGABRT), err
        how = f"TensorFlow ended the process by {signal.Signals(-status).name}"
    checkpoint, remarks = newest_checkpoint(tmp_path)
    assert (checkpoint.epoch, remarks) == (1, [])
    assert len(trained(run_dir=tmp_path, **{**LARGE, "batch_size": 16}, memory=megabytes)["history"]["loss"]) == 3
    tell(f"{megabytes} MB for a training: {how}; with a batch of 16 it went on to the end")
