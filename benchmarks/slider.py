"""Milliseconds of one move of a slider in the explorer, in headless Chromium, at full speed and six times slower.

    python benchmarks/slider.py

Time runs from the key that moves the slider until the last pixel is set. In between the browser waits for its next
frame; "computing" leaves that out. The goal is 16 ms of computing, a frame, on a processor six times slower.
"""

from __future__ import annotations

import shutil
import statistics
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from timing import print_machine

from cpvae_lite.figures.explorer import explore
from cpvae_lite.study.results import Results

sys.path.append(str(Path(__file__).parents[1] / "tests" / "book"))
from widget_page import opened

GOAL, MOVES, SLOWER = 16, 100, (1, 6)
SLIDERS = {  # and how many images each draws anew
    "first direction (sd)": 1,
    "how far": 1,
    "spread of the noise": 24,
    "category, by its share": 25,
}

# Keys are told to the handle within the page: what a test driver needs to send one does not count.
MOVE = """async ([name, moves]) => {
  let busy = 0, drawn = 0;
  const frame = window.requestAnimationFrame, put = CanvasRenderingContext2D.prototype.putImageData;
  window.requestAnimationFrame = (draw) => frame((time) => {
    const start = performance.now();
    draw(time);
    busy += performance.now() - start;
  });
  CanvasRenderingContext2D.prototype.putImageData = function (...image) {
    put.apply(this, image);
    drawn = performance.now();
  };
  const row = [...document.querySelectorAll(".widget-slider")].find((row) =>
    row.querySelector(".widget-label").textContent === name);
  const handle = row.querySelector("[role=slider]");
  const pause = () => new Promise((resolve) => frame(() => setTimeout(resolve)));
  const found = [];
  for (let move = 0; move < moves; move++) {
    for (let wait = 0; wait < 3; wait++) await pause();
    busy = drawn = 0;
    const start = performance.now();
    const key = move % 20 < 10 ? "ArrowRight" : "ArrowLeft";
    handle.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    const told = performance.now() - start;
    for (let wait = 0; wait < 100 && !drawn; wait++) await pause();
    if (!drawn) throw new Error(`${name}: a move drew nothing`);
    found.push([told + busy, drawn - start]);
  }
  window.requestAnimationFrame = frame;
  CanvasRenderingContext2D.prototype.putImageData = put;
  return found;
}"""


def measure(page: Page, slower: int) -> None:
    """Print the medians of each slider."""
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    for name, images in SLIDERS.items():
        computing, painted = (
            statistics.median(times) for times in zip(*page.evaluate(MOVE, [name, MOVES]), strict=True)
        )
        print(f"{slower:>8} {name:24} {images:>6} {computing:>12.1f} {painted:>10.1f}")


def main() -> None:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("no Chromium on the path: there is nothing to measure with")
    print_machine()
    print(f"medians of {MOVES} moves in ms; goal: {GOAL} computing, for one image at {SLOWER[-1]} times slower")
    print(f"{'slower':>8} {'slider':24} {'images':>6} {'computing':>12} {'painted':>10}")
    view = explore(Results("fashion-mnist").model("cp-150"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        with opened(browser, view) as page:
            page.wait_for_selector(".cpvae-map[data-painted='150']")
            for slower in SLOWER:
                measure(page, slower)
        browser.close()


if __name__ == "__main__":
    main()
