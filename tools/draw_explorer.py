"""Draw the picture of the explorer that README and front page show: its first view in the built book, in Chromium.

Run it after the explorer has changed, and after `make book`:  .venv/bin/python tools/draw_explorer.py
"""

import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from cpvae_lite.storage import atomic_write

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "_build" / "html" / "book" / "explorer.html"
PICTURE = ROOT / "book" / "_static" / "explorer.png"
STEPS = 5  # of the slider of categories, to a sandal


def draw(browser: Browser) -> Image.Image:
    """The map, the image and the sheet of the page's first explorer, after a few steps of its slider."""
    page = browser.new_page(viewport={"width": 1280, "height": 2400}, color_scheme="light")
    page.goto(PAGE.as_uri())
    view = page.locator(".cell_output").filter(has=page.get_by_role("slider")).first
    slider = view.get_by_role("slider").first
    for _ in range(STEPS):
        slider.press("ArrowRight")
    end = view.get_by_text("Draws 1: ").first
    end.wait_for()
    page.wait_for_timeout(1000)  # the sheet is drawn when the hand rests
    whole, last = view.bounding_box(), end.bounding_box()
    height = last["y"] + last["height"] - whole["y"]
    shown = Image.open(io.BytesIO(page.screenshot(clip={**whole, "height": height})))
    page.close()
    return shown


def packed(picture: Image.Image) -> bytes:
    """PNG of few colours: greys, and the blue and the orange of what is chosen."""
    buffer = io.BytesIO()
    picture.convert("RGB").quantize(method=Image.Quantize.FASTOCTREE).save(buffer, "png", optimize=True)
    return buffer.getvalue()


def chromium_path() -> str | None:
    """Where the browser is, or one that is built on it; None if there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def main() -> None:
    if chromium_path() is None:
        raise SystemExit("there is no Chromium on the path to look at the book with: install it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        atomic_write(PICTURE, packed(draw(browser)))
        browser.close()
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
