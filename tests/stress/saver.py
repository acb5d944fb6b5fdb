"""Save checkpoints, models and histories without end, the way a training does, until somebody kills this process.

python saver.py FOLDER goes on after the newest checkpoint in FOLDER. Everything it writes is filled with one number,
so that a mixture of two saves would be seen. It prints "saved N" once all of number N is on disk.
"""

import sys
from itertools import count
from pathlib import Path

import numpy as np

from practicum.backend import keras
from practicum.checkpoints import Checkpoint, newest_checkpoint, save_checkpoint
from practicum.runs import HISTORY_FILE, MODEL_FILE, save_model, write_json


def main(folder: Path) -> None:
    model = keras.Sequential([keras.Input((600,)), keras.layers.Dense(800), keras.layers.Dense(500)])  # 3.5 MB
    newest, _ = newest_checkpoint(folder)
    for number in count(newest.epoch + 1 if newest else 1):
        arrays = [np.full_like(array, number) for array in model.get_weights()]
        table = {"loss": [number]}
        save_checkpoint(folder, Checkpoint(number, [*arrays, *arrays], arrays, {"table": table}))
        write_json(folder / HISTORY_FILE, table)
        model.set_weights(arrays)
        save_model(model, folder / MODEL_FILE)
        sys.stdout.write(f"saved {number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
