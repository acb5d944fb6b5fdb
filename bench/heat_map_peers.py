"""Our Grad-CAM and saliency beside those of Xplique, on the bundled network and the bundled photos.

    python3 -m venv /tmp/peers
    /tmp/peers/bin/pip install -r requirements.txt opencv-python-headless scikit-learn scikit-image
    /tmp/peers/bin/pip install xplique
    PYTHONPATH=. /tmp/peers/bin/python bench/heat_map_peers.py

Xplique resizes a map bicubically and we do so bilinearly, so maps are compared at layers of the image's own size. The
last line is one JSON object: the largest difference for each method, of maps from 0 to 1.
"""

import json

import numpy as np
from PIL import Image

from practicum import data, inspection
from practicum.backend import keras
from practicum.model import load_pretrained


def main():
    from xplique.attributions import GradCAM, Saliency

    model = load_pretrained("cifar10")
    scores = keras.Model(model.inputs, model.get_layer("scores").output)
    size = model.input_shape[1:3]
    layers = [layer.name for layer in model.layers if layer.name != "rescale" and layer.output.shape[1:3] == size]
    off = {"saliency": [], **{f"Grad-CAM at {layer}": [] for layer in layers}}
    for name in ("cat", "coffee"):
        photo = Image.fromarray(data.photo(name)).resize(size, Image.Resampling.BOX)
        image = np.asarray(photo)
        inputs = image[np.newaxis].astype(np.float32)
        for class_index in range(10):
            target = np.eye(10, dtype=np.float32)[[class_index]]
            theirs = to_one(Saliency(scores)(inputs, target))
            off["saliency"].append(np.abs(theirs - inspection.saliency(model, image, class_index=class_index)).max())
            for layer in layers:
                theirs = to_one(GradCAM(scores, conv_layer=layer)(inputs, target))
                ours = inspection.grad_cam(model, image, class_index=class_index, layer=layer)
                off[f"Grad-CAM at {layer}"].append(np.abs(theirs - ours).max())
    for method, differences in off.items():
        print(f"{method:28} {len(differences)} maps, at most {max(differences):.1e} apart")
    print(json.dumps({method: float(max(differences)) for method, differences in off.items()}))


def to_one(heat):
    heat = np.asarray(heat, np.float64).squeeze()
    return heat / heat.max() if heat.any() else heat


if __name__ == "__main__":
    main()
