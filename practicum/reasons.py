"""Why a file of a learner's folder is left out, or what is remarkable about one that is used."""

from dataclasses import dataclass
from typing import NamedTuple


class Reason(NamedTuple):
    """A heading for the files concerned, and what their owner can do."""

    title: str
    advice: str
    left_out: bool = True


@dataclass(frozen=True)
class Note:
    """What is to be said about one file: the name of a reason, and what is particular to this file."""

    reason: str
    detail: str = ""

    @property
    def leaves_out(self) -> bool:
        return REASONS[self.reason].left_out


REASONS = {
    # The file cannot be opened, or is no image.
    "empty": Reason("empty", "The file has 0 bytes. Copy or download it again."),
    "unreadable": Reason("cannot be opened", "Give yourself the right to read it, or copy it again."),
    "cut_short": Reason("cut short", "The file ends before its picture does. Copy or download it again."),
    "damaged": Reason("cannot be decoded", "Copy it again, or open it elsewhere and save it as PNG."),
    "encrypted": Reason("encrypted", "Unpack the archive with its password and pass the folder."),
    "web_page": Reason(
        "a web page, not an image", "Saved was the page around a picture, or an error message. Save the picture itself."
    ),
    "pointer": Reason("a Git LFS pointer, not the image itself", "Get the images with: git lfs pull"),
    "text": Reason("text, not an image", "Nothing to do, unless it should have been one."),
    "heic": Reason(
        "HEIC, the format of many phones' photos, which is not read",
        "Export it as JPEG: on a Mac in Preview (File, Export), on Windows in Photos (Save as), on an iPhone choose "
        "Settings, Camera, Formats, Most Compatible for new photos.",
    ),
    "other_format": Reason("an image in a format that is not read", "Save it as JPEG or PNG."),
    "video": Reason("a video", "Save single frames of it as JPEG or PNG."),
    "no_image": Reason("no image", "Nothing to do, unless it should have been one."),
    # It is one, but not to be decoded.
    "too_many_pixels": Reason("more than 50 megapixels", "Save it smaller: 1,000 pixels a side are more than enough."),
    "too_large": Reason("more than 200 MB", "The file is not read. Save the image smaller, as JPEG or PNG."),
    "loose": Reason("in no class folder", "Put it into the folder of its class."),
    "outside_splits": Reason("beside the train folder", "Put it into train/CLASS/, validation/CLASS/ or test/CLASS/."),
    "copy": Reason(
        "a copy of an image in another split",
        "It would be known before the exam. Nothing to do: the other one stays.",
    ),
    # What systems and programs leave.
    "mac_side_file": Reason("a side file of macOS", "Nothing to do: the image beside it counts."),
    "mac_notes": Reason("notes of macOS about a folder", "Nothing to do."),
    "mac_folder": Reason("the extra folder of macOS in a zip", "Nothing to do."),
    "windows_notes": Reason("notes of Windows about a folder", "Nothing to do."),
    "checkpoints": Reason("a copy that Jupyter keeps", "Nothing to do."),
    "hidden": Reason("hidden: a name with a dot at its beginning", "Take the dot away if it is to be used."),
    # What is no file of this folder.
    "link_out": Reason("a link that leads out of the folder", "Put a copy of the image in its place."),
    "link_broken": Reason("a link to nothing", "Remove it, or put the image in its place."),
    "link_folder": Reason("a link to a folder, not followed", "Its images count where they lie."),
    "link_in_archive": Reason("a link in an archive, not followed", "Make the archive anew, of files."),
    "path_out": Reason("a path that leads out of the archive", "Make the archive anew, from inside the folder."),
    "special": Reason("neither a file nor a folder", "Remove it."),
    "unreadable_folder": Reason("a folder that cannot be opened", "Give yourself the right to open it."),
    # Used all the same.
    "wrong_ending": Reason("a wrong ending", "Used. Its content counts, whatever its name says.", False),
    "no_ending": Reason("no ending that says image", "Used. Its content counts, whatever its name says.", False),
    "animated": Reason("animated", "Used: the first of its pictures.", False),
    "two_classes": Reason(
        "a picture that stands in two classes", "Used, but one of the two is wrong. Remove it.", False
    ),
}
