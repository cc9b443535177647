"""Whatever stands in a file: it loads, or it is a L{ConfigError} that can be shown."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.config.fakes import HACF, ConfigTestCase
from twisted_ha.config.describe import describe
from twisted_ha.config.directives import DIRECTIVES, REFUSED
from twisted_ha.config.tuning import DIRECTIVES as TUNING
from twisted_ha.errors import ConfigError

SLOW_IS_FINE = settings(
    max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)

anything = st.text(st.characters(), max_size=200)
"""Lone surrogates too: they are what bytes that are not UTF-8 become."""
words = st.one_of(
    st.sampled_from(
        [
            *("alpha", "beta", "eth0", "eth1", "10.77.1.2", "225.0.0.1", "694", "0", "1", "-1", "2.5"),
            *("500ms", "30s", "1.2.3", "99999999999999999999", "9" * 5000, "on", "off", "legacy", "x"),
            *("root", "/bin/true", "/dev/ttyS0", "uid=root,,5", "gid=", "A=b", "=", "*", "null", "\\"),
            *(
                "external/a",
                "10.0.0.1/24::x",
                "IPaddr::",
                "::",
                "start",
                "agent",
                "group",
                "sha1",
                "auth",
            ),
        ]
    ),
    st.text(st.characters(), max_size=8),
)
gaps = st.sampled_from([" ", "\t", ",", "  ", "#", "\r", "\x00", "\f", ", ", "\\\n", " \\ \n"])


def lines(names: list[str]) -> st.SearchStrategy[str]:
    """Lines that nearly mean something."""
    line = st.builds(
        lambda name, parts: name + "".join(gap + word for gap, word in parts),
        st.one_of(st.sampled_from(names), words),
        st.lists(st.tuples(gaps, words), max_size=7),
    )
    return st.lists(line, max_size=12).map("\n".join)


class FuzzTests(ConfigTestCase):
    """Each file in turn is nonsense."""

    def check(self, name: str, text: str) -> None:
        """Nothing but L{ConfigError} comes out, and it can be printed."""
        encodable = (
            text.encode(
                "utf-8",
                "surrogateescape",
            )
            if _escapes(text)
            else text.encode("utf-8", "replace")
        )
        self.write(name, encodable.decode("utf-8", "surrogateescape"))
        try:
            config = self.load()
        except ConfigError as error:
            self.assertTrue(error.complaints)
            said = str(error)
        else:
            said = describe(config)
        said.encode("utf-8")
        self.assertNotIn("\x00", said)
        self.assertNotIn("\x1b", said)

    @SLOW_IS_FINE
    @given(st.one_of(anything, lines([*DIRECTIVES, *REFUSED])))
    def test_hacf(self, text: str) -> None:
        """C{ha.cf} alone."""
        self.check("ha.cf", text)

    @SLOW_IS_FINE
    @given(lines([*DIRECTIVES]))
    def test_hacfWithMore(self, text: str) -> None:
        """A good C{ha.cf} with nonsense after it."""
        self.check("ha.cf", HACF + text)

    @SLOW_IS_FINE
    @given(st.one_of(anything, lines(["auth", "1", "2", "16"])))
    def test_authkeys(self, text: str) -> None:
        """C{authkeys}."""
        self.check("authkeys", text)

    @SLOW_IS_FINE
    @given(st.one_of(anything, lines(["alpha", "beta", "gamma"])))
    def test_haresources(self, text: str) -> None:
        """C{haresources}."""
        self.check("haresources", text)

    @SLOW_IS_FINE
    @given(st.one_of(anything, lines([*TUNING])))
    def test_tuning(self, text: str) -> None:
        """C{twisted_ha.cf}."""
        self.check("twisted_ha.cf", text)

    @SLOW_IS_FINE
    @given(st.one_of(anything, words))
    def test_nodeinfo(self, text: str) -> None:
        """C{nodeinfo}."""
        self.check("nodeinfo", text + "\n")


def _escapes(text: str) -> bool:
    """Whether its surrogates all stand for single bytes."""
    return all(not 0xD800 <= ord(char) <= 0xDFFF or 0xDC80 <= ord(char) <= 0xDCFF for char in text)
