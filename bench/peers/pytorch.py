"""The network of `build_cnn` in PyTorch, on the CPU: seconds an epoch. Needs PyTorch, and nothing of this project.

    python bench/peers/pytorch.py IMAGES.npz BATCH_SIZE EPOCHS bfloat16

Modules of 32, 64 and 128 filters, a dense layer of 64, AdamW; channels last; float32, or bfloat16 autocast. An epoch
goes through all training images once, and then through the validation images. The first one warms up and is left out.
"""

import json
import sys
import time

import numpy as np
import torch
from torch import nn


def network(classes):
    layers, depth = [], 3
    for filters in (32, 64, 128):
        layers += [nn.Conv2d(depth, filters, 3, padding="same"), nn.ReLU(), nn.MaxPool2d(2)]
        depth = filters
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(depth * 16, 64), nn.ReLU(), nn.Linear(64, classes))


def seconds_an_epoch(images, labels, validation_images, batch_size, epochs, mixed):
    torch.manual_seed(0)
    model = network(int(labels.max()) + 1).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.001)
    loss_function = nn.CrossEntropyLoss()
    times = []
    for _ in range(epochs + 1):
        started = time.perf_counter()
        order = torch.randperm(len(labels))
        for start in range(0, len(labels), batch_size):
            chosen = order[start : start + batch_size]
            with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
                loss = loss_function(model(as_input(images[chosen])).float(), labels[chosen])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            for start in range(0, len(validation_images), 2 * batch_size):
                model(as_input(validation_images[start : start + 2 * batch_size]))
        times.append(time.perf_counter() - started)
    return sorted(times[1:])[epochs // 2]


def as_input(images):
    return images.permute(0, 3, 1, 2).float().div(255)  # a view: channels stay last in memory


def main(path, batch_size, epochs, precision):
    with np.load(path) as file:
        images, labels, validation_images = (
            torch.from_numpy(file[name]) for name in ("images", "labels", "validation_images")
        )
    seconds = seconds_an_epoch(images, labels.long(), validation_images, batch_size, epochs, precision == "bfloat16")
    print(json.dumps({"seconds_an_epoch": seconds, "version": torch.__version__}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
