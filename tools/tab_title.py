"""A Sphinx extension: a page may have another title in the browser's tab and in search results than above its text.

The front matter of the page names it: `tab_title: ...`. The first page needs one: its heading is the title of the book,
which Sphinx adds to every page's own.
"""

from docutils.nodes import document
from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict:
    app.connect("html-page-context", _take_tab_title)
    return {"parallel_read_safe": True}


def _take_tab_title(app: Sphinx, page: str, template: str, context: dict, doctree: document | None) -> None:
    context["title"] = app.env.metadata.get(page, {}).get("tab_title", context.get("title", ""))
