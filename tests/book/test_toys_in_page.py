"""The toys in a browser without a kernel: what the page computes is what Python computes."""

import math
from itertools import pairwise

import pytest
import torch
import torch.distributions as D
from widget_page import opened

from cpvae_lite.figures import toy_terms, toys
from cpvae_lite.figures.toy_terms import TwoCategories

TRUTH = TwoCategories()
# At most this far from Python's, in nats: both are float64, sums of many terms.
NAT = 1e-9


@pytest.fixture(scope="module")
def mixture(browser):
    with opened(browser, toys.mixture_view()) as page:
        yield drawn(page)


@pytest.fixture(scope="module")
def gumbel(browser):
    with opened(browser, toys.gumbel_view()) as page:
        yield drawn(page)


@pytest.fixture(scope="module")
def aggregated(browser):
    with opened(browser, toys.aggregated_view()) as page:
        yield drawn(page)


@pytest.fixture(scope="module")
def phone(browser):
    """All three, in dark mode."""
    with opened(browser, toys.mixture_view(), toys.gumbel_view(), toys.aggregated_view(), dark=True, width=390) as page:
        page.wait_for_function("document.querySelectorAll('.cpvae-interactive data').length > 30")
        yield page


def drawn(page):
    """The page, once the next frame is drawn."""
    page.wait_for_selector("data")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page


def numbers(page):
    """The figures of a page in full, by name."""
    cells = "all => all.map(cell => [cell.dataset.key, cell.value])"
    return {key: float(value) for key, value in drawn(page).locator("data").evaluate_all(cells)}


def sliders(page):
    """What the sliders say, by name."""
    said = "all => all.map(slider => [slider.getAttribute('aria-label'), slider.getAttribute('aria-valuetext')])"
    return {
        name: float(value.replace("−", "-")) for name, value in drawn(page).get_by_role("slider").evaluate_all(said)
    }


def press(page, name, *keys):
    slider = page.get_by_role("slider", name=name, exact=True)
    for key in keys:
        slider.press(key)


def mixture_in_python(page, follows):
    at = sliders(page)
    means, deviations = ([at[f"{kind} of p(z|c{c})"] for c in "₁₂"] for kind in ("mean", "deviation"))
    model = TwoCategories(means=tuple(means), deviations=tuple(deviations), weight=at["weight p(c₁)"])
    return model, toy_terms.mixture_terms(model, None if follows else TRUTH)


def test_the_mixture_starts_as_the_truth(mixture):
    model, terms = mixture_in_python(mixture, follows=False)
    assert model == TRUTH and numbers(mixture) == pytest.approx(terms, abs=NAT)


def test_the_mixture_follows_every_slider_and_the_box(mixture):
    box, seen = mixture.get_by_role("checkbox"), []
    for name, *keys in (
        ("mean of p(z|c₁)", "ArrowRight", "ArrowRight"),
        ("mean of p(z|c₂)", "ArrowLeft"),
        ("deviation of p(z|c₁)", "End"),
        ("deviation of p(z|c₂)", "Home"),
        ("weight p(c₁)", "ArrowLeft", "PageDown"),
    ):
        press(mixture, name, *keys)
        for ticked in (True, False):
            box.press("Space")
            assert box.is_checked() == ticked
            model, terms = mixture_in_python(mixture, follows=ticked)
            assert numbers(mixture) == pytest.approx(terms, abs=NAT)
        seen.append(model)
    assert len(set(seen)) == 5 and seen[-1].deviations == (0.2, 0.01)


def test_the_extremes_are_finite(mixture):
    for key in ("Home", "End"):
        for name in sliders(mixture):
            press(mixture, name, key)
        _, terms = mixture_in_python(mixture, follows=False)
        assert numbers(mixture) == pytest.approx(terms, rel=1e-9) and all(map(math.isfinite, terms.values()))


def curve(page, panel, line):
    """The points of a line in pixels, as numbers from the left and from the top."""
    points = drawn(page).locator("svg[role=img]").nth(panel).locator("polyline").nth(line).get_attribute("points")
    return torch.tensor([[float(part) for part in point.split(",")] for point in points.split()])


def test_the_lines_of_the_mixture_are_its_densities(mixture):
    for name in sliders(mixture):
        press(mixture, name, "End", "PageDown")
    model, _ = mixture_in_python(mixture, follows=False)
    x, _ = toy_terms.data_grid()
    z = toy_terms.linspace(*toys.PLACES["mixture"])
    first, second = (model.category.probs * model.prior.log_prob(z[:, None]).exp()).T
    in_x = [toy_terms.data_density().log_prob(x).exp(), model.marginal.log_prob(x).exp()]
    for panel, densities in enumerate((in_x, [TRUTH.aggregated(z), first, second])):
        heights = [-curve(mixture, panel, line)[:, 1].double() for line in range(len(densities))]
        floor, most = min(h.min() for h in heights), max(d.max() for d in densities)
        scale = (max(h.max() for h in heights) - floor) / most
        for height, density in zip(heights, densities, strict=True):
            assert torch.allclose(height - floor, scale * density, atol=0.3)  # pixels


def test_panels_stand_side_by_side_where_there_is_room(mixture, gumbel):
    for page, count in ((mixture, 2), (gumbel, 3)):
        boxes = [drawing.bounding_box() for drawing in drawn(page).locator("svg[role=img]").all()]
        assert len(boxes) == count and len({box["y"] for box in boxes}) == 1
        assert all(a["x"] + a["width"] <= b["x"] for a, b in pairwise(boxes))


def test_the_figure_follows_the_width_of_the_page(gumbel):
    gumbel.set_viewport_size({"width": 500, "height": 900})
    boxes = [drawing.bounding_box() for drawing in drawn(gumbel).locator("svg[role=img]").all()]
    gumbel.set_viewport_size({"width": 1200, "height": 900})
    assert boxes[2]["y"] > boxes[0]["y"] and all(box["x"] + box["width"] <= 500 for box in boxes)


def test_the_mouse_moves_a_slider(mixture):
    name = "mean of p(z|c₁)"
    handle = mixture.get_by_role("slider", name=name, exact=True)
    press(mixture, name, "Home")
    track, start = handle.locator("xpath=../..").bounding_box(), handle.bounding_box()
    middle = start["y"] + start["height"] / 2
    mixture.mouse.move(start["x"] + start["width"] / 2, middle)
    mixture.mouse.down()
    for part in (0.2, 0.5, 0.75):
        mixture.mouse.move(track["x"] + part * track["width"], middle)
        assert sliders(mixture)[name] == pytest.approx(part, abs=0.05)
        assert numbers(mixture) == pytest.approx(mixture_in_python(mixture, follows=False)[1], rel=1e-9)
    mixture.mouse.up()


def gumbel_in_python(temperature, draw):
    pi, noise = [0.4, 0.25, 0.2, 0.1, 0.05], toys.gumbel_noise(400, 5, seed=0)
    draws = toy_terms.relaxed_draws(pi, noise, temperature)
    wins = draws.argmax(1).bincount(minlength=5).double() / 400
    columns = {"probability": pi, "draw": draws[draw - 1], "mean": draws.mean(0), "wins": wins}
    return {f"{key}_{k}": float(value) for key, column in columns.items() for k, value in enumerate(column)}


def test_the_draws_follow_the_temperature_and_nothing_else(gumbel):
    wins, temperatures = [], []
    for keys in ([], ["Home"], ["ArrowRight"], ["End"], ["ArrowLeft", "ArrowLeft"]):
        press(gumbel, "temperature τ", *keys)
        found = numbers(gumbel)
        temperatures.append(found.pop("temperature"))
        assert sliders(gumbel)["temperature τ"] == pytest.approx(temperatures[-1], abs=0.005)
        assert found == pytest.approx(gumbel_in_python(temperatures[-1], 1), abs=1e-9)
        wins.append([found[f"wins_{k}"] for k in range(5)])
    assert temperatures == pytest.approx([10**power for power in (0, -1.3, -1.25, 0.7, 0.6)], rel=1e-6)
    assert all(row == wins[0] for row in wins)


def test_another_draw_leaves_the_averages_alone(gumbel):
    for key, draw in (("End", 400), ("ArrowLeft", 399), ("Home", 1), ("ArrowRight", 2)):
        press(gumbel, "which draw", key)
        found = numbers(gumbel)
        assert found == pytest.approx(
            {**gumbel_in_python(found["temperature"], draw), "temperature": found["temperature"]}
        )


def bars(page, panel):
    """Left end and height of each bar, in pixels."""
    sizes = "bars => bars.map(bar => ['x', 'height'].map(name => Number(bar.getAttribute(name))))"
    return torch.tensor(drawn(page).locator("svg[role=img]").nth(panel).locator("rect").evaluate_all(sizes)).T


def test_the_bars_are_the_numbers_of_the_table(gumbel):
    press(gumbel, "temperature τ", "Home", "PageUp", "PageUp")
    found = numbers(gumbel)
    for panel, columns in enumerate((["draw"], ["mean", "wins", "probability"])):
        left, heights = bars(gumbel, panel)
        values = torch.tensor([[found[f"{column}_{k}"] for k in range(5)] for column in columns])
        assert torch.allclose(heights / heights.sum(), values.flatten() / values.sum(), atol=1e-5)
        places = left.view(len(columns), 5)
        assert (places.diff(dim=1) > 0).all() and (places.diff(dim=0) > 0).all()
        assert (places[-1, :-1] < places[0, 1:]).all()  # the next category begins after the last bar of this one


def test_the_histogram_shows_every_draw(gumbel):
    press(gumbel, "temperature τ", "End", "PageDown")
    pi, noise = [0.4, 0.25, 0.2, 0.1, 0.05], toys.gumbel_noise(400, 5, seed=0)
    largest = toy_terms.relaxed_draws(pi, noise, numbers(gumbel)["temperature"]).amax(1)
    _, shown = bars(gumbel, 2)
    counts = torch.histc(largest, bins=20, min=0, max=1)
    assert torch.allclose(shown / shown.sum(), (counts / 400).float(), atol=1e-5)


def test_surgery_is_that_of_python(aggregated):
    seen = []
    for name, *keys in (
        ("width of posteriors",),
        ("width of posteriors", "Home"),
        ("means, times", "End"),
        ("mean of the prior", "ArrowRight", "PageUp"),
        ("deviation of the prior", "Home"),
        ("mean of the prior", "Home"),
        ("deviation of the prior", "End"),
        ("means, times", "Home"),
        ("width of posteriors", "End"),
    ):
        press(aggregated, name, *keys)
        at, found = sliders(aggregated), numbers(aggregated)
        means = [at["means, times"] * mean for mean in (-2.2, -1.8, -1.5, 0.3, 0.9, 2.5)]
        of_prior = [at["mean of the prior"], at["deviation of the prior"]]
        prior = D.Normal(*torch.tensor(of_prior, dtype=torch.double))
        assert found == pytest.approx(toy_terms.surgery(means, at["width of posteriors"], prior), rel=1e-9, abs=1e-9)
        seen.append(tuple(found.values()))
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("which", ["mixture", "gumbel", "aggregated"])
def test_a_screen_reader_hears_names_and_figures(which, request):
    page = request.getfixturevalue(which)
    keyed = page.get_by_role("slider")
    assert keyed.count() == len(sliders(page)) >= 2 and all(sliders(page))
    pictures = page.get_by_role("img")
    before = [image.get_attribute("aria-label") for image in pictures.all()]
    assert all(len(text) > 20 for text in before)
    keyed.first.press("Home")
    keyed.first.press("PageUp")
    drawn(page)
    assert [image.get_attribute("aria-label") for image in pictures.all()] != before
    assert page.locator("table caption").inner_text() and page.locator("th[scope=row]").count() >= 4


def test_tab_leads_from_slider_to_slider(gumbel):
    focused = "document.activeElement.getAttribute('aria-label')"
    gumbel.get_by_role("slider", name="temperature τ").focus()
    gumbel.keyboard.press("Tab")
    assert gumbel.evaluate(focused) == "temperature τ, as a number"
    gumbel.keyboard.press("Tab")
    assert gumbel.evaluate(focused) == "which draw"


def test_a_number_can_be_typed(gumbel):
    readout = gumbel.get_by_role("textbox", name="which draw, as a number")
    readout.fill("17")
    readout.press("Enter")
    temperature = numbers(gumbel)["temperature"]
    assert numbers(gumbel)["draw_0"] == pytest.approx(gumbel_in_python(temperature, 17)["draw_0"])


def test_a_phone_shows_all_of_it_with_text_large_enough(phone):
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    smallest = """() => Math.min(...[...document.querySelectorAll(".cpvae-interactive :is(text, th, td, span, label)")]
        .map(node => parseFloat(getComputedStyle(node).fontSize)))"""
    assert phone.evaluate(smallest) >= 12
    for drawing in phone.locator("svg[role=img]").all():
        box = drawing.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["width"] > 300
        inside = """svg => [...svg.querySelectorAll("text")].every(text => {
            const [a, b] = [text.getBoundingClientRect(), svg.getBoundingClientRect()];
            return a.left >= b.left - 1 && a.right <= b.right + 1;
        })"""
        assert drawing.evaluate(inside)
    clipped = "label => label.scrollWidth > label.clientWidth"
    assert not any(label.evaluate(clipped) for label in phone.locator(".widget-slider label").all())


def test_drawings_stay_white_in_dark_mode(phone):
    ground = "node => getComputedStyle(node.closest('div[style*=flex-wrap]')).backgroundColor"
    for drawing in phone.locator("svg[role=img]").all():
        assert drawing.evaluate(ground) == "rgb(255, 255, 255)"
        assert drawing.locator("text").first.evaluate("node => getComputedStyle(node).fill") == "rgb(34, 34, 34)"
    for cell in phone.locator("table :is(th, td)").all():
        assert cell.evaluate("node => getComputedStyle(node).color") == "rgb(34, 34, 34)"


def test_sliders_are_light_on_the_dark_page(phone):
    for part in phone.locator(".widget-subarea").all():
        assert part.evaluate("node => getComputedStyle(node).backgroundColor") == "rgba(0, 0, 0, 0)"
    words = phone.locator(".widget-label, .widget-label-basic, .widget-readout, .cpvae-caption")
    seen = words.evaluate_all("all => all.map(word => [word, document.body].map(n => getComputedStyle(n).color))")
    assert len(seen) > 10 and all(word == page for word, page in seen)


def test_figures_on_one_page_leave_each_other_alone(phone):
    before = numbers(phone)
    press(phone, "width of posteriors", "ArrowRight")
    changed = {key for key, value in numbers(phone).items() if value != before[key]}
    assert changed == {"price", "information", "waste", "holes"}


def test_a_reader_without_scripts_sees_a_picture_and_its_caption(browser):
    with opened(browser, toys.aggregated_view(), scripts=False) as page:
        picture = page.get_by_role("img")
        assert picture.is_visible() and len(picture.get_attribute("alt")) > 20
        assert picture.bounding_box()["width"] > 300
        assert page.get_by_text("Their sum is the aggregated posterior").is_visible()
