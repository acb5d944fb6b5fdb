"""The network of `build_cnn` in PyTorch, on the CPU: seconds an epoch. Needs PyTorch, and nothing of this project.

    python bench/peers/pytorch.py IMAGES.npz BATCH_SIZE EPOCHS

Modules of 32, 64 and 128 filters, a dense layer of 64, AdamW. Channels last; float32 and bfloat16 autocast are tried
and the faster one counts. The first epoch warms up and is left out.
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


def seconds_an_epoch(images, labels, batch_size, epochs, mixed):
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
            batch = images[chosen].permute(0, 3, 1, 2).float().div(255)  # a view: channels stay last in memory
            with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
                loss = loss_function(model(batch).float(), labels[chosen])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        times.append(time.perf_counter() - started)
    return sorted(times[1:])[epochs // 2]


def main(path, batch_size, epochs):
    with np.load(path) as file:
        images, labels = torch.from_numpy(file["images"]), torch.from_numpy(file["labels"]).long()
    found = {
        name: seconds_an_epoch(images, labels, batch_size, epochs, name == "bfloat16")
        for name in ("float32", "bfloat16")
    }
    print(json.dumps({"seconds_an_epoch": min(found.values()), **found, "version": torch.__version__}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
