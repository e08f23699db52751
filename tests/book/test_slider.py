"""The slider of `Frames`, moved in a browser by keyboard and by mouse."""

import pytest
from matplotlib.figure import Figure

from cpvae_lite.frames import Frames

LABELS = ["0", "20", 'the "last" <one> & only']


@pytest.fixture
def page(browser):
    """Two sliders on one page, and every request and fault."""
    figures = [Figure(figsize=(2, 1), facecolor=colour) for colour in ("#0072B2", "#009E73", "#D55E00")]
    block = Frames(figures, LABELS, name="epoch", alt="A colour")._repr_html_()
    context = browser.new_context()
    page = context.new_page()
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("request", lambda request: request.url.startswith("data:") or page.faults.append(request.url))
    page.set_content(f"<!doctype html><form>{block}</form><div>{block}</div>")
    yield page
    assert page.faults == []
    context.close()


def state(page, place):
    """Which frames of a block are in view, what stands below them, and what a screen reader says."""
    block = page.locator(".cpvae-frames").nth(place)
    slider = block.get_by_role("slider", name="epoch")
    in_view = [index for index, image in enumerate(block.locator("img").all()) if image.is_visible()]
    return in_view, block.locator("output").inner_text(), slider.get_attribute("aria-valuetext")


def at(index):
    return [index], f"epoch {LABELS[index]}", LABELS[index]


def test_the_last_frame_is_in_view_at_first(page):
    assert state(page, 0) == state(page, 1) == at(2)


def test_a_slider_moves_by_keyboard_and_leaves_the_other_alone(page):
    page.keyboard.press("Tab")
    for key, index in (("ArrowLeft", 1), ("ArrowRight", 2), ("Home", 0), ("ArrowLeft", 0), ("End", 2), ("Home", 0)):
        page.keyboard.press(key)
        assert state(page, 0) == at(index)
        assert state(page, 1) == at(2)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    assert (state(page, 0), state(page, 1)) == (at(0), at(1))


def test_the_picture_follows_the_mouse_while_it_drags(page):
    box = page.get_by_role("slider").nth(1).bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 6, middle)
    page.mouse.down()
    for share, index in ((0.5, 1), (0.02, 0), (0.5, 1)):
        page.mouse.move(box["x"] + share * box["width"], middle)
        assert (state(page, 0), state(page, 1)) == (at(2), at(index))
    page.mouse.up()
    assert state(page, 1) == at(1)


def test_the_page_gets_no_global_names(page):
    names = "() => Object.getOwnPropertyNames(window).sort()"
    before = page.evaluate(names)
    page.get_by_role("slider").first.press("Home")
    assert state(page, 0) == at(0) and page.evaluate(names) == before


def test_a_reader_without_scripts_sees_the_last_frame(page, browser):
    context = browser.new_context(java_script_enabled=False)
    other = context.new_page()
    other.set_content(page.content())
    assert state(other, 0) == at(2)
    context.close()


def test_the_block_fits_a_narrow_screen(page):
    page.set_viewport_size({"width": 150, "height": 400})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shown = page.locator("img:visible").first.bounding_box()
    assert shown["width"] == pytest.approx(2 * shown["height"], rel=0.03)
