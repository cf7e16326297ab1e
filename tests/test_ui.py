"""The page of chapter 32e in a real browser: Gradio serves it, Chromium opens it, what is typed is answered."""
import shutil

import numpy as np
import pytest

from textclf_nb.core import UserError
from textclf_nb.use.ui import build_ui

gradio = pytest.importorskip("gradio", reason="no Gradio here (pip install 'textclf-nb[ui]')")
playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright here (pip install playwright)")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (Debian: apt-get install chromium)")

SHADE = "e => getComputedStyle(e.closest('[style]')).backgroundColor"   # what Gradio paints behind a word


class Snow:
    "Cold by one word: its log-odds are 3 with it, -1 without. An empty text is refused as our classifiers refuse it."
    label_names = ["cold", "other"]

    def probabilities(self, texts):
        if not all(t.strip() for t in texts): raise UserError("text 1 is empty")
        p = 1 / (1 + np.exp(-np.array([3. if "snow" in t.split() else -1. for t in texts])))
        return np.stack([p, 1 - p], 1)


def test_a_text_is_read_in_a_browser():
    page = build_ui(Snow(), "weather")
    _, address, _ = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, footer_links=[])
    asked, complaints = [], []
    try:
        with playwright.sync_playwright() as p:
            browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            tab = browser.new_page()
            tab.set_default_timeout(300_000)   # ms: a busy machine is no mistake of the page's
            tab.on("request", lambda r: asked.append(r.url))
            tab.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
            tab.goto(address)
            field, button = tab.get_by_label("Text", exact=True), tab.get_by_role("button", name="Read")
            field.fill("roads under snow today")
            button.click()
            tab.get_by_text("95%").wait_for()
            colours = {word: tab.get_by_text(word, exact=True).evaluate(SHADE) for word in ("snow", "roads")}
            field.fill("")
            button.click()
            tab.get_by_text("text 1 is empty").wait_for()
            browser.close()
    finally: page.close()
    assert colours["snow"] != colours["roads"], colours
    assert all(url.startswith(address) for url in asked), "the page asks another machine"
    assert not complaints, complaints
