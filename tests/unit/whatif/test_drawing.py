"""L{twisted_ha.whatif.terminal}, L{twisted_ha.whatif.picture}, L{twisted_ha.whatif.axis}."""

from __future__ import annotations

import os
from importlib import import_module
from unittest.mock import patch
from xml.etree import ElementTree

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.unit.whatif.clusters import FIRST, benched, told
from twisted_ha.whatif.axis import label, ticks
from twisted_ha.whatif.picture import PictureError, svg, writePicture
from twisted_ha.whatif.terminal import ASCII, UNICODE, Style, draw, styleFor

STORY = "at 10s power off alpha; at 30s power on alpha; until 40s"


class AxisTests(SynchronousTestCase):
    """L{ticks} and L{label}."""

    def test_round(self) -> None:
        """Steps are round, and there are no more than there is room for."""
        self.assertEqual(list(ticks(40, 8)), [0, 5, 10, 15, 20, 25, 30, 35, 40])
        for seconds in (0.3, 7, 61, 1000, 86400):
            for most in (1, 5, 12):
                self.assertTrue(len(ticks(seconds, most)) <= most + 1, (seconds, most))

    def test_labels(self) -> None:
        """Seconds on a short scale, minutes and hours on longer ones."""
        self.assertEqual(
            [
                label(at, whole)
                for at, whole in [(0, 9000), (60, 90), (90, 300), (120, 300), (5400, 11000)]
            ],
            ["0 s", "60 s", "1:30 min", "2 min", "1:30 h"],
        )


class TerminalTests(SynchronousTestCase):
    """L{draw}."""

    def drawn(self, script: str = STORY, width: int = 80, style: Style = ASCII) -> list[str]:
        return draw(told(script), width, style)

    def row(self, lines: list[str], name: str, place: int = 0) -> str:
        """The cells of a lane."""
        found = [line for line in lines if line.startswith(name)]
        margin = len("10.0.0.101  ")
        return found[place][margin:]

    def test_width(self) -> None:
        """No line is wider than the terminal, and a very narrow one gets the least that is legible."""
        for width in (40, 60, 80, 133):
            for style in (ASCII, UNICODE):
                longest = max(map(len, self.drawn(width=width, style=style)))
                self.assertTrue(longest <= width, (width, longest))
        self.assertEqual(max(map(len, self.drawn(width=3))), max(map(len, self.drawn(width=40))))

    def test_lanes(self) -> None:
        """A node without power is a gap, a group without an owner is marked, and changes its row."""
        lines = self.drawn()
        alpha = self.row(lines, "alpha")
        self.assertRegex(alpha, r"^ =+ +=+$")
        self.assertRegex(self.row(lines, FIRST), r"^ ?-+!+-+!?-*$")
        here, there = self.row(lines, "  on alpha"), self.row(lines, "  on beta")
        self.assertRegex(here, r"^\++#+ +\++#+$")
        self.assertRegex(there, r"^ +\++#+\+?$")
        self.assertTrue(there.index("+") > here.index(" "), lines)

    def test_deeds(self) -> None:
        """Each deed stands above its column with its number."""
        lines = self.drawn()
        deeds = self.row(lines, "deeds")
        self.assertEqual(deeds.split(), ["1", "2"])
        self.assertEqual(self.row(lines, "alpha").rstrip("=").rstrip().rfind("="), deeds.index("1") - 1)

    def test_shortFaultsAreSeen(self) -> None:
        """Something much shorter than a column is drawn all the same."""
        lines = self.drawn("at 20s cut eth1; at 20.01s mend eth1; until 40s")
        self.assertEqual(self.row(lines, "eth1").count("x"), 1)

    def test_twoOwners(self) -> None:
        """Two owners are marked."""
        lines = self.drawn("at 10s cut all; at 20s mend all; until 30s")
        self.assertIn("2222", self.row(lines, FIRST))
        self.assertIn("2 group on two nodes", lines[-1] + lines[-2])

    def test_legend(self) -> None:
        """The legend explains every letter that is used, and no other."""
        lines = self.drawn("until 20s")
        legend = " ".join(lines[lines.index("") :])
        self.assertIn("# group running", legend)
        self.assertNotIn("x link cut", legend)

    def test_longNames(self) -> None:
        """Of a name that is too long both ends are shown."""
        bench = benched(
            nodes=["node1.a-very-long-domain.example.org", "node2.a-very-long-domain.example.org"]
        )
        lines = draw(told("until 20s", bench), 60, ASCII)
        self.assertTrue(any(line.startswith("node1") and ".." in line for line in lines), lines)

    def test_style(self) -> None:
        """A terminal that lacks the letters gets plain ones."""
        self.assertIs(styleFor("utf-8"), UNICODE)
        for encoding in ("ascii", "latin-1", None, "no-such-encoding"):
            self.assertIs(styleFor(encoding), ASCII)
        "\n".join(self.drawn(style=ASCII)).encode("ascii")


class PictureTests(SynchronousTestCase):
    """L{svg} and L{writePicture}."""

    def test_wellFormed(self) -> None:
        """It is XML, whatever stands in the title and in names."""
        root = ElementTree.fromstring(svg(told(STORY), 'a <b> & "c" \x00\x1b'))
        self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
        texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
        for words in (
            'a <b> & "c" ??',
            "alpha",
            "eth1",
            FIRST,
            "on beta",
            "1   at 10 s: power off alpha",
        ):
            self.assertIn(words, texts)

    def test_inside(self) -> None:
        """Nothing is drawn outside the picture."""
        root = ElementTree.fromstring(svg(told(STORY), "t"))
        width, height = float(root.get("width", 0)), float(root.get("height", 0))
        for element in root.iter("{http://www.w3.org/2000/svg}rect"):
            x, y = float(element.get("x", 0)), float(element.get("y", 0))
            self.assertTrue(
                x + float(element.get("width", 0)) <= width + 1, ElementTree.tostring(element)
            )
            self.assertTrue(y + float(element.get("height", 0)) <= height + 1)

    def test_silenceIsSaid(self) -> None:
        """How long nobody served is written above the time."""
        texts = ElementTree.fromstring(svg(told(STORY), "t")).itertext()
        self.assertTrue(any(text.endswith(" s") and text.startswith(("3.", "4.")) for text in texts))

    def test_write(self) -> None:
        """The ending of the name says what is written."""
        path = self.mktemp() + ".svg"
        writePicture(told(STORY), path, "t")
        with open(path, encoding="utf-8") as file:
            self.assertTrue(file.read().startswith("<svg "))

    def test_cannotWrite(self) -> None:
        """A wrong ending and a directory that is not there are said."""
        outcome = told("until 1s")
        for path, words in [("x.gif", "ends in .svg or .png"), ("/nowhere/x.svg", "cannot be written")]:
            self.assertIn(words, str(self.assertRaises(PictureError, writePicture, outcome, path, "t")))

    def test_png(self) -> None:
        """A PNG is written where the converter is installed."""
        try:
            import_module("cairosvg")
        except (ImportError, OSError) as error:
            raise SkipTest("CairoSVG or libcairo2 is not installed (the extra plot)") from error
        path = self.mktemp() + ".png"
        writePicture(told(STORY), path, "t")
        with open(path, "rb") as file:
            self.assertEqual(file.read(8), b"\x89PNG\r\n\x1a\n")

    def test_noConverter(self) -> None:
        """Without it the user is told what to install, and no file is left."""
        path = self.mktemp() + ".png"
        with patch.dict("sys.modules", {"cairosvg": None}):
            error = self.assertRaises(PictureError, writePicture, told("until 1s"), path, "t")
        self.assertIn("pip install 'twisted_ha[plot]'", str(error))
        self.assertFalse(os.path.exists(path))
