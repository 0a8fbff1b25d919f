"""Judge a report of pip-audit: ``python .ci/audit.py REPORT``. What was not looked up is never counted as clean."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def judge(report: dict[str, Any]) -> tuple[int, list[str]]:
    """The exit code and what to say."""
    packages = report["dependencies"]
    skipped = [row["name"] for row in packages if "skip_reason" in row]
    bad = [(row, found) for row in packages for found in row.get("vulns", ())]
    said = [
        f"{row['name']} {row['version']}: {found['id']}, fixed in {', '.join(found['fix_versions']) or 'no version'}"
        for row, found in bad
    ]
    if len(skipped) == len(packages):
        return 0, [f"NOTICE: dependency audit skipped: none of {len(packages)} packages could be looked up"]
    if skipped:
        said.append(f"could not be looked up: {', '.join(skipped)}")
    said.append(
        f"{len(packages) - len(skipped)} of {len(packages)} packages looked up, {len(bad)} known vulnerabilities"
    )
    return (1 if bad or skipped else 0), said


if __name__ == "__main__":
    code, lines = judge(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    print("\n".join(lines))
    sys.exit(code)
