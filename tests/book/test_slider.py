"""The sliders of `Frames` and `slides`, moved in a browser by keyboard and by mouse, with and without a kernel."""

import base64
import io
import json

import pytest
import widget_page
from matplotlib.figure import Figure
from PIL import Image

from cpvae_lite.figures import sliding
from cpvae_lite.figures.frames import Frames

LABELS = ["0", "20", 'the "last" <one> & only']
COLOURS = ["#0072B2", "#009E73", "#D55E00"]


def opened(browser, content):
    """A page with that content, and every request and fault."""
    page = browser.new_context().new_page()
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("request", lambda request: request.url.startswith("data:") or page.faults.append(request.url))
    page.set_content(f"<!doctype html>{content}")
    return page


def closed(page):
    assert page.faults == []
    page.context.close()


@pytest.fixture
def page(browser):
    """Two sliders on one page."""
    figures = [Figure(figsize=(2, 1), facecolor=colour) for colour in COLOURS]
    block = Frames(figures, {"epoch": LABELS}, alt=COLOURS, caption="Move it.").html()
    page = opened(browser, f"<form>{block}</form><div>{block}</div>")
    yield page
    closed(page)


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


def test_a_print_shows_the_frame_in_view(page):
    page.get_by_role("slider").first.press("Home")
    page.emulate_media(media="print")
    assert (state(page, 0), state(page, 1)) == (at(0), at(2))


def test_the_block_fits_a_narrow_screen(page):
    page.set_viewport_size({"width": 150, "height": 400})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shown = page.locator("img:visible").first.bounding_box()
    assert shown["width"] == pytest.approx(2 * shown["height"], rel=0.03)


@pytest.mark.parametrize("dark", [False, True])
def test_on_a_phone_the_picture_alone_scrolls(browser, dark):
    block = Frames([Figure(figsize=(8, 2))], {"epoch": ["1"]}, alt=["White"], caption=20 * "Much to say. ")
    with widget_page.opened(browser, block, width=390, dark=dark) as page:
        wide = "part => part.scrollWidth > part.clientWidth"
        faded = "part => getComputedStyle(part).getPropertyValue('--more') !== '0px'"  # at the right edge
        pictures, whole = page.locator(".cpvae-pictures"), page.locator(".text_html")
        assert pictures.evaluate(wide) and pictures.evaluate(faded)
        assert not whole.evaluate(wide) and not whole.evaluate(faded)
        for part in (page.get_by_role("slider"), page.locator(".cpvae-caption")):
            box = part.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 390
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def grey(light, level):
    """A figure whose one grey tells both parameters."""
    if level == 1 and light == 0.5:
        raise ArithmeticError("no such grey")
    return Figure(figsize=(2, 1), facecolor=str(0.2 * level + 0.1 * light))


@pytest.fixture
def grid():
    start = {"light": 0.0, "level": 2}
    return sliding.slides(grey, light=[0.0, 1.0], level=[0, 2, 4], start=start, caption="Greys.", alt="A grey")


def moved(page, name, *keys):
    for key in keys:
        page.get_by_role("slider", name=name).press(key)


def view(page):
    """The grey in view, in twentieths; the values below it; and the alt text."""
    (image,) = [image for image in page.locator("img").all() if image.is_visible()]
    png = base64.b64decode(image.get_attribute("src").partition(",")[2])
    shade = Image.open(io.BytesIO(png)).convert("RGB").getpixel((50, 50))[0] / 255
    return round(20 * shade), page.locator("output").all_inner_texts(), image.get_attribute("alt")


def expected(light, level):
    values = [f"light {light:g}", f"level {level}"]
    return round(20 * (0.2 * level + 0.1 * light)), values, ", ".join(["A grey", *values])


def test_two_sliders_go_through_a_grid(browser, grid):
    page = opened(browser, grid.frames.html())
    assert view(page) == expected(0.0, 2)
    moved(page, "level", "ArrowRight")
    assert view(page) == expected(0.0, 4)
    moved(page, "light", "ArrowRight")
    assert view(page) == expected(1.0, 4)
    moved(page, "level", "Home")
    assert view(page) == expected(1.0, 0)
    closed(page)


# As anywidget gives the script its model, but with a line to Python that the test holds.
MODEL = """async ([script, key]) => {
    const { default: view } = await import(`data:text/javascript;base64,${script}`);
    const model = { get: () => key, on: (_, heard) => { window.answer = heard; }, send: (asked) => window.ask(asked) };
    view.render({ model });
}"""


@pytest.fixture
def live(browser, grid):
    """The same block with a kernel; `page.asked` holds the questions, which `answered` answers in turn."""
    kernel = sliding._Kernel(grid)
    page = opened(browser, grid.frames.html(kernel.key))
    page.asked, page.kernel = [], kernel
    page.expose_function("ask", lambda asked: page.asked.append(asked))
    page.evaluate(MODEL, [base64.b64encode(str(kernel._esm).encode()).decode(), kernel.key])
    yield page
    closed(page)


def answered(page):
    """Answer one question, and return it."""
    page.wait_for_timeout(50)  # until the page's question has arrived
    asked = page.asked.pop(0)
    page.evaluate("answer => window.answer(answer)", json.loads(json.dumps(page.kernel._answer(asked))))
    return asked


def test_sliders_stop_at_the_frames_until_a_kernel_answers(live):
    moved(live, "level", "ArrowRight")
    assert view(live) == expected(0.0, 4)
    assert answered(live) == {}
    assert view(live) == expected(0.0, 4)
    moved(live, "level", "ArrowLeft")
    assert answered(live) == {"places": [0, 3]}
    assert view(live) == expected(0.0, 3)


def test_a_kernel_draws_what_is_between_the_frames(live):
    answered(live)
    assert view(live) == expected(0.0, 2)
    moved(live, "light", "ArrowRight", "ArrowRight")
    answered(live), answered(live)
    assert view(live) == expected(0.2, 2)
    assert live.get_by_role("slider", name="light").get_attribute("aria-valuetext") == "0.2"
    moved(live, "level", "End")
    answered(live)
    assert view(live) == expected(0.2, 4)


def test_a_slow_kernel_is_asked_for_the_last_place_only(live):
    answered(live)
    moved(live, "level", "End", "ArrowLeft", "Home", "ArrowRight")
    assert live.locator(".cpvae-frames").get_attribute("aria-busy") == "true"
    assert answered(live) == {"places": [0, 4]}
    assert answered(live) == {"places": [0, 1]}
    assert live.asked == [] and view(live) == expected(0.0, 1)
    assert live.locator(".cpvae-frames").get_attribute("aria-busy") == "false"


def test_an_error_of_the_function_is_said_and_forgotten(live):
    answered(live)
    moved(live, "level", "ArrowLeft")
    answered(live)
    moved(live, "light", *["ArrowRight"] * 5)
    answered(live), answered(live)
    assert live.get_by_role("alert").inner_text() == "ArithmeticError: no such grey"
    moved(live, "light", "ArrowRight")
    answered(live)
    assert live.get_by_role("alert").inner_text() == "" and view(live) == expected(0.6, 1)


def test_the_book_has_sliders_that_move(site, browser):
    page = browser.new_page()
    page.goto(f"{site}/book/synthetic.html", wait_until="networkidle")
    page.wait_for_load_state("load")  # on a busy machine the network is idle before
    block = page.locator(".cpvae-frames").first
    block.get_by_role("slider").press("Home")
    (image,) = [image for image in block.locator("img").all() if image.is_visible()]
    assert block.locator("output").inner_text() == "epoch 1" and image.get_attribute("alt").endswith("epoch 1")
    page.close()
