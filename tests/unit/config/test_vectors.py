"""Complete cases given to a real heartbeat 3.0.6, and what it made of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.unit.config.fakes import ConfigTestCase
from twisted_ha.config.authkeys import checkFile, parse
from twisted_ha.config.complaints import Complaints
from twisted_ha.config.host import FileFacts
from twisted_ha.config.location import Severity
from twisted_ha.errors import ConfigError

VECTORS = Path(__file__).parents[2] / "data" / "vectors"

EXCEPTIONS = {
    "long line 6000": "a line is one line however long it is (configuration.md section 2)",
    "normalpoll on": "1.2 knows it, and files of 1.2 load unchanged (section 3.7)",
    "crm_daemon_dir": "it is refused by mistake there; we accept and ignore it (section 3.8)",
    "auth unknown method": "sha256 is a method of ours, with a warning (section 6)",
}
"""Cases whose verdict is deliberately another, each with the reason."""

CONSEQUENCES = {"parse-failed", "medium-rejected", "not-started", "auth-failed", "logd-unreachable"}
"""Errors of the original that only repeat that there was one."""

HERE_WARNINGS = {"nice_failback-obsolete"}
"""Errors of the original that do not keep it from starting; with us they are warnings."""


def cases() -> list[dict[str, Any]]:
    """All 173 of them, the abbreviated line of 6000 characters written out."""
    found = json.loads((VECTORS / "config" / "ha_cf_cases.json").read_text())["cases"]
    for case in found:
        case["ha_cf"] = case["ha_cf"].replace("#<6000 x characters>", "#" + "x" * 6000)
    return list(found)


class HaCfCaseTests(ConfigTestCase):
    """Every case, in the environment it was captured in."""

    def verdict(self, case: dict[str, Any]) -> tuple[bool, tuple[Any, ...]]:
        """Whether we start, and what we say."""
        self.write("ha.cf", case["ha_cf"])
        self.write("authkeys", case["authkeys"])
        self.write("haresources", case["haresources"])
        self.host.facts = FileFacts(mode=int(case["authkeys_mode"], 8))
        try:
            return True, self.load().warnings
        except ConfigError as error:
            return False, error.complaints

    def test_thereAreAll(self) -> None:
        """The file holds the 173 cases the specification speaks of, no name twice."""
        names = [case["name"] for case in cases()]
        self.assertEqual((173, 173), (len(names), len(set(names))))

    def test_verdicts(self) -> None:
        """We start where the original starts, but for the exceptions."""
        for case in cases():
            expected = case["starts"] != (case["name"] in EXCEPTIONS)
            starts, found = self.verdict(case)
            said = "\n".join(complaint.render() for complaint in found)
            self.assertEqual(expected, starts, f"{case['name']}:\n{said}")

    def test_reasons(self) -> None:
        """Where both refuse, the reason is the same: the categories agree."""
        compared = 0
        for case in cases():
            named = {
                category
                for severity, category in case["diagnostics"]
                if severity != "WARN" and category not in CONSEQUENCES
            }
            if not named or case["name"] in EXCEPTIONS or case["starts"]:
                continue
            found = self.verdict(case)[1]
            ours = {item.category for item in found if item.severity is Severity.ERROR}
            self.assertTrue(named & ours, f"{case['name']}: {named} and not {ours}")
            compared += 1
        self.assertGreater(compared, 40)

    def test_warnings(self) -> None:
        """What the original warns of while it starts, we warn of too."""
        loggingDaemon = {"logd-unreachable", "logd-and-files"}
        for case in cases():
            named = {
                category
                for severity, category in case["diagnostics"]
                if severity in ("WARN", "ERROR") and category not in loggingDaemon
            }
            if not case["starts"] or not named:
                continue
            found = self.verdict(case)[1]
            ours = {item.category for item in found}
            if named & HERE_WARNINGS:
                named &= HERE_WARNINGS
            self.assertEqual(named, named & ours, case["name"])

    def test_nothingIsSaidOfTheOrdinary(self) -> None:
        """The plain case starts without a word."""
        starts, found = self.verdict(cases()[0])
        self.assertEqual((True, ()), (starts, found))

    def test_everyComplaintSaysHowToRepair(self) -> None:
        """Every error in any of the cases has a place and a hint."""
        for case in cases():
            for complaint in self.verdict(case)[1]:
                if complaint.severity is Severity.ERROR:
                    self.assertTrue(complaint.hint, f"{case['name']}: {complaint.render()}")
                    self.assertTrue(complaint.category)


class AuthkeysCaseTests(ConfigTestCase):
    """The files of keys given to a real heartbeat."""

    exceptions = {"unknown-method": "sha256 is a method of ours, with a warning"}

    def setUp(self) -> None:
        super().setUp()
        self.vectors = json.loads((VECTORS / "authkeys.json").read_text())

    def test_files(self) -> None:
        """Each file is accepted or refused as there, with the same keys and the same signing key."""
        for case in self.vectors["files"]:
            complaints = Complaints()
            keys = parse("authkeys", case["text"], complaints)
            accepted = keys is not None and not complaints.failed
            expected = case["accepted"] != (case["id"] in self.exceptions)
            self.assertEqual(expected, accepted, case["id"])
            if case["accepted"]:
                assert keys is not None
                self.assertEqual(case["sign_with"], keys.signing, case["id"])
                self.assertEqual(
                    case["keys"],
                    {str(n): [key.method, key.secret.decode()] for n, key in keys.keys.items()},
                    case["id"],
                )

    def test_modes(self) -> None:
        """Each mode of the file is accepted or refused as there."""
        for mode, accepted in self.vectors["modes"].items():
            complaints = Complaints()
            checkFile("authkeys", FileFacts(mode=int(mode, 8)), complaints)
            self.assertEqual(accepted, not complaints.failed, mode)
