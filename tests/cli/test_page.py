# SPDX-License-Identifier: GPL-2.0-only
"""The page of "pfntrack map" without a mouse, on a phone, on paper, and with 10,000 records."""
import base64
import contextlib
import re

import pytest
from selenium.webdriver.common.keys import Keys

from conftest import DUMPS
from test_map import read
from test_output import HOSTILE

MANY = 10000
SHIFT_TAB = Keys.SHIFT, Keys.TAB
SHIFT_ENTER = Keys.SHIFT, Keys.ENTER
CTRL_HOME = Keys.CONTROL, Keys.HOME
CTRL_END = Keys.CONTROL, Keys.END


def label(element):
    return element.get_attribute("aria-label")


def fill(tree, n=MANY):
    """Give a tree n mappings of 60 processes."""
    def line(i):
        start = 0x200000000 + 8192 * (i * 7919 % n)
        attr = (b"write-combining", b"uncached")[i % 50 == 0]
        va = 0x7f0000000000 + 4096 * i
        return b"record range=0x%x-0x%x va=0x%x-0x%x space=user kind=insert want=%s got=%s " \
            b"pid=%d comm=c%d site=remap+0x%x/0x99 module=drv dev=- driver=- time=1.0" % (
                start, start + 4095, va, va + 4095, attr, attr, i % 60 + 1, i % 60, i % 64)
    tree.dump("records", b"policy: report\nincomplete: 0\nlate: 0\n", [line(i) for i in range(n)])
    return tree


def cdp(page, command, **args):
    return page.driver.execute_cdp_cmd(command, args)


@contextlib.contextmanager
def media(page, name="", **features):
    cdp(page, "Emulation.setEmulatedMedia", media=name, features=[
        {"name": key.replace("_", "-"), "value": value} for key, value in features.items()])
    try:
        yield
    finally:
        cdp(page, "Emulation.setEmulatedMedia", media="", features=[])


@contextlib.contextmanager
def phone(page):
    cdp(page, "Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1,
        mobile=True)
    cdp(page, "Emulation.setTouchEmulationEnabled", enabled=True)
    try:
        yield
    finally:
        cdp(page, "Emulation.setTouchEmulationEnabled", enabled=False)
        cdp(page, "Emulation.clearDeviceMetricsOverride")


def query(page, text):
    """Type into the search field, which Tab reaches, and return what the page answers."""
    if page.focus().get_attribute("id") != "query":
        page.driver.execute_script("document.activeElement.blur()")
        for _ in range(60):
            page.keys(Keys.TAB)
            if page.focus().get_attribute("id") == "query":
                break
    page.keys((Keys.CONTROL, "a"), Keys.DELETE, text)
    assert page.focus().get_attribute("id") == "query"
    return page.one("#hits").text


def in_sight(page, element):
    """Is the middle of an element shown, with nothing over it?"""
    return page.driver.execute_script(
        "const r = arguments[0].getBoundingClientRect();"
        "const e = document.elementFromPoint((r.left + r.right) / 2, (r.top + r.bottom) / 2);"
        "return !!e && (arguments[0].contains(e) || e.contains(arguments[0]))", element)


class TestKeyboard:
    def test_one_tab_stop(self, browser, draw):
        """Tab stops at the map once, however many boxes it has, and comes back to the last one."""
        page = browser.open(draw("x86_64"))
        assert len(page.all("#map .box, #map .flag")) > 15
        stops = []
        for _ in range(60):
            page.keys(Keys.TAB)
            if page.focus().tag_name == "body":
                break
            stops.append(page.driver.execute_script(
                "return document.activeElement.closest('#map') ? 'map' : "
                "document.activeElement.id || document.activeElement.tagName"))
        assert stops.count("map") == 1 and "query" in stops and len(stops) < 20, stops
        page.open(page.driver.current_url[7:])
        page.to_map()
        page.keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_RIGHT)
        there = label(page.focus())
        page.keys(SHIFT_TAB)
        assert label(page.focus()) != there
        page.keys(Keys.TAB)
        assert label(page.focus()) == there
        assert page.errors() == []

    def test_arrows(self, browser, draw):
        page = browser.open(draw("x86_64"), width=900)
        page.to_map()
        # The marks are the first row; the last lane is that of the last process.
        page.keys(CTRL_HOME)
        assert "conflict 2: incoherent" in label(page.focus())
        page.keys(Keys.ARROW_RIGHT)
        assert "conflict 1: legal" in label(page.focus())
        page.keys(Keys.ARROW_RIGHT, CTRL_END)
        assert label(page.focus()).startswith("pfnhold (102): ") and in_sight(page, page.focus())
        page.keys(Keys.ARROW_UP, Keys.ARROW_UP)
        # Home, and then every mapping of the kernel in the order of addresses.
        page.keys(Keys.HOME)
        starts = []
        for _ in range(4):
            assert label(page.focus()).startswith("kernel mappings: ")
            assert in_sight(page, page.focus())
            starts.append(int(re.search("\n0x([0-9a-f]+)-", label(page.focus()))[1], 16))
            page.keys(Keys.ARROW_RIGHT)
        assert starts == [0xb0000000, 0xfea00000, 0xfec00000, 0xfed00000]
        page.keys(Keys.HOME, Keys.END)
        assert "0xfed00000" in label(page.focus())

    def test_details(self, browser, draw):
        page = browser.open(draw("x86_64"))
        hint = page.one("#details").text
        page.to_map()
        page.keys(CTRL_END, Keys.ENTER)
        assert "though write-combining was asked for" in page.one("#details").text
        focus = page.focus()
        assert focus.get_attribute("aria-pressed") == "true"
        page.keys(Keys.ESCAPE)
        assert page.one("#details").text == hint and page.focus() == focus
        assert focus.get_attribute("aria-pressed") is None
        # A button closes them, too.
        page.keys(Keys.ENTER, Keys.TAB)
        assert page.focus().get_attribute("id") == "close"
        page.keys(Keys.ENTER)
        assert page.one("#details").text == hint and page.focus() == focus


class TestSearch:
    @pytest.mark.parametrize("text, hits", [
        ("write-combining", 1), ("WC", 1), ("uncached", 2), ("U-", 4), ("101", 1), ("10", 0),
        ("pfnhold", 2), ("pfnhold 102", 1), ("PFNHOLD", 2), ("pid 1", 3), ("0xfea00010", 1),
        ("0xfea20000", 0), ("fea00000-fec003ff", 2), ("0xfea1ffff-0xfec00000", 2), ("e1000e", 1),
        ("0x380000000000", 2), ("zebra", 0), ("0000:00:04.0", 2), ("remap_pfn", 2)])
    def test_hits(self, browser, draw, text, hits):
        page = browser.open(draw("x86_64"))
        answer = query(page, text)
        assert answer == (f"{hits} of 6 mappings" if hits else "No hit in 6 mappings")
        assert len(page.all("#records tbody tr:not([hidden])")) == hits
        lit = page.all("#map .box.hit")
        assert bool(lit) == bool(hits)
        for box in lit:
            assert page.style(box, "opacity") == "1"
        assert query(page, "") == "" and not page.all("#map.searched, #map .hit, tr[hidden]")

    def test_next_and_previous(self, browser, draw):
        page = browser.open(draw("x86_64"), width=900)
        assert not page.one("#next").is_enabled()
        assert query(page, "pfnhold") == "2 of 6 mappings"
        seen = []
        for key in (Keys.ENTER, Keys.ENTER, SHIFT_ENTER, Keys.ENTER, Keys.ENTER):
            page.keys(key)
            assert page.focus().get_attribute("id") == "query"
            assert in_sight(page, page.one("#map .pinned"))
            seen.append((page.one("#hits").text[:5], label(page.one("#map .pinned"))[:13]))
        first, second = ("1 / 2", "pfnhold (101)"), ("2 / 2", "pfnhold (102)")
        assert seen == [first, second, first, second, first]
        assert "pfnhold (pid 101)" in page.one("#details").text
        # The buttons do the same, and Tab goes on to the box that was found.
        page.keys(Keys.TAB)
        assert page.focus().get_attribute("id") == "previous"
        page.keys(Keys.ENTER)
        assert page.one("#hits").text == "2 / 2 of 6 mappings"
        assert label(page.to_map()).startswith("pfnhold (102): ")
        assert page.errors() == []

    @pytest.mark.parametrize("comm", list(HOSTILE) + [
        "<script>alert(1)</script>", "'onmouseover=x", r"</td><img\040src=x\040onerror=alert(1)>",
        "&lt;b&gt;", "(pid", ".*"])
    def test_hostile_names(self, browser, draw, tree, comm):
        """The name is a text in the field, in the answer and in the details."""
        tree.edit(f"{DUMPS}/records", lambda data: re.sub(
            rb"(comm|site|module)=pfnhold", lambda m: m[1] + b"=" + comm.encode("latin-1"), data))
        page = browser.open(draw(tree))
        count = "return document.querySelectorAll('*').length"
        before = page.driver.execute_script(count)
        name = page.driver.execute_script(
            "return document.querySelector('#records tr[data-pid=\"101\"]').cells[2].textContent")
        assert name.endswith(" (pid 101), user")
        name = name[:-len(" (pid 101), user")]
        page.driver.execute_script(
            "const q = document.getElementById('query'); q.value = arguments[0];"
            "q.dispatchEvent(new Event('input'))", name.replace("\n", " ") + " 101")
        assert page.one("#hits").text == "1 of 6 mappings"
        page.one("#next").click()
        assert name in page.driver.execute_script(
            "return document.getElementById('details').textContent")
        assert page.driver.execute_script(count) == before
        assert page.errors() == []

    def test_name_is_no_pid(self, browser, draw, tree):
        tree.replace(f"{DUMPS}/records", b"comm=pfnhold", rb"comm=a\040(pid\0407)")
        page = browser.open(draw(tree))
        assert query(page, "7") == "No hit in 6 mappings"


class TestZoom:
    def width(self, page):
        return float(page.one("#map .lanes").get_attribute("width"))

    def test_keys(self, browser, draw):
        page = browser.open(draw("x86_64"), width=900)
        plain, markup = self.width(page), "return document.querySelector('.lanes').innerHTML"
        page.to_map()
        page.keys(CTRL_END, Keys.ARROW_UP)
        page.keys("0")
        before = page.driver.execute_script(markup)
        page.keys("+", "+", "+")
        assert self.width(page) > 3 * plain and in_sight(page, page.focus())
        assert page.one("#percent").text.startswith("338")
        # Each tick stands at the box that begins there, and the texts have more room.
        tick = [t for t in page.all("#map .tick") if t.text == "0xfec00000"]
        rect = page.box("kernel mappings: uncached\n", "0xfec00000").find_element(
            "css selector", "rect")
        assert abs(tick[0].rect["x"] - rect.rect["x"]) < 5
        machine = [b.get_attribute("textContent") for b in page.all("#map .box.machine")]
        assert "IOAPIC 0" in " ".join(machine) and not any("\u2026" in t for t in machine)
        page.keys("-")
        assert 2 * plain < self.width(page) < 3 * plain
        page.keys("0")
        assert self.width(page) == plain and page.driver.execute_script(markup) == before
        for _ in range(30):
            page.keys("-")
        assert self.width(page) > plain / 5
        assert page.errors() == []

    def test_buttons(self, browser, draw):
        """By keyboard; in the search field the same keys are text."""
        page = browser.open(draw("x86_64"))
        plain = self.width(page)
        query(page, "+-0")
        assert self.width(page) == plain
        widths = []
        for _ in range(10):
            page.keys(Keys.TAB)
            if page.focus().get_attribute("data-zoom"):
                page.keys(Keys.ENTER)
                widths.append(self.width(page))
        assert len(widths) == 3 and widths[0] < widths[1] == plain < widths[2]

    def test_wheel(self, browser, draw):
        """The wheel scrolls; with Ctrl it zooms."""
        page = browser.open(draw("x86_64"))
        plain = self.width(page)
        turn = "const e = new WheelEvent('wheel', {deltaY: -100, ctrlKey: arguments[0], bubbles: true," \
            "cancelable: true}); document.querySelector('.lanes').dispatchEvent(e);" \
            "return e.defaultPrevented"
        assert page.driver.execute_script(turn, False) is False and self.width(page) == plain
        assert page.driver.execute_script(turn, True) is True and self.width(page) > plain


def open_counted(browser, file):
    """A page, and the seconds of processor time that it took to open it, the second time."""
    page = browser.open(file)
    cdp(page, "Performance.enable", timeDomain="threadTicks")
    page.open(file)
    times = {m["name"]: m["value"] for m in cdp(page, "Performance.getMetrics")["metrics"]}
    cdp(page, "Performance.disable")
    return page, times["TaskDuration"]


class TestMany:
    def test_axis_and_names_stay(self, browser, draw, tree):
        page = browser.open(draw(fill(tree, 300)), width=1000, height=800)
        script = """
            const map = document.getElementById('map');
            map.scrollTo(map.scrollWidth, map.scrollHeight);
            const view = map.getBoundingClientRect();
            const rect = name => map.querySelector(name).getBoundingClientRect();
            const on = (x, y, name) => !!document.elementFromPoint(x, y).closest(name);
            return [map.scrollTop, map.scrollLeft, rect('.axis').top - view.top,
              rect('.names').left - view.left, on(view.left + 400, view.top + 30, '.axis'),
              on(view.left + 50, view.top + 200, '.names'), on(view.left + 50, view.top + 30, '.corner'),
              document.documentElement.scrollTop]"""
        down, right, axis, names, *shown, page_top = page.driver.execute_script(script)
        assert down > 200 and right > 200
        assert abs(axis) <= 1 and abs(names) <= 1 and shown == [True] * 3 and page_top == 0
        # And the names stay at their lanes.
        for name, lane in zip(page.all(".names li")[-3:], page.all("#map .lane")[-3:]):
            assert abs(name.rect["y"] - lane.rect["y"]) < 8

    def test_ten_thousand(self, browser, draw, tree):
        """Opening it takes processor time in proportion, and there is one Tab stop."""
        page, few = open_counted(browser, draw(fill(tree, MANY // 5)))
        file = draw(fill(tree))
        assert file.stat().st_size < 4 << 20
        page, many = open_counted(browser, file)
        # 5 if linear, 25 if quadratic.
        assert 0 < many < 12 * few, (few, many)
        assert len(page.all("#records tbody tr")) == MANY
        assert len(page.all("#map [tabindex='0']")) == 1
        assert len(page.all("#map [tabindex='-1']")) > 2000
        assert query(page, "c5 uncached 6") == f"No hit in {MANY} mappings"
        assert query(page, "c10 UC 11") == f"33 of {MANY} mappings"
        assert query(page, "0x200003000") == f"No hit in {MANY} mappings"
        assert query(page, "200004000") == f"1 of {MANY} mappings"
        assert query(page, "pid 7") == f"167 of {MANY} mappings"
        page.keys(Keys.ENTER)
        assert page.one("#hits").text == f"1 / 167 of {MANY} mappings"
        assert "c6 (pid 7), user" in page.one("#details").text and in_sight(
            page, page.one("#map .pinned"))
        assert page.errors() == []

    def test_more_than_the_table(self, cli, tree):
        page = cli("map", "-o", "-", root=fill(tree, MANY + 5)).stdout.decode()
        assert len(re.findall("^<tr data-box", page, re.M)) == MANY
        assert "These are the first 10000. 5 more are listed by 'pfntrack list'." in page
        assert 'data-more="5"' in page
        assert "more are listed" not in cli("map", "-o", "-", root="x86_64").stdout.decode()


class TestPhone:
    def test_nothing_beside_the_page(self, browser, draw):
        page = browser.open(draw("x86_64-broken"))
        with phone(page):
            page.open(page.driver.current_url[7:])
            assert page.driver.execute_script("return innerWidth") == 390
            page.all("#map .flag.harm")[0].click()
            page.shoot("phone")
            wide = page.driver.execute_script(
                "return [...document.querySelectorAll('body *')].filter(e => !e.closest('#map') && "
                "e.getBoundingClientRect().right > 390.5 && e.checkVisibility()).map(e => e.outerHTML)")
            assert wide == []
            assert page.driver.execute_script("return document.documentElement.scrollWidth") == 390
            small = page.driver.execute_script(
                "return [...document.querySelectorAll('button, input, #map .box > rect:not(.wanted)')]"
                ".filter(e => e.checkVisibility()).map(e => [e.getBoundingClientRect(), e.outerHTML])"
                ".filter(([r, _]) => r.height < 23.9).map(([_, e]) => e)")
            assert small == []
            # The lanes have most of the width, and each name is there in full.
            names = page.driver.execute_script(
                "return [...document.querySelectorAll('.names span')].map("
                "e => [e.scrollWidth <= e.clientWidth, e.getBoundingClientRect().width])")
            assert all(fits and width < 110 for fits, width in names), names

    def test_details_are_readable(self, browser, draw, tree):
        page = browser.open(draw(fill(tree, 3000)))
        with phone(page):
            page.open(page.driver.current_url[7:])
            page.driver.execute_script(
                "const box = document.querySelector('.lanes .box.write-combining');"
                "document.getElementById('map').scrollIntoView(); reveal(box)")
            page.all("#map .box.write-combining")[0].click()
            panel = page.driver.execute_script(
                "return document.getElementById('panel').getBoundingClientRect()")
            # In the window, though the map is higher than that, and not all of it.
            assert panel["left"] >= 0 and panel["right"] <= 390
            assert panel["bottom"] <= 845 and 60 < panel["height"] < 400
            assert float(page.style(page.one("#details"), "fontSize")[:-2]) >= 12
            assert "insert by c0" in page.one("#details").text
            page.one("#close").click()
            assert "insert by c0" not in page.one("#details").text

    def test_finger_beside_a_box(self, browser, draw, tree):
        """A box of 4 pixels takes what is within 12 pixels."""
        page = browser.open(draw(fill(tree, 3000)))
        with phone(page):
            page.open(page.driver.current_url[7:])
            place = page.driver.execute_script(
                "const map = document.getElementById('map'); map.scrollIntoView();"
                "const box = map.querySelectorAll('.box.write-combining')[1]; reveal(box);"
                "const r = box.getBoundingClientRect(); return [r.right + 9, r.top + 12, r.width]")
            assert place[2] < 15
            for kind in ("touchStart", "touchEnd"):
                cdp(page, "Input.dispatchTouchEvent", type=kind, touchPoints=[
                    {"x": place[0], "y": place[1]}] if kind == "touchStart" else [])
            page.driver.execute_async_script("setTimeout(arguments[0], 400)")
            assert len(page.all("#map .pinned")) == 1 and not page.one("#tip").is_displayed()


class TestPaper:
    def test_print(self, browser, draw):
        page = browser.open(draw("x86_64"), width=1000)
        query(page, "zebra")
        with media(page, "print", prefers_color_scheme="dark"):
            text = page.one("body").text
            for word in ("0xb0000000-0xbfffffff", "pfnhold (pid 102), user", "write-combining>uncached-minus",
                         "io_apic_set_fixmap+0x22/0x40", "pcim_iomap+0x4d/0x80 [e1000e]",
                         "0x7fd0c0800000-0x7fd0c08fffff", "BAR 2 of PCI device 0000:00:04.0",
                         "Conflict 2: incoherent", "refused-by-arch"):
                assert word in text, word
            assert not page.one("#tools").is_displayed() and not page.one("#panel").is_displayed()
            assert len([r for r in page.all("#records tbody tr") if r.is_displayed()]) == 6
            # The whole picture fits, with the names of its lanes, on white paper.
            sizes = page.driver.execute_script(
                "return [...document.querySelectorAll('.lanes, .axis, .lane-name')].map("
                "e => e.getBoundingClientRect())")
            assert len(sizes) == 2 + 5
            assert all(r["left"] >= 0 and r["right"] <= 1000 and r["width"] > 0 for r in sizes)
            assert sum(map(int, re.findall(r"\d+", page.style(page.one("body"),
                                                              "background-color"))[:3])) > 600
            page.shoot("paper")

    def test_ten_thousand_on_paper(self, browser, draw, tree):
        page = browser.open(draw(fill(tree, 2000)))
        pdf = base64.b64decode(cdp(page, "Page.printToPDF", printBackground=True)["data"])
        pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
        assert pdf.startswith(b"%PDF") and pages > 15, pages


class TestPlain:
    def test_without_script(self, browser, draw):
        file = draw("x86_64")
        cdp(browser, "Emulation.setScriptExecutionDisabled", value=True)
        try:
            page = browser.open(file)
            assert page.one("#map .lanes").is_displayed() and page.one("#map .axis").is_displayed()
            assert "pci_mmap_resource_range+0x5c/0x80" in page.one("#records").text
            assert len(page.all("#map .box > title")) == len(page.all("#map .box")) > 10
            assert not page.one("#tools").is_displayed() and not page.one("#panel").is_displayed()
        finally:
            cdp(browser, "Emulation.setScriptExecutionDisabled", value=False)

    def test_no_inline_handlers(self, draw):
        tags = read(draw("x86_64")).tags
        assert not [(tag, name) for tag, names in tags for name in names if name.startswith("on")]
        assert sum(tag == "tr" for tag, _ in tags) == 1 + 6

    def test_dark(self, browser, draw):
        page = browser.open(draw("x86_64"))
        with media(page, prefers_color_scheme="dark"):
            for selector in ("#query", "[data-zoom='+']", "#records table"):
                ink, paper = (sum(map(int, re.findall(r"\d+", page.style(
                    page.one(selector), name))[:3])) for name in ("color", "background-color"))
                assert ink > 600 and paper < 250
