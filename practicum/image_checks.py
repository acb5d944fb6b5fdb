"""Checks of what is given to a figure of data: each says what it received, what it expected and what to do."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def checked_images_and_labels(
    function: str, images: np.ndarray, labels: np.ndarray, class_names: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    images = np.asanyarray(images)
    if images.ndim != 4 or images.shape[3] not in (1, 3) or 0 in images.shape:
        remedy = {2: "images[np.newaxis, ..., np.newaxis]", 3: "images[..., np.newaxis] for grey ones"}.get(images.ndim)
        raise ValueError(
            f"plots.{function}: images are an array (N, height, width, channels) of at least one image with 1 or 3 "
            f"channels. Received images.shape={images.shape}." + (f" Pass {remedy}." if remedy else "")
        )
    _check_bytes(function, images)
    check_names(function, class_names)
    checked = checked_labels(function, labels, class_names)
    if len(checked) != len(images):
        raise ValueError(f"plots.{function}: {len(images)} images but {len(checked)} labels. Pass one for each image.")
    return images, checked


def checked_image(function: str, image: np.ndarray, place: int) -> np.ndarray:
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] not in (1, 3) or 0 in image.shape:
        raise ValueError(
            f"plots.{function}: an image has the shape (height, width, 1 or 3 channels). "
            f"Received images[{place}].shape={image.shape}."
        )
    _check_bytes(function, image)
    return image


def _check_bytes(function: str, images: np.ndarray) -> None:
    if images.dtype == np.uint8:
        return
    found = str(images.dtype)
    if images.dtype.kind == "f" and not np.isfinite(images).all():
        found += " with NaN or infinity in it"
    raise ValueError(
        f"plots.{function}: images are uint8, 0 to 255, as data.load gives them. Received {found}. "
        "Convert numbers from 0 to 1 by (images * 255).astype(np.uint8)."
    )


def checked_labels(function: str, labels: Any, class_names: Sequence[str]) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.size == 0 and labels.ndim == 1:
        return labels.astype(np.int64)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ValueError(
            f"plots.{function}: labels are whole numbers, one for each image. "
            f"Received {labels.dtype} of shape {labels.shape}."
        )
    if labels.min() < 0 or labels.max() >= len(class_names):
        raise ValueError(
            f"plots.{function}: with {len(class_names)} class names, labels go from 0 to {len(class_names) - 1}. "
            f"Received {labels.min()} to {labels.max()}."
        )
    return labels.astype(np.int64)


def check_names(function: str, class_names: Sequence[str]) -> None:
    if isinstance(class_names, str) or len(class_names) == 0:
        raise ValueError(
            f"plots.{function}: class_names is a list with one name for each class. Received {class_names!r}."
        )


def check_positive(function: str, **numbers: int) -> None:
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise ValueError(f"plots.{function}: {name} is a whole number, 1 or more. Received {name}={number!r}.")


def checked_group(group: Sequence[int], number: int, count: int) -> list[int]:
    places = np.asarray(group)
    if places.ndim != 1 or places.dtype.kind not in "iu" or len(set(places.tolist())) < 2:
        raise ValueError(
            f"plots.duplicates: a group is two or more different places in images. Received groups[{number}]={group!r}."
        )
    if places.min() < 0 or places.max() >= count:
        raise ValueError(
            f"plots.duplicates: there are {count} images, so places go from 0 to {count - 1}. "
            f"Received groups[{number}]={group!r}."
        )
    return [int(place) for place in places]
