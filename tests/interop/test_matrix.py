"""
A few cases of the matrix beside heartbeat 3.0.6, each of something that no other test here tells;
C{make interop} tells all of them.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.interop.lab import whyNot
from tests.interop.matrix.cases import SMALL, caseNamed
from tests.interop.matrix.running import tell


class SmallMatrixTests(SynchronousTestCase):
    """One test for each case of L{SMALL}, with the words of its story."""

    def setUp(self) -> None:
        reason = whyNot(heartbeat=True, ours=True)
        if reason is not None:
            raise SkipTest(reason)


def _test(name: str) -> Callable[[SmallMatrixTests], None]:
    case = caseNamed(name)

    def test(self: SmallMatrixTests) -> None:
        result = tell(case)
        self.assertTrue(result.ok, f"{result.trouble}\n{result.rows}")

    test.__doc__ = f"{name}: {case.story.text}"
    return test


for _name in SMALL:
    setattr(SmallMatrixTests, f"test_{_name.replace('/', '_').replace('-', '_')}", _test(_name))
