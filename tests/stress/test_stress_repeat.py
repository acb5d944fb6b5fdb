"""Many trainings: in one process, in two with the same seed, in two at the same time."""

import pytest
from children import end, same_arrays, start, trained


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_the_same_seed_in_two_processes_gives_the_same_weights(tmp_path, tell, precision):
    """With batch normalisation, dropout and augmentation, history and weights of two processes are equal, bit for bit.

    Another seed gives another history.
    """
    one = trained(precision=precision, weights=tmp_path / "one.npz")
    other = trained(precision=precision, weights=tmp_path / "other.npz")
    assert one["precision"] == precision
    assert one["history"] == other["history"]
    assert same_arrays(tmp_path / "one.npz", tmp_path / "other.npz")
    another = trained(precision=precision, weights=tmp_path / "another.npz", seed=1)
    assert another["history"] != one["history"], "or the seed decides nothing"
    tell(f"same seed in two processes, {precision}: equal bit for bit")


def test_two_trainings_at_the_same_time_both_finish(tmp_path, tell):
    """On the same processor, at the same moment; and each comes to what it comes to alone."""
    alone = trained(weights=tmp_path / "alone.npz")
    children = [start(run_dir=tmp_path / name, weights=tmp_path / f"{name}.npz") for name in ("left", "right")]
    for child, name in zip(children, ("left", "right"), strict=True):
        status, found, err = end(child)
        assert status == 0, err
        assert found["stopped_by"] == "epochs"
        assert found["history"] == alone["history"]
        assert same_arrays(tmp_path / f"{name}.npz", tmp_path / "alone.npz")
    tell("two trainings at the same time: both finish, and are equal to one alone bit for bit")


def test_30_trainings_in_one_process_take_no_more_memory_than_5(tell):
    """A new network each time, in one process as in a notebook: the memory after the 30th training is within 5 % of
    that after the 5th.
    """
    resident = trained(repeat=30, epochs=2, target_accuracy=None)["resident"]
    fifth, last = resident[4], resident[29]
    tell(
        f"30 trainings: {fifth / 2**20:.0f} MB after the 5th, {last / 2**20:.0f} MB after the 30th ({last / fifth:.1%})"
    )
    assert last <= 1.05 * fifth
