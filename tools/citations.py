"""A Sphinx extension: a link can lead to one entry of the list of references, as [Jang et al.](references.md#jang2017).

Links, not roles, so that a chapter that is opened as a notebook shows authors and year, too. The entries' addresses are
the keys of references.bib, by `bibtex_cite_id` in _config.yml; what is missing is that links in Markdown know of them.
"""

from docutils.nodes import document
from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict:
    app.connect("doctree-read", _every_entry_is_a_place)
    return {"parallel_read_safe": True}


def _every_entry_is_a_place(app: Sphinx, doctree: document) -> None:
    page = app.env.docname
    if page.endswith("references"):
        places = app.env.metadata[page].setdefault("myst_slugs", {})
        for entry in doctree.ids:
            places.setdefault(entry, (None, entry, entry))
