import re
import struct
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
import yaml

from tools.check_book import broken_links, pages, read
from tools.set_address import HOST

ROOT = Path(__file__).parents[2]
HTML = ROOT / "_build" / "html"
SCREENSHOTS = ROOT / "_build" / "screenshots"
TALLEST = 25_000  # pixels of a page that a screenshot shows; the package's own goes on for much longer
PAGES = pages(yaml.safe_load((ROOT / "_toc.yml").read_text()))

# The theme's own noise: it declares a Thebe variable twice and starts with no theme mode.
THEME_NOISE = ("THEBE_JS_URL", "invalid theme mode")


@pytest.fixture(scope="module", params=[(1280, "light"), (390, "dark")], ids=["desktop", "phone-dark"])
def context(request, browser):
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    yield context
    context.close()


@pytest.fixture(scope="module", params=PAGES)
def opened(request, context, site):
    """A page, loaded once for all its tests, and everything that went wrong on the way."""
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("response", lambda answer: answer.status >= 400 and faults.append(f"{answer.status} {answer.url}"))
    page.on("requestfailed", lambda request: faults.append(f"failed {request.url}"))
    page.on(
        "request",
        lambda request: None if request.url.startswith((site, "data:", "blob:")) else faults.append(request.url),
    )
    page.goto(f"{site}/{request.param}.html", wait_until="networkidle")
    page.wait_for_load_state("load")  # on a busy machine the network is idle before
    yield page, [fault for fault in faults if not any(noise in fault for noise in THEME_NOISE)]
    page.close()


def test_a_page_loads_whole_and_asks_no_other_host(opened):
    page, faults = opened
    assert faults == []
    assert page.locator("article h1").first.is_visible()


def test_a_picture_of_a_page_is_kept_for_looking_at(opened, request):
    page, _ = opened
    picture = SCREENSHOTS / f"{request.node.callspec.id.replace('/', '-')}.png"
    width, height = page.viewport_size["width"], page.evaluate("document.documentElement.scrollHeight")
    shown = {"x": 0, "y": 0, "width": width, "height": min(height, TALLEST)}
    page.screenshot(path=picture, full_page=True, clip=shown)
    assert struct.unpack(">II", picture.read_bytes()[16:24]) == (shown["width"], shown["height"])


def test_formulas_are_rendered(opened):
    page, _ = opened
    sources = page.locator("main .math").count()
    if sources:
        page.wait_for_selector("main mjx-container", state="attached")
        assert page.locator("main .math mjx-container").count() >= sources
    assert page.locator("main mjx-merror").count() == 0


def test_no_formula_is_left_as_text(opened):
    """A line of a formula that begins with a plus or a bar would start a list or a table."""
    page, _ = opened
    text = page.evaluate("""() => {
        const main = document.querySelector("main").cloneNode(true);
        main.querySelectorAll("pre, code, .math, mjx-container, script, style").forEach(part => part.remove());
        return main.textContent;
    }""")
    assert re.findall(r"\\(?:frac|mathrm|mathbb|log|sum|phi|theta)|\$[^$\n]*\$", text) == []


def test_no_numbered_formula_is_wider_than_a_desktop_page(opened):
    """Its number would be out of sight, at the far end of a scroll."""
    page, _ = opened
    wide = """() => [...document.querySelectorAll("main div.math")]
        .filter(block => block.querySelector("mjx-labels") && block.scrollWidth > block.clientWidth + 1)
        .map(block => block.textContent.trim().slice(0, 80))"""
    if page.viewport_size["width"] > 1000:
        assert page.evaluate(wide) == []


def test_images_are_loaded_and_described(opened):
    page, _ = opened
    for image in page.locator("article img").all():  # the logos of the launch buttons are the theme's
        if image.is_visible():  # of the frames behind a slider, one is
            image.scroll_into_view_if_needed()
        assert image.evaluate("img => img.decode().then(() => img.naturalWidth)") > 0
        alt = image.get_attribute("alt") or ""
        assert len(alt) > 20 and "_images" not in alt


def test_the_page_is_no_wider_than_the_screen(opened):
    page, _ = opened
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")


def test_sliders_and_captions_stand_on_the_page_itself_in_dark_mode(opened):
    """The theme would lay a pale ground under them."""
    page, _ = opened
    grounds = """() => [...document.querySelectorAll("main div.cell_output :is(.text_html, .widget-subarea)")]
        .map(output => getComputedStyle(output).backgroundColor)"""
    if page.evaluate("document.documentElement.dataset.theme") == "dark":
        assert set(page.evaluate(grounds)) <= {"rgba(0, 0, 0, 0)"}


def test_no_code_is_wider_than_a_desktop_page(opened):
    page, _ = opened
    clipped = """() => [...document.querySelectorAll("main div.cell_input pre")]
        .filter(code => code.clientWidth && code.scrollWidth > code.clientWidth + 1)
        .map(code => code.textContent.slice(0, 80))"""
    if page.viewport_size["width"] > 1000:
        assert page.evaluate(clipped) == []


def test_rows_keep_their_names_in_sight(opened):
    """At the end of a scroll too, and with room for what they name."""
    page, _ = opened
    lost = """() => [...document.querySelectorAll("main div.text_html:has(.kept)")].filter(output => {
        output.scrollLeft = output.scrollWidth;
        const [whole, name] = [output, output.querySelector(".kept")].map(part => part.getBoundingClientRect());
        output.scrollLeft = 0;
        return name.left < whole.left - 1 || name.width > whole.width / 2 + 1;
    }).map(output => output.textContent.slice(0, 80))"""
    assert page.evaluate(lost) == []


def test_no_line_begins_with_the_comma_after_a_formula(opened):
    page, _ = opened
    fallen = """() => [...document.querySelectorAll("main p > span.math:has(> mjx-container)")].filter(formula => {
        const next = formula.nextSibling, range = document.createRange();
        if (next?.nodeType !== Node.TEXT_NODE || !/^[,.;:)]/.test(next.data)) return false;
        range.setStart(next, 0);
        range.setEnd(next, 1);
        return range.getBoundingClientRect().top >= formula.firstChild.getBoundingClientRect().bottom;
    }).map(formula => formula.textContent)"""
    assert page.evaluate(fallen) == []


def test_a_formula_in_a_sentence_stands_on_the_line_of_its_words(opened):
    page, _ = opened
    shifted = """() => [...document.querySelectorAll("main p > span.math > mjx-container")].filter(formula => {
        const marks = [formula.querySelector("mjx-math"), formula.parentElement].map(place => {
            const mark = document.createElement("span"); // empty, so that it stands on the baseline
            mark.style.cssText = "display: inline-block; width: 0; height: 0";
            place.append(mark);
            return mark;
        });
        const [inside, beside] = marks.map(mark => mark.getBoundingClientRect().bottom);
        marks.forEach(mark => mark.remove());
        return Math.abs(inside - beside) > 1;
    }).map(formula => formula.textContent)"""
    assert page.evaluate(shifted) == []


def test_no_formula_scrolls_for_what_is_not_seen(opened):
    """A formula that fits its line is no stop of the Tab key."""
    page, _ = opened
    needless = """() => [...document.querySelectorAll("main p > span.math > mjx-container")].filter(formula => {
        const room = formula.closest("p").clientWidth;
        return formula.scrollWidth > formula.clientWidth && formula.scrollWidth < room
            || formula.scrollHeight > formula.clientHeight;
    }).map(formula => formula.textContent)"""
    if page.viewport_size["width"] < 600:  # elsewhere nothing of a line scrolls
        assert page.evaluate(needless) == []


def test_the_chapter_shows_categories_and_what_its_training_came_to(context, site):
    page = context.new_page()
    page.goto(f"{site}/book/fashion-mnist.html", wait_until="networkidle")
    page.wait_for_load_state("load")  # on a busy machine the network is idle before
    assert page.locator("main img").count() >= 9
    assert re.search(r"epoch \d+ of 40 is kept: negative bound \d+\.\d", page.locator("main").inner_text())


@pytest.mark.parametrize("name", PAGES)
def test_links_of_a_page_lead_somewhere(name):
    assert broken_links(HTML / f"{name}.html", HTML) == []


def _launched(url: str) -> tuple[str, str] | None:
    """Which repository at which branch a link launches, and which of its files; None for any other link."""
    parts = urlparse(url)
    if parts.hostname == "colab.research.google.com":
        repository, _, file = parts.path.removeprefix("/github/").partition("/blob/")
        branch, _, file = file.partition("/")
        return f"{repository}/{branch}", file
    if parts.hostname == "mybinder.org":
        return parts.path.removeprefix("/v2/gh/"), parse_qs(parts.query)["urlpath"][0].removeprefix("lab/tree/")
    return None


@pytest.mark.parametrize("name", PAGES)
def test_every_chapter_launches_its_notebook_in_colab_and_binder(name):
    listed = subprocess.run(["git", "ls-files", "*.ipynb"], cwd=ROOT, capture_output=True, text=True, check=True)
    repository = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]
    place = f"{repository['url'].removeprefix(HOST)}/{repository['branch']}"
    links = {target for target in read(HTML / f"{name}.html").targets if _launched(target)}
    assert {_launched(link) for link in links} == {(place, f"{name}.ipynb")} & {
        (place, f) for f in listed.stdout.split()
    }
    assert len(links) == (2 if (ROOT / f"{name}.ipynb").is_file() else 0)


def test_every_page_has_a_title_of_its_own_in_the_browser_s_tab():
    title = re.compile(r"<title>(.+?) &#8212; (.+?)</title>")
    titles = [title.search((HTML / f"{name}.html").read_text()).groups() for name in PAGES]
    assert len(set(titles)) == len(PAGES) and all(page != book for page, book in titles)
