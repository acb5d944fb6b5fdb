"""A disk that is full while a training saves: a small file system in memory, filled for real."""

import pytest
from children import end, same_arrays, start, trained

from practicum.checkpoints import newest_checkpoint

# A checkpoint of this network has 1.9 MB, the model file 0.5, and two checkpoints are kept. So what does not fit is the
# checkpoint of the first, second or third epoch, or the model of the first or second.
NETWORK = {"filters": (8, 12), "dense_units": (200,), "batch_norm": True, "dropout": 0.3}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    weights = tmp_path_factory.mktemp("unbroken") / "weights.npz"
    return trained(network=NETWORK, weights=weights), weights


@pytest.mark.parametrize("megabytes", [1.0, 2.2, 3.5, 4.6, 5.5])
def test_a_full_disk_is_named_and_with_more_room_the_run_goes_on(unbroken, small_disk, tmp_path, tell, megabytes):
    """run_dir is on a disk that the checkpoint or the model of some epoch does not fit on. The training stops with one
    line that names the file and says what to do; whatever checkpoint there was before loads; and once the disk is
    larger, the same call ends with the weights and the history of a run that never lacked room, bit for bit.
    """
    expected, weights = unbroken
    disk = small_disk(megabytes)
    run_dir = disk.path / "run"
    status, found, err = end(start(run_dir=run_dir, network=NETWORK))
    assert status == 0, err
    assert found["kind"] == "TrainingError", found
    assert "\n" not in found["error"]
    assert f"train: {run_dir}" in found["error"]
    assert "No space left on device" in found["error"]
    assert "Make room, then call train again in the same way" in found["error"]
    assert found["finite"]
    checkpoint, remarks = newest_checkpoint(run_dir)
    assert remarks == []
    assert not list(run_dir.glob(".partial-*"))

    disk.enlarge(64)
    resumed = trained(run_dir=run_dir, network=NETWORK, weights=tmp_path / "resumed.npz")
    assert resumed == {**expected, "resident": resumed["resident"]}
    assert same_arrays(tmp_path / "resumed.npz", weights)
    which = found["error"].split(" cannot be written")[0].rpartition("/")[2]
    epoch = checkpoint.epoch if checkpoint else 0
    tell(f"disk of {megabytes} MB full at {which}, whole checkpoint of epoch {epoch}; with room: equal bit for bit")
