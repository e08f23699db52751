import pytest
import torch
from ipywidgets import Widget
from ipywidgets.widgets.widget import _instances
from ipywidgets.widgets.widget_link import Link

from cpvae_lite import build
from cpvae_lite.figures import explorer
from cpvae_lite.figures.explorer import _still, compare, explore
from cpvae_lite.figures.widgets import DecoderView, PrototypeMap, SampleSheet


def small(name="cp"):
    model = build(name, features=6, latent_size=4, hidden=5, **({} if name == "vae" else {"categories": 4}))
    if model.categories:
        model.aggregated_posterior.copy_(torch.tensor([0.2, 0.5, 0.0, 0.3]))
    return model


def within(widget: Widget, kind: type) -> list[Widget]:
    found = [widget] if isinstance(widget, kind) else []
    return found + [part for child in getattr(widget, "children", ()) for part in within(child, kind)]


def titles(shown: Widget) -> list[str]:
    return [part.value for part in within(shown, Widget) if type(part).__name__ == "HTML"]


def test_each_view_has_its_name_above_it():
    names = [f"<strong>The {name}</strong>" for name in ("map", "image", "sheet", "walk")]
    assert titles(explore(small(), shape=(2, 3))) == names
    assert titles(explore(small("vae"), shape=(2, 3))) == names[1:3]


def test_all_views_share_one_set_of_weights():
    shown = explore(small(), shape=(2, 3), rank=2)
    views = within(shown, (DecoderView, PrototypeMap, SampleSheet))
    assert len({view.weights for view in views}) == 1
    assert [view.rank for view in views] == [2, 2, 2, 2]


def test_a_model_without_categories_has_nothing_to_pick():
    shown = explore(small("vae"), shape=(2, 3))
    assert within(shown, PrototypeMap) == [] and len(within(shown, DecoderView)) == 1
    assert "nothing to pick" in shown._caption


@pytest.mark.parametrize(("rank", "says"), [(-1, "rank must be at least 0, not -1"), (4, "rank 4 is not one of 0..3")])
def test_a_rank_is_one_of_the_categories(rank, says):
    with pytest.raises(ValueError, match=says):
        explore(small(), shape=(2, 3), rank=rank)


def test_compared_models_keep_their_own_weights_and_names():
    shown = compare({"CP-VAE": small(), "<VAE>": small("vae")}, shape=(2, 3))
    assert len({view.weights for view in within(shown, (DecoderView, SampleSheet))}) == 2
    assert titles(shown) == ["<strong>CP-VAE</strong>", "<strong>&lt;VAE&gt;</strong>"]


def test_nothing_to_compare_is_an_error():
    with pytest.raises(ValueError, match="no models"):
        compare({})


def moved(shown):
    """For each slider, the trait and the views that it moves."""
    views, found = within(shown, (DecoderView, PrototypeMap, SampleSheet)), {}
    for link in [widget for widget in list(_instances.values()) if isinstance(widget, Link)]:
        if link.target[0] in views:
            kind = (type(link.target[0]).__name__, link.target[1])
            found.setdefault((link.source[0].description, link.source[0].max), []).append(kind)
    return {key: sorted(kinds) for key, kinds in found.items()}


def test_every_slider_of_an_explorer_moves_what_it_says():
    rank = "rank"
    expected = {(f"{name} direction (sd)", 3.0): [("DecoderView", name)] for name in ("first", "second", "third")}
    assert moved(explore(small(), shape=(2, 3), rank=2)) == expected | {
        ("category, by its share", 3): [("DecoderView", rank), ("PrototypeMap", rank), ("SampleSheet", rank)],
        ("spread of the noise", 2.0): [("SampleSheet", "spread")],
        ("walk from", 3): [("DecoderView", rank)],
        ("walk to", 3): [("DecoderView", "towards")],
        ("how far", 1.0): [("DecoderView", "along")],
    }


def test_every_slider_of_a_comparison_moves_all_models():
    found = moved(compare({"CP-VAE": small(), "VAE": small("vae")}, shape=(2, 3)))
    assert found["category, by its share", 3] == [("DecoderView", "rank")] * 2 + [("SampleSheet", "rank")] * 2
    assert found["spread of the noise", 2.0] == [("SampleSheet", "spread")] * 2
    assert found["second direction (sd)", 3.0] == [("DecoderView", "second")] * 2


@pytest.mark.parametrize("rank", ["0", None, 1.5, True])
def test_a_rank_is_a_whole_number(rank):
    with pytest.raises(TypeError, match="rank must be a whole number"):
        explore(small(), shape=(2, 3), rank=rank)


def test_the_still_image_is_decoded_where_the_model_is(monkeypatch):
    model, devices = small().to("meta"), {}
    monkeypatch.setattr(explorer, "by_share", lambda model: (torch.tensor([1, 3, 0]), []))  # on the CPU, as it is
    monkeypatch.setattr(explorer.plots, "plot_blocks", lambda blocks, shape: None)

    def look(_, given):
        devices.update({name: value.device.type for name, value in given[0].items()})

    model.likelihood.register_forward_pre_hook(look)
    _still({"CP-VAE": model}, (2, 3))
    assert devices == {"z": "meta", "c": "meta"}


def test_a_walk_goes_somewhere():
    for rank in (0, 2):
        (view,) = [v for v in within(explore(small(), shape=(2, 3), rank=rank), DecoderView) if v.size == 140]
        assert view.rank == rank != view.towards
