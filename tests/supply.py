"""What the bridge is made of, as part of `make check`: bill of materials, licences, known weaknesses.

The bill is uv's, made from uv.lock for what a bridge needs at run time; each licence is read from the
package as it is installed and must be on the list below. pip-audit asks the vulnerability service. When
that does not answer, or knows none of the packages, as a private index may not, the audit is left out and
that is said: pip-audit by itself calls such a run "no known vulnerabilities". The bill stays in
var/sbom.cdx.json. Run: `python -m tests.supply`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from importlib import metadata
from pathlib import Path
from typing import Any, cast

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
BILL = ROOT / "var" / "sbom.cdx.json"
AUDIT_WITHIN_S = 60

ALLOWED = {
    *("MIT", "MIT-0", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "PSF-2.0", "ISC", "0BSD"),
}
EXCEPTIONS = {  # package: the licence it may have, and why that does no harm here
    "certifi": ("MPL-2.0", "a list of certificates, not changed by us; MPL covers its own files"),
    "psycopg": ("LGPL-3.0-only", "imported unmodified and replaceable, as the LGPL asks"),
    "psycopg-binary": ("LGPL-3.0-only", "as psycopg"),
}
SPELLINGS = {  # what packages wrote before PEP 639 asked for SPDX expressions
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "OSI Approved :: Apache Software License": "Apache-2.0",
    "OSI Approved :: BSD License": "BSD-3-Clause",
    "OSI Approved :: MIT License": "MIT",
    "OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "OSI Approved :: Python Software Foundation License": "PSF-2.0",
}
ELSEWHERE = "not installed on this platform"


def licence_of(told: Message) -> str:
    """The SPDX expression of an installed package; what is not understood stays as it is written."""
    classifiers = [
        one.removeprefix("License :: ")
        for one in told.get_all("Classifier") or ()
        if one.startswith("License :: ") and one != "License :: OSI Approved"
    ]
    expression, free = str(told.get("License-Expression", "")), str(told.get("License", "")).strip()
    if expression:
        return expression
    if SPELLINGS.get(free, free) in ALLOWED or not classifiers:
        return SPELLINGS.get(free, free.split("\n", 1)[0][:60])
    return " OR ".join(SPELLINGS.get(one, one) for one in classifiers)


def is_allowed(name: str, licence: str) -> bool:
    """Whether we may ship it: one side of an OR, with everything that AND joins."""
    if licence == ELSEWHERE or (name in EXCEPTIONS and licence == EXCEPTIONS[name][0]):
        return True
    ways = [way.split(" AND ") for way in licence.split(" OR ")]
    return any(all(part.strip() in ALLOWED for part in way) for way in ways)


def add_licences(bill: dict[str, Any], licences: Mapping[str, str]) -> None:
    """Write into a CycloneDX bill what uv does not know."""
    for component in bill["components"]:
        licence = licences[component["name"]]
        if licence != ELSEWHERE:
            component["licenses"] = [{"expression": licence}]


@dataclass(frozen=True)
class Audit:
    """What pip-audit found; `asked` is False when nobody could be asked."""

    asked: bool
    weak: list[str] = field(default_factory=list)
    unknown: int = 0


def read_audit(answer: str) -> Audit:
    """From pip-audit's JSON. A run in which every package was skipped has asked nobody."""
    try:
        packages: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Audit(asked=False)
    skipped = [one for one in packages if "skip_reason" in one]
    weak = [
        f"{one['name']} {one['version']}: {weakness['id']}"
        + (f", mended in {', '.join(weakness['fix_versions'])}" if weakness["fix_versions"] else "")
        for one in packages
        for weakness in one.get("vulns", ())
    ]
    return Audit(len(skipped) < len(packages), weak, len(skipped))


def run() -> Iterator[str]:
    """Each thing that stands against a release, one sentence; what is fine is printed."""
    bill = json.loads(_uv("cyclonedx1.5", "--preview-features", "sbom-export"))
    licences = {one["name"]: _installed(one["name"]) for one in bill["components"]}
    add_licences(bill, licences)
    BILL.parent.mkdir(exist_ok=True)
    BILL.write_text(json.dumps(bill, indent=1), "utf-8")
    say(f"supply: {len(licences)} packages at run time, in {BILL.relative_to(ROOT)}")
    kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(licences.values()).most_common())
    say(f"licences: {kinds}")
    for name, licence in sorted(licences.items()):
        if not is_allowed(name, licence):
            yield (
                f"{name} has the licence {licence or '(none told)'!r}, which is not allowed. Replace it,"
                " or allow it in tests/supply.py with the reason."
            )
    audit = read_audit(_pip_audit())
    if not audit.asked:
        say("pip-audit: LEFT OUT, the vulnerability service does not answer for these packages")
    else:
        say(f"pip-audit: {len(licences) - audit.unknown} packages audited, {audit.unknown} unknown")
    yield from (f"Known weakness: {one}. Update it: uv lock --upgrade." for one in audit.weak)


def _installed(name: str) -> str:
    try:
        return licence_of(cast("Message", metadata.metadata(name)))
    except metadata.PackageNotFoundError:
        return ELSEWHERE


def _uv(form: str, *more: str) -> str:
    what = ("export", "--frozen", "--no-dev", "--no-emit-project", "--quiet", "--format", form)
    return _said([str(BIN / "uv"), *what, *more])


def _pip_audit() -> str:
    """Its JSON; empty when it could not ask."""
    locked = BILL.with_name("runtime.txt")
    locked.write_text(_without_markers(_uv("requirements.txt", "--no-annotate")), "utf-8")
    how = ("--no-deps", "--disable-pip", "--progress-spinner", "off", "--timeout", "5")
    command = [str(BIN / "pip-audit"), "--requirement", str(locked), "--format", "json", *how]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=AUDIT_WITHIN_S
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout


def _without_markers(requirements: str) -> str:
    """Another platform's packages are audited here too."""
    return re.sub(r" ; [^\\\n]*", " ", requirements)


def _said(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def say(sentence: str) -> None:
    """For whoever runs the check."""
    sys.stdout.write(f"{sentence}\n")


if __name__ == "__main__":
    found = list(run())
    for problem in found:
        say(problem)
    sys.exit(bool(found))
