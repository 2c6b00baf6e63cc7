# SPDX-License-Identifier: GPL-2.0-only
"""The picture of physical memory: in a browser, as text, as JSON, and as a file."""
import html.parser
import json
import os
import pathlib
import re
import stat

import pytest

from conftest import DUMPS, REPO, SNAPSHOTS, on_terminal
from test_errors import expect
from test_output import HOSTILE

SHARED = 0x380000000000


class TestBrowser:
    def test_seen_and_clicked(self, browser, draw):
        page = browser.open(draw("x86_64"))
        lanes = [li.text.split("\n")[0] for li in page.all(".names li")]
        assert lanes == ["what lies there", "kernel: linear map", "kernel mappings",
                         "pfnhold (101)", "pfnhold (102)"]
        drawn = page.all("#map .lane")
        assert [lane.get_attribute("aria-label") for lane in drawn] == lanes
        # Each name stands beside its lane.
        for name, lane in zip(page.all(".names li"), drawn):
            middle = name.rect["y"] + name.rect["height"] / 2
            assert lane.rect["y"] < middle < lane.rect["y"] + lane.rect["height"]
        # The legend: what is in the picture, in the colour that it has there.
        words = [b.text.split("\n")[-1].strip() for b in page.all(".legend button")]
        assert words == ["write-back", "write-combining", "uncached-minus", "uncached"]
        wanted = page.box("pfnhold (102): uncached-minus", "write-combining was asked for")
        fills = {w: page.style(page.one(f".legend button[data-attr={w}] .box.{w} rect"), "fill")
                 for w in words}
        assert len(set(fills.values())) == 4
        first, above = wanted.find_elements("css selector", "rect")
        assert page.style(first, "fill") == fills["uncached-minus"]
        assert page.style(above, "fill") == fills["write-combining"]
        page.shoot("light")

        # The pointer tells who holds a box; leaving it tells nothing.
        assert not page.one("#tip").is_displayed()
        page.point(wanted)
        for word in ("0x380000000000-0x3800000fffff (1M)", "BAR 2 of PCI device 0000:00:04.0",
                     "remap_pfn by pfnhold (pid 102), at pci_mmap_resource_range+0x5c/0x80",
                     "disagrees: see the mark above"):
            assert word in page.tip()
        page.point(page.one("h1"))
        assert not page.one("#tip").is_displayed()

        # The conflict is marked above everything that maps there, and explains itself.
        harm, mild = page.one("#map .flag.harm"), page.one("#map .flag.mild")
        band = page.one("#map .band.mild").rect
        for one in (wanted, page.box("pfnhold (101): ")):
            assert band["x"] <= one.rect["x"] + 2
            assert one.rect["x"] + one.rect["width"] <= band["x"] + band["width"] + 2
        page.point(mild)
        assert "conflict 1: legal, mapped" in page.tip() and "pfnhold (pid 101)" in page.tip()
        harm.click()
        assert "conflict 2: incoherent, refused-by-arch" in page.one("#details").text
        assert page.one("article.found").get_attribute("id") == "conflict-2"
        mild.click()
        assert page.one("article.found").get_attribute("id") == "conflict-1"
        assert "mapped more than once now: same (downgrade)" in page.one("#details").text
        page.shoot("clicked")

        # The legend finds an attribute, granted or asked for.
        uncached = page.box("uncached\n", "IOAPIC")
        button = page.one(".legend button[data-attr=write-combining]")
        button.click()
        assert page.style(wanted, "opacity") == "1" and float(page.style(uncached, "opacity")) < 0.3
        assert button.get_attribute("aria-pressed") == "true"
        button.click()
        assert page.style(uncached, "opacity") == "1"
        assert page.errors() == []

    def test_keyboard(self, browser, draw):
        from selenium.webdriver.common.keys import Keys
        page = browser.open(draw("x86_64"))
        page.to_map()
        for _ in range(2):
            page.keys(Keys.ARROW_DOWN)
        assert page.focus().get_attribute("class") == "box uncached"
        assert "kernel mappings: uncached" in page.tip()
        page.keys(Keys.ARROW_RIGHT)
        assert "kernel mappings: uncached-minus" in page.tip() and "0xfea00000" in page.tip()
        page.keys(Keys.ARROW_DOWN)
        assert page.tip().startswith("pfnhold (101): uncached-minus")
        page.keys(Keys.ENTER)
        assert page.one("#details").text == page.tip()
        page.keys(Keys.ESCAPE)
        assert not page.one("#tip").is_displayed()

    def test_dark_and_narrow(self, browser, draw):
        page = browser.open(draw("arm64-broken"))
        light = page.style(page.one("body"), "background-color")
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark"}]})
        try:
            dark = page.style(page.one("body"), "background-color")
            page.shoot("dark")
        finally:
            page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        brightness = [sum(map(int, re.findall(r"\d+", c)[:3])) for c in (light, dark)]
        assert brightness[0] > 600 and brightness[1] < 150
        # On a small window the picture scrolls, and not the page.
        page.open(page.driver.current_url[7:], width=600)
        scroll = page.driver.execute_script(
            "const s = document.querySelector('.scroll'), d = document.documentElement;"
            "return [s.scrollWidth > s.clientWidth, d.scrollWidth <= d.clientWidth]")
        assert scroll == [True, True]

    def test_small_beside_large(self, browser, draw):
        """A BAR of 256 bytes beside one of 4G, and beside gaps: still a box."""
        page = browser.open(draw("x86_64-broken"))
        small = page.box("0xfebfc000-0xfebfc0ff").find_element("css selector", "rect").rect
        large = page.box("0x100000000-0x1ffffffff").find_element("css selector", "rect").rect
        assert small["width"] >= 12 and large["width"] > 2 * small["width"]
        # The picture is in order of addresses, and nothing lies over its neighbour.
        for lane in page.all("#map .lane"):
            boxes = [b.rect for b in lane.find_elements("css selector", ".box:not(.implied) > rect")]
            for a, b in zip(boxes, boxes[1:]):
                assert a["x"] + a["width"] <= b["x"] + 1.5

    def test_many(self, browser, tree, draw):
        """100,000 mappings of 60 processes: gathered to what a browser can show."""
        def line(i):
            start = 0x200000000 + 8192 * (i * 7919 % 100000)
            attr = ("write-combining", "uncached")[i % 50 == 0]
            return b"record range=0x%x-0x%x va=0x1000-0x1fff space=user kind=insert want=%s got=%s " \
                b"pid=%d comm=c%d site=- module=- dev=- driver=- time=1.0" % (
                    start, start + 4095, attr.encode(), attr.encode(), i % 60 + 1, i % 60)
        tree.dump("records", b"policy: report\nincomplete: 0\nlate: 0\n",
                  [line(i) for i in range(100000)])
        file = draw(tree)
        assert file.stat().st_size < 16 << 20
        page = browser.open(file)
        assert page.one("#details").is_displayed()
        names = [li.text.split("\n") for li in page.all(".names li")]
        assert names[-1][0] == "36 more processes" and len(names) == 3 + 24 + 1
        assert sum(int(count) for _, count in (n for n in names if len(n) == 2)) == 100000
        rest = page.all("#map .lane")[-1].find_elements("css selector", ".box")
        assert any("more, in the whole range" in b.get_attribute("aria-label") for b in rest)
        page.shoot("many")


class Reader(html.parser.HTMLParser):
    """Tags that a page has, and the texts of its titles."""

    def __init__(self):
        super().__init__()
        self.tags, self.titles, self.stack = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, [name for name, _ in attrs]))
        if tag not in ("meta",):
            self.stack.append(tag)
        if tag == "title":
            self.titles.append("")

    def handle_endtag(self, tag):
        while self.stack and self.stack.pop() != tag:
            pass

    def handle_data(self, data):
        if self.stack and self.stack[-1] == "title":
            self.titles[-1] += data


def read(file):
    reader = Reader()
    reader.feed(file.read_text("utf-8"))
    return reader


def test_html_is_whole(draw):
    """Nothing of the template is left, nothing comes from elsewhere, no script is needed."""
    file = draw("x86_64")
    text = file.read_text()
    assert "@-->" not in text and text.endswith("</body>\n</html>\n")
    assert not re.search(r"\b(src|href|url)\s*=|url\((?!#)|@import|https?://(?!www\.w3\.org/2000/svg)",
                         text)
    titles = read(file).titles
    assert sum("\nremap_pfn by pfnhold" in t for t in titles) == 2
    assert sum("conflict 2: incoherent" in t for t in titles) == 1


@pytest.mark.parametrize("comm", list(HOSTILE) + [
    "<script>alert(1)</script>", "'onmouseover=x", r"</title><img\040src=x\040onerror=alert(1)>",
    "&lt;b&gt;", "<!--@MAP@-->", "]]>"])
def test_hostile_names(draw, tree, comm):
    """Whatever a process calls itself: it is text, and the page has no tag more than without it."""
    plain = read(draw(tree))
    for name in ("records", "conflicts"):
        tree.edit(f"{DUMPS}/{name}", lambda data: re.sub(
            rb"(comm|site|module)=[^- ]\S*",
            lambda m: m[1] + b"=" + comm.encode("latin-1"), data))
    file = draw(tree)
    data = file.read_bytes()
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", data)
    data.decode("utf-8")
    spoilt = read(file)
    count = lambda reader: sorted(t for t in reader.tags if t[0] != "text")
    assert count(spoilt) == count(plain)
    shown = HOSTILE[comm][0] if comm in HOSTILE else comm.replace(r"\040", " ")
    shown = re.sub("[\u200e\u200f\u2028-\u202e\u2066-\u2069\x7f-\x9f\x00-\x09\x0b-\x1f]",
                   lambda m: "".join(rf"\x{b:02x}" for b in m[0].encode()), shown)
    assert any(shown in title for title in spoilt.titles), shown


def test_hostile_root(draw, tree):
    evil = tree.path.parent / (tree.path.name + "<script>\x1b[2J")
    os.symlink(tree.path, evil)
    text = draw(evil).read_text()
    assert "&lt;script&gt;\\x1b[2J" in text and text.count("<script>") == 1


class TestFile:
    def test_for_its_owner_only(self, cli, tmp_path):
        file = tmp_path / "map.html"
        file.write_bytes(b"old")
        file.chmod(0o644)
        result = cli("map", "--output", file, root="x86_64", umask=0)
        assert (result.returncode, result.stderr) == (0, b"")
        assert re.fullmatch(rb"Wrote .*map\.html: 5 lanes, 6 mappings, 2 marks\.\n", result.stdout)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert os.listdir(tmp_path) == ["map.html"]

    def test_not_through_a_link(self, cli, tmp_path):
        (tmp_path / "precious").write_bytes(b"mine")
        (tmp_path / "map.html").symlink_to("precious")
        expect(cli, 2, "is a symbolic link; give the file itself", "map", "-o", tmp_path / "map.html",
               root="x86_64")
        assert (tmp_path / "precious").read_bytes() == b"mine"
        assert (tmp_path / "map.html").is_symlink()

    def test_standard_output(self, cli, tmp_path):
        cli("map", "-o", tmp_path / "map.html", root="x86_64")
        out = cli("map", "-o", "-", root="x86_64").stdout
        assert out == (tmp_path / "map.html").read_bytes()

    def test_lost(self, cli, tmp_path):
        expect(cli, 4, "No such file or directory", "map", "-o", tmp_path / "a/b", root="x86_64")
        expect(cli, 2, "is a directory", "map", "-o", tmp_path, root="x86_64")
        assert os.listdir(tmp_path) == []

    def test_json_beside_the_page(self, cli, tmp_path):
        result = cli("map", "-j", "-o", tmp_path / "map.html", root="x86_64")
        assert result.returncode == 0 and result.stdout == cli("map", "-j", root="x86_64").stdout
        assert (tmp_path / "map.html").read_bytes() == cli("map", "-o", "-", root="x86_64").stdout
        assert cli("map", "-j", "-o", "-", root="x86_64").returncode == 2
        expect(cli, 2, "option --bytes is not for 'map'", "map", "-b", root="x86_64")

    def test_bad_dump_writes_nothing(self, cli, tree, tmp_path):
        tree.edit(f"{DUMPS}/records", lambda data: data[:-5])
        expect(cli, 4, "truncated", "map", "-o", tmp_path / "map.html", root=tree)
        assert os.listdir(tmp_path) == []


class Sheet:
    """The text of a map: the names of the rows, each as its lines, and the columns' spare blanks."""

    def __init__(self, text):
        lines = text[:text.index("\n\n")].splitlines()
        lines = [line for line in lines if not re.search(r"^    !|lanes? do(es)? not fit", line)]
        head = lines[0]
        self.at = head.index(" WHAT") + 1
        # A lane's heading may have blanks: "pfnhold (101)".
        starts = [m.start() for m in re.finditer(r"(?<= )[^ (]+( \(\d+\))?", head[self.at:])]
        starts = [self.at + start for start in starts]
        lane = starts[0] if starts else None
        self.width = (lane or 81) - self.at - 1
        self.ranges, self.names = [], []
        cells = [[head.split()[0]], [head.split()[1]], [head[self.at:lane].strip()]]
        for line in lines[1:]:
            if line.startswith("  ..."):
                cells[1].append(line.split()[1])
                continue
            name = line[self.at:lane].strip()
            if line[:self.at].strip():
                self.ranges.append(line.split()[0])
                self.names.append([name])
                cells[0].append(line.split()[0])
                cells[1].append(line.split()[1])
            else:
                self.names[-1].append(name)
            cells[2].append(name)
        longest = [max(map(len, column)) for column in cells]
        ends = [start - 1 for start in starts[1:]] + [max(map(len, lines))]
        rows = [[line[start:end].strip() for line in lines] for start, end in zip(starts, ends)]
        lanes = [end - start - max(map(len, column))
                 for start, end, column in zip(starts, ends, rows)]
        self.blanks = [self.at - 2 - longest[0] - longest[1], *lanes]
        self.total = max(ends[-1:] + [self.at + self.width])


class TestText:
    def test_terminal(self, cli):
        plain = cli("map", root="x86_64").stdout.decode()
        wide = on_terminal(cli, 200, "x86_64")
        assert "\x1b[48;5;" in wide and re.sub(r"\x1b\[[0-9;]*m", "", wide) == plain
        for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            assert on_terminal(cli, 200, "x86_64", env) == plain

    @pytest.mark.parametrize("columns", [1, 40, 80, 100, 110])
    def test_narrow(self, cli, columns):
        text = on_terminal(cli, columns, "x86_64", {"NO_COLOR": "1"})
        assert bool(re.search(r"^\d+ lanes? (does|do) not fit", text, re.M)) == (columns < 100)
        if columns >= 80:
            table = text[:text.index("\n\n")].splitlines()
            assert max(len(line) for line in table if " not fit" not in line) <= columns

    @pytest.mark.parametrize("root", sorted(path.name for path in SNAPSHOTS.iterdir()))
    def test_names_have_the_room(self, cli, root):
        """At 80 columns, a name is broken only where no column has blanks to spare."""
        wide = Sheet(cli("map", root=root).stdout.decode())
        sheet = Sheet(on_terminal(cli, 80, root, {"NO_COLOR": "1"}))
        assert sheet.ranges == wide.ranges
        whole = True
        for name, lines in zip(wide.names, sheet.names, strict=True):
            whole &= len(lines) == 1
            assert "".join(lines).replace(" ", "") == name[0].replace(" ", "")
            # Only a word that is wider than the column is broken.
            words = " ".join(lines).split()
            assert words == name[0].split() or max(map(len, name[0].split())) > sheet.width, lines
        assert ["System", "RAM"] not in sheet.names
        if not whole:
            assert sheet.blanks == [0] * len(sheet.blanks), sheet.blanks
            assert sheet.total == 80

    def test_empty(self, cli, clean_tree):
        clean_tree.dump("records", b"policy: report\nincomplete: 0\nlate: 0\n", [])
        (clean_tree.path / "proc/iomem").unlink()
        for device in (clean_tree.path / "sys/bus/pci/devices").iterdir():
            (device / "resource").unlink()
        assert b"No mapping is recorded." in cli("map", root=clean_tree).stdout
        value = json.loads(cli("map", "-j", root=clean_tree).stdout)
        assert value["marks"] == [] and all(not lane["boxes"] for lane in value["lanes"])
        assert b"No conflict is recorded" in cli("map", "-o", "-", root=clean_tree).stdout


class TestJson:
    def lane(self, value, name):
        return next(lane for lane in value["lanes"] if lane["name"] == name)

    def test_agrees_with_list(self, cli):
        for root in ("x86_64", "arm64", "x86_64-broken", "arm64-broken", "riscv64-patched"):
            value = json.loads(cli("map", "-j", root=root).stdout)
            listed = json.loads(cli("list", "-j", root=root).stdout)["records"]
            shown = [h for lane in value["lanes"] for box in lane["boxes"]
                     for h in box.get("holders", [])]
            key = lambda r: json.dumps(r, sort_keys=True)
            assert sorted(shown, key=key) == sorted(listed, key=key)
            assert sum(lane["mappings"] for lane in value["lanes"]) == len(listed)
            conflicts = json.loads(cli("conflicts", "-j", root=root).stdout)["conflicts"]
            assert sorted(i for mark in value["marks"] for i in mark["ids"]) == \
                sorted(c["id"] for c in conflicts)

    def test_stock_kernel(self, cli):
        """Without pfn_track: the same picture, as far as it is known, and that is said."""
        value = json.loads(cli("map", "-j", root="x86_64-stock").stdout)
        assert value["view"] == "proc" and value["unseen"]
        assert [(m["worst"], m["conflicts"], m["aliases"]) for m in value["marks"]] == \
            [("ordering", 0, 1)]
        page = cli("map", "-o", "-", root="x86_64-stock").stdout.decode()
        assert "remembers conflicts" in page and "No conflict is recorded" not in page
        assert "resource2_wc" in page and "policy not known" in page
        text = cli("map", root="x86_64-stock").stdout.decode()
        assert "Source: /proc and sysfs" in text and "! ordering now" in text

    def test_alias(self, cli, clean_tree):
        """Two attributes on one page now, though no conflict is on record."""
        clean_tree.replace(f"{DUMPS}/records", b"want=write-combining got=uncached-minus",
                           b"want=write-combining got=write-combining")
        marks = json.loads(cli("map", "-j", root=clean_tree).stdout)["marks"]
        assert marks == [{"range": {"start": hex(SHARED), "end": hex(SHARED + 0xfffff),
                                    "size": 1 << 20},
                          "worst": "ordering", "conflicts": 0, "ids": [], "aliases": 1}]
        assert re.search(rb"^0x380000000000.* ! ordering now$", cli("map", root=clean_tree).stdout,
                         re.M)
        page = cli("map", "-o", "-", root=clean_tree).stdout.decode()
        assert "data-article=\"alias-0x380000000000\"" in page
        assert "id=\"alias-0x380000000000\"" in page and "No conflict is recorded." in page

    @pytest.mark.parametrize("got", [b"unknown", b"none", b"uncached-minus", b"-", b"odd"])
    def test_no_alias(self, cli, clean_tree, got):
        """What could not be decoded is not accused of anything."""
        clean_tree.edit(f"{DUMPS}/records", lambda data: data.replace(
            b"want=write-combining got=uncached-minus", b"want=- got=" + got))
        assert json.loads(cli("map", "-j", root=clean_tree).stdout)["marks"] == []

    def test_ends_of_the_address_space(self, cli, clean_tree):
        line = b"record range=0x%x-0x%x va=- space=%s kind=ioremap want=uncached got=uncached " \
            b"pid=- comm=- site=- module=- dev=- driver=- time=1.0"
        clean_tree.dump("records", b"policy: report\nincomplete: 0\nlate: 0\n",
                        [line % (0, 0xfff, b"kernel"), line % (0, 2**64 - 1, b"kernel"),
                         line % (2**64 - 4096, 2**64 - 1, b"odd")])
        value = json.loads(cli("map", "-j", root=clean_tree).stdout)
        assert [b["range"]["end"] for b in self.lane(value, "kernel mappings")["boxes"]] == \
            ["0xffffffffffffffff", "0xfff"]
        assert self.lane(value, "odd")["mappings"] == 1
        for args in (["map"], ["map", "-o", "-"]):
            # Of the overlap with RAM the kernel has listed no conflict: it judges no linear map here.
            assert cli(*args, root=clean_tree).returncode == 3


def test_page_is_a_file():
    """Page, style and script are no C strings."""
    assert "<style>" in (REPO / "tools/pfntrack/map.html").read_text()
    for path in pathlib.Path(REPO / "tools/pfntrack").glob("*.c"):
        assert "<style" not in path.read_text() and "<script" not in path.read_text()
