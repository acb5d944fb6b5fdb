"""The command workshop bundle."""

import argparse
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from practicum.cli.saying import DONE, FAILED, add_command, complain, print_json
from practicum.progress import megabytes

if TYPE_CHECKING:
    from practicum.bundle import Bundle, Comparison

ABOUT = (
    "Put everything that a room without internet needs into a folder: the course as it is in the commit, the same as "
    "pages if make site has built them, the datasets that fetch --all fetches, the packages of requirements.lock as "
    "wheels, a script that sets everything up and opens it (start.sh, start.bat), checksums, and a README.",
    "What was interrupted goes on where it was when the same command is given again. The same folder can be filled for "
    "further platforms by further commands.",
)


def add_bundle(parts: Any) -> None:
    """Add it to the parser of workshop."""
    bundle = add_command(
        parts,
        "bundle",
        help="a folder with everything for a room without internet",
        description="\n\n".join(textwrap.fill(text, 78) for text in ABOUT),
        example="workshop bundle --to /media/usb/cnn-practicum --platform windows --platform macos-arm --python 3.12",
    )
    what = bundle.add_mutually_exclusive_group(required=True)
    what.add_argument("--to", type=Path, metavar="DIR", help="the folder to fill; a new or empty one, or a bundle")
    what.add_argument("--check", type=Path, metavar="DIR", help="name the missing, changed and extra files of a bundle")
    add = bundle.add_argument
    add(
        "--platform",
        action="append",
        default=[],
        metavar="NAME",
        help="windows, macos-arm, linux, linux-arm, this, or a word of pip's; several times (default: this)",
    )
    add(
        "--python",
        action="append",
        default=[],
        metavar="VERSION",
        help="3.11, 3.12 or 3.13; several times, each for each platform (default: the one that runs this)",
    )
    add("--no-data", action="store_true", help="without the datasets that are not in the repository (265 MB)")
    add("--no-site", action="store_true", help="do not add the course as pages (make site), 32 MB")
    add("--course", type=Path, metavar="DIR", help="the folder of the whole course (default: where this package lies)")
    add("--json", action="store_true", help="print one JSON object on one line")
    bundle.set_defaults(run=_bundle)


def _bundle(options: argparse.Namespace, given: list[str]) -> int:
    from practicum.bundle import compare, make_bundle
    from practicum.places import FINDABLE

    if options.check:
        return _say_comparison(compare(options.check), options)
    try:
        bundle = make_bundle(
            options.to,
            course=options.course,
            platforms=options.platform,
            pythons=options.python,
            data=not options.no_data,
            site=not options.no_site,
        )
    except KeyboardInterrupt:
        return complain("interrupted; what has come is kept, and the same command goes on from there", FAILED)
    if options.json:
        print_json(bundle.to_dict())
    else:
        print("\n".join(_lines(bundle)))
    if not bundle.absent:
        return DONE
    for name, why in bundle.absent.items():
        complain(f"{name}: {why}", FAILED)
    return complain(
        f"the bundle can be used, but lacks data; the same command tries again. Or name a folder that holds "
        f"{' and '.join(FINDABLE[name][0] for name in bundle.absent)} in PRACTICUM_DATA, or give --no-data.",
        FAILED,
    )


def _lines(bundle: "Bundle") -> list[str]:
    from practicum.bundle.words import absence
    from practicum.download import DATASETS

    total = sum(bundle.sizes.values())
    lines = [f"bundle: {bundle.folder} ({bundle.files:,} files, {megabytes(total)})"]
    state = f"commit {bundle.commit[:12]}" if bundle.commit else "the folder as it is; it is no git checkout"
    lines.append(f"course: {megabytes(bundle.sizes['course'])}, {state}")
    if bundle.changed:
        shown = ", ".join(bundle.changed[:5]) + (", …" if len(bundle.changed) > 5 else "")
        lines.append(f"  not in it: changes since the commit in {len(bundle.changed)} of the files here ({shown})")
    if bundle.site:
        lines.append(f"site: {megabytes(bundle.sizes['site'])}, the course as pages: {bundle.site}")
        lines += [f"  {bundle.site_advice}"] if bundle.site_advice else []
    elif bundle.site_advice:
        lines.append(f"site: none; {bundle.site_advice}")
    lines.append(f"datasets: {megabytes(bundle.sizes['datasets'])}, {', '.join(bundle.datasets) or 'none'}")
    missing = absence([name for name in DATASETS if name not in bundle.datasets])
    lines += [f"  {missing}"] if missing else []
    lines.append(f"wheels: {megabytes(bundle.sizes['wheels'])}, for {'; '.join(map(str, bundle.targets))}")
    lines.append(f"new this time: {len(bundle.fetched)} wheels, {bundle.written} other files")
    return [*lines, "To hand it round, see README.txt in it."]


def _say_comparison(found: "Comparison", options: argparse.Namespace) -> int:
    if options.json:
        print_json({"bundle": str(options.check), **vars(found), "good": found.good})
    else:
        for word, names in (("missing", found.missing), ("changed", found.changed), ("extra", found.extra)):
            for name in names:
                print(f"{word}: {name}")
        if found.good:
            print(f"{found.files:,} files, {megabytes(found.bytes)}: all there and unchanged")
    if found.good:
        return DONE
    lost = len(found.missing) + len(found.changed)
    return complain(
        f"{options.check} is damaged: {lost} of {found.files} files are missing or changed. Give the command "
        "that made it "
        "once more, or copy it once more.",
        FAILED,
    )
