"""A page with widgets as the built book shows them: its scripts and styles, no kernel, no network."""

import json
import mimetypes
from contextlib import contextmanager
from html import escape
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlparse

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display
from IPython.utils.capture import capture_output
from ipywidgets.embed import dependency_state, embed_data, escape_script

from tools.page_scripts import unpack

HOST = "http://book.test"  # nobody is asked: every request is answered from FOLDERS
THEMES = {
    "pydata_sphinx_theme": "theme/pydata_sphinx_theme/static",
    "sphinx_book_theme": "theme/sphinx_book_theme/static",
}
FOLDERS = [Path(__file__).parents[2] / "book" / "_static", unpack()]
FOLDERS += [Path(find_spec(package).origin).parent / place for package, place in THEMES.items()]
STYLES = ("styles/pydata-sphinx-theme.css", "styles/sphinx-book-theme.css", "book.css")
WIDGET, STATE = (f"application/vnd.jupyter.widget-{kind}+json" for kind in ("view", "state"))


@contextmanager
def opened(browser, *cells, dark=False, width=1200, scripts=True):
    """A page of the book in which each of `cells` is the last value of a cell.

    Leaving it fails if a script failed or complained, if a file was missing, or if another host was asked for one.
    Everything of that kind so far is in `page.faults`.
    """
    context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts)
    page = context.new_page()
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("console", lambda said: said.type == "error" and page.faults.append(said.text))
    content = html(*cells, dark=dark)
    page.route("**/*", lambda route: _answer(route, content, page.faults))
    try:
        page.goto(f"{HOST}/book/page.html")
        yield page
        assert page.faults == []
    finally:
        context.close()


def html(*cells, dark=False):
    """The page as text."""
    outputs = [output for cell in cells for output in _shown(cell)]
    widgets = [cell for cell in cells if hasattr(cell, "get_view_spec")]
    state = {"version_major": 2, "version_minor": 0, "state": {}}
    if widgets:
        state = embed_data(widgets, state=dependency_state(widgets, drop_defaults=False))["manager_state"]
    styles = "".join(f'<link rel="stylesheet" href="/_static/{name}">' for name in STYLES)
    return (
        f'<!doctype html><html lang="en" data-theme="{"dark" if dark else "light"}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>A page</title>{styles}'
        '<script src="/_static/widgets/require.js"></script><script src="/_static/widgets/config.js"></script>'
        '<script src="/_static/widgets/@jupyter-widgets/html-manager/dist/embed-amd.js" '
        'data-jupyter-widgets-cdn="about:blank#"></script></head>'
        '<body><main class="bd-main bd-content"><article class="bd-article"><div class="cell">'
        f'<div class="cell_output">{"".join(map(_best_form, outputs))}</div></div></article></main>'
        f"{_data(STATE, state)}</body></html>"
    )


def _shown(cell):
    """What a notebook would keep as outputs of a cell, by MIME type."""
    InteractiveShell.instance()
    try:
        with capture_output() as captured:
            display(cell)
    finally:
        InteractiveShell.clear_instance()
    return [output.data for output in captured.outputs]


def _best_form(output):
    """The form that the book's builder prefers."""
    if WIDGET in output:
        return f'<div class="output">{_data(WIDGET, output[WIDGET])}</div>'
    if "text/html" in output:
        return f'<div class="output text_html">{output["text/html"]}</div>'
    return f'<div class="output text_plain"><pre>{escape(output["text/plain"])}</pre></div>'


def _data(kind, value):
    return f'<script type="{kind}">{escape_script(json.dumps(value))}</script>'


def _answer(route, content, faults):
    url = urlparse(route.request.url)
    name = url.path.removeprefix("/_static/")
    files = [folder / name for folder in FOLDERS if (folder / name).is_file()]
    if not route.request.url.startswith(HOST):
        faults.append(f"asked another host: {route.request.url}")
        route.abort()
    elif url.path == "/book/page.html":
        route.fulfill(body=content, content_type="text/html")
    elif files:
        route.fulfill(path=files[0], content_type=mimetypes.guess_type(name)[0] or "application/octet-stream")
    else:
        faults.append(f"there is no {url.path}")
        route.fulfill(status=404, body="")
