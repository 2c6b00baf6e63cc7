# SPDX-License-Identifier: GPL-2.0-only
"""Chromium without a screen, for the tests of pages."""
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from conftest import REPO

SHOTS = REPO / "build" / "map"


class Browser:
    """Chromium without a screen, and a page in it."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, path, width=1500, height=1000):
        self.driver.set_window_size(width, height)
        self.driver.get(f"file://{path}")
        return self

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def one(self, selector):
        found = self.all(selector)
        assert len(found) == 1, f"{selector}: {len(found)} of them"
        return found[0]

    def box(self, *words):
        """The box whose story has all these words."""
        found = [b for b in self.all("#map .box")
                 if all(w in b.get_attribute("aria-label") for w in words)]
        assert len(found) == 1, f"{words}: {len(found)} of them"
        return found[0]

    def point(self, element):
        ActionChains(self.driver, duration=0).move_to_element(element).perform()

    def keys(self, *keys):
        """Press keys one after another; two at once are a tuple."""
        chain = ActionChains(self.driver, duration=0)
        for key in keys:
            if isinstance(key, tuple):
                chain.key_down(key[0]).send_keys(key[1]).key_up(key[0])
            else:
                chain.send_keys(key)
        chain.perform()

    def focus(self):
        return self.driver.switch_to.active_element

    def to_map(self):
        """Go to the map, with the Tab key alone."""
        for _ in range(60):
            self.keys(Keys.TAB)
            if self.driver.execute_script("return !!document.activeElement.closest('#map')"):
                return self.focus()
        raise AssertionError("Tab does not reach the map")

    def style(self, element, name):
        return self.driver.execute_script(
            "return getComputedStyle(arguments[0])[arguments[1]]", element, name)

    def tip(self):
        return self.one("#tip").text

    def errors(self):
        return [line["message"] for line in self.driver.get_log("browser")]

    def shoot(self, name):
        SHOTS.mkdir(parents=True, exist_ok=True)
        assert self.driver.save_screenshot(str(SHOTS / f"{name}.png"))


def start(folder):
    """A browser that keeps what it keeps in this folder."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    # Chromium's sandbox is not for root, who runs these tests; the page is our own.
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--no-first-run", "--disable-extensions", "--disable-background-networking",
                 f"--user-data-dir={folder}"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    driver.set_page_load_timeout(180)
    return Browser(driver)
