"""The public sandbox with everything it talks to: ``python -m tests.sandbox BUILD`` until Ctrl-C, or driven by a browser."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from tests.sandbox.stage import PATIENTS, SCREENS, NoBuild, Stage, stage


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox", description=__doc__)
    parser.add_argument("build", type=Path, help="the folder that `npm run build` of the sandbox makes")
    parser.add_argument("--drive", action="store_true", help="go through the whole conversation in headless Chromium")
    parser.add_argument("--pictures", type=Path, help="with --drive: folder for the screenshots")
    told = parser.parse_args()
    if told.pictures is not None:
        told.pictures.mkdir(parents=True, exist_ok=True)
    try:
        with stage(told.build) as found:
            return drive(found, told.pictures) if told.drive else wait(found)
    except NoBuild as error:
        print(error, file=sys.stderr)
        return 2


def wait(found: Stage) -> int:
    """Tell the addresses and serve until Ctrl-C."""
    for patient, file in PATIENTS.items():
        print(f"{patient} ({file})")
        for hook in SCREENS:
            print(f"  {hook}: {found.address(patient, hook)}")
    print("Ctrl-C ends it and then prints the feedback.", flush=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        print(found.allcue("feedback", "report"))
    return 0


def drive(found: Stage, pictures: Path | None) -> int:
    """Everything of the conversation; an assertion that fails ends it with its reason."""
    from tests.sandbox import conversation
    from tests.sandbox.driver import sandbox

    for part in conversation.PARTS:
        with sandbox(found, pictures) as it:
            part(it)
        print(f"{part.__name__.replace('_', ' ')}: as it should be", flush=True)
    print(conversation.reported(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
