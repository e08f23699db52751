"""The decoder that runs in the page, against the package's own."""

import numpy as np
import pytest
import torch
from widget_page import opened

from cpvae_lite import build
from cpvae_lite.directions import centres
from cpvae_lite.figures.explorer import compare, explore
from cpvae_lite.figures.widgets import by_share
from cpvae_lite.study.results import Results

# Grey values; a pixel that is not grey, or not opaque, counts as far off.
PIXELS = """canvas => {
    const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return Array.from({ length: data.length / 4 }, (_, pixel) => {
        const [red, green, blue, opacity] = data.slice(4 * pixel, 4 * pixel + 4);
        return red === green && green === blue && opacity === 255 ? red : 1e6;
    });
}"""


@pytest.fixture(scope="module")
def model():
    """A small model whose weights are far from their start, so that images differ; 21 rows are no multiple of four."""
    model = build("cp", features=21, categories=12, latent_size=5, hidden=16, seed=1)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.5 * torch.randn(parameter.shape, generator=generator))
        model.aggregated_posterior.copy_(torch.rand(12, generator=generator).softmax(0))
    return model


@pytest.fixture(params=[(1200, False), (390, True)], ids=["desktop", "phone-dark"])
def page(request, browser, model):
    width, dark = request.param
    with opened(browser, explore(model, shape=(3, 7)), width=width, dark=dark) as page:
        page.wait_for_selector(".cpvae-map[data-painted='12']")
        yield page


def drawn(canvas):
    """Brightness of the canvas, 255 for ink, and what it was drawn from."""
    return 255 - np.array(canvas.evaluate(PIXELS)), canvas.evaluate("canvas => canvas.code")


@torch.no_grad()
def decoded(model, rank, steps, towards=None, along=0.0):
    """What the package decodes there."""
    order, (mean, scale) = by_share(model)[0], centres(model)
    ends = [order[rank], order[rank if towards is None else towards]]
    weights = torch.tensor([1.0 - along, along])
    category = torch.zeros(model.choices or 1).index_add(0, torch.stack(ends), weights)
    z = sum(weight * (mean[k] + scale[k] * torch.tensor(steps)) for weight, k in zip(weights, ends, strict=True))
    return 255 * model.likelihood({"z": z, "c": category}).mean.numpy()


def same(canvas, model):
    """The canvas, once it is seen to be what the package decodes."""
    pixels, code = drawn(canvas)
    expected = decoded(model, code["rank"], code["steps"], code["towards"], code["along"])
    assert np.abs(pixels - expected).max() <= 1
    return pixels, code


def main_view(page):
    return page.locator("canvas[role=img]").first


def slider(page, name):
    row = page.locator(".widget-slider").filter(has=page.locator(f"label:text-is('{name}')"))
    return row.locator("[role=slider]")


def until(page, canvas, condition):
    page.wait_for_function(f"canvas => {condition}", arg=canvas.element_handle(), timeout=5000)


def test_each_slider_moves_the_image_by_keyboard(page, model):
    view = main_view(page)
    before, code = same(view, model)
    assert code["rank"] == 0 and set(code["steps"]) == {0.0}
    for name in ("first", "second", "third"):
        slider(page, f"{name} direction (sd)").press("ArrowRight")
        for _ in range(9):
            slider(page, f"{name} direction (sd)").press("ArrowRight")
        length = {"first": 1, "second": 2**0.5, "third": 3**0.5}[name]
        until(page, view, f"Math.abs(Math.hypot(...canvas.code.steps) - {length}) < 0.002")
        after, _ = same(view, model)
        assert np.abs(after - before).max() > 1
        before = after
    slider(page, "category, by its share").press("End")
    until(page, view, "canvas.code.rank === 11")
    assert np.abs(same(view, model)[0] - before).max() > 1


def test_images_that_are_not_square_are_not_stretched(page):
    fits = page.locator("canvas").evaluate_all("all => all.map(canvas => getComputedStyle(canvas).objectFit)")
    assert len(fits) > 30 and set(fits) == {"contain"}


def test_a_slider_follows_the_mouse(page, model):
    view, handle = main_view(page), slider(page, "first direction (sd)")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y, steps=5)
    page.mouse.up()
    until(page, view, "Math.hypot(...canvas.code.steps) > 0.5")
    same(view, model)


def test_the_map_shows_every_centre_and_picks_by_mouse_and_keyboard(page, model):
    buttons = page.get_by_role("radio")
    assert buttons.count() == 12
    order, shares = by_share(model)
    for rank, button in enumerate(buttons.all()):
        pixels = 255 - np.array(button.locator("canvas").evaluate(PIXELS))
        assert np.abs(pixels - decoded(model, rank, [0.0] * 5)).max() <= 1
        assert button.get_attribute("aria-label") == f"c = {order[rank]}, {100 * shares[rank]:.1f} %"
    view = main_view(page)
    buttons.nth(4).click()
    until(page, view, "canvas.code.rank === 4")
    assert page.get_by_role("radio", checked=True).count() == 1
    buttons.nth(4).press("ArrowRight")
    until(page, view, "canvas.code.rank === 5")
    assert page.evaluate("document.activeElement.getAttribute('aria-checked')") == "true"
    page.keyboard.press("Home")
    until(page, view, "canvas.code.rank === 0")
    page.keyboard.press("ArrowLeft")
    assert slider(page, "category, by its share").get_attribute("aria-valuenow") == "0.0"
    same(view, model)


@pytest.mark.parametrize("screen", [(1366, 768), (390, 844)], ids=["desktop", "phone"])
def test_many_categories_scroll_in_the_map_and_leave_the_page_where_it_is(browser, screen):
    width, height = screen
    many = build("cp", features=21, categories=150, latent_size=5, hidden=16, seed=1)
    with opened(browser, explore(many, shape=(3, 7), rank=149), width=width) as page:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_selector(".cpvae-map[data-painted='150']")
        tiles, sheet = page.get_by_role("radio"), page.locator(".cpvae-sheet canvas")
        seen = """tile => {
            const [map, own] = [tile.parentElement, tile].map(part => part.getBoundingClientRect());
            return own.top >= map.top && own.bottom <= map.bottom;
        }"""
        assert tiles.last.evaluate(seen) and not tiles.first.evaluate(seen)
        # Map, image and the first new images are on one screen, below the bar of the book.
        top, bottom = page.locator(".cpvae-map").bounding_box(), sheet.first.bounding_box()
        assert bottom["y"] + bottom["height"] - top["y"] < height - 60
        tiles.last.click()
        sheet.last.evaluate("image => image.scrollIntoView({ block: 'start' })")
        before = page.evaluate("scrollY")
        for key, rank in (("Home", 0), ("ArrowRight", 1), ("End", 149)):
            page.keyboard.press(key)
            until(page, main_view(page), f"canvas.code.rank === {rank}")
            assert tiles.nth(rank).evaluate(seen) and page.evaluate("scrollY") == before > 0


def test_new_images_are_drawn_from_the_prior_of_the_category(page, model):
    sheet = page.locator(".cpvae-sheet canvas")
    first = []
    for canvas in sheet.all():
        pixels, code = drawn(canvas)
        assert np.abs(pixels - decoded(model, 0, code["noise"])).max() <= 1
        first += code["noise"]
    noise = []
    for draws in range(2, 12):
        page.get_by_role("button", name="Draw again").click()
        page.get_by_text(f"Draws {draws}:").wait_for()
        noise += [value for canvas in sheet.all() for value in drawn(canvas)[1]["noise"]]
    assert len(set(first + noise)) == 11 * 24 * 5
    # 1,200 standard normal numbers: the mean within 5 standard errors, likewise the variance and the lag.
    noise = np.array(noise)
    assert abs(noise.mean()) < 5 / len(noise) ** 0.5
    assert abs((noise**2).mean() - 1) < 5 * (2 / len(noise)) ** 0.5
    assert abs((noise[1:] * noise[:-1]).mean()) < 5 / len(noise) ** 0.5
    slider(page, "spread of the noise").press("Home")
    until(page, sheet.first, "canvas.code.noise.every(value => value === 0)")
    assert np.abs(drawn(sheet.first)[0] - decoded(model, 0, [0.0] * 5)).max() <= 1


def test_a_walk_ends_at_the_other_category(page, model):
    view = page.locator("canvas[role=img]").last
    slider(page, "walk to").press("End")
    for keys, along in ((25, 0.5), (25, 1.0)):
        for _ in range(keys):
            slider(page, "how far").press("ArrowRight")
        until(page, view, f"Math.abs(canvas.code.along - {along}) < 1e-6")
        pixels, code = same(view, model)
        assert code["towards"] == 11
    assert np.abs(pixels - decoded(model, 11, [0.0] * 5)).max() <= 1


def test_the_page_is_no_wider_than_the_screen(page):
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_sliders_have_names_for_screen_readers(page):
    for handle in page.locator("[role=slider]").all():
        assert handle.get_attribute("aria-label")


def test_one_slider_moves_all_models_and_the_one_without_categories_stays(browser, model):
    vae = build("vae", features=21, latent_size=5, hidden=16, seed=2)
    with opened(browser, compare({"CP-VAE": model, "VAE": vae}, shape=(3, 7))) as page:
        views = page.locator("canvas[role=img]")
        page.wait_for_function("document.querySelectorAll('canvas[role=img]').length === 2")
        slider(page, "category, by its share").press("End")
        slider(page, "second direction (sd)").press("End")
        until(page, views.first, "canvas.code.rank === 11 && Math.hypot(...canvas.code.steps) > 2.9")
        same(views.first, model)
        until(page, views.last, "Math.hypot(...canvas.code.steps) > 2.9")
        assert same(views.last, vae)[1]["rank"] == 0
        assert views.last.get_attribute("aria-label") == "Decoded image, one prior for all"


def test_a_model_at_the_papers_scale_is_decoded_within_a_grey_level(browser):
    model = Results("fashion-mnist").model("cp-150")
    with opened(browser, explore(model, rank=3)) as page:
        view = main_view(page)
        page.wait_for_selector("canvas[role=img]")
        slider(page, "first direction (sd)").press("End")
        until(page, view, "Math.hypot(...canvas.code.steps) > 2.9")
        same(view, model)
        for canvas in page.locator(".cpvae-sheet canvas").all()[:5]:
            pixels, code = drawn(canvas)
            assert np.abs(pixels - decoded(model, 3, code["noise"])).max() <= 1


def test_a_reader_without_scripts_sees_the_centres(browser, model):
    with opened(browser, explore(model, shape=(3, 7)), scripts=False) as page:
        picture = page.get_by_role("img", name="The decoded centres of 12 of 12 categories")
        assert picture.evaluate("img => img.naturalWidth") > 300
        assert page.get_by_text("Pick a category: in the map").is_visible()
