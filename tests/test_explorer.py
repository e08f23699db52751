import pytest
import torch
from ipywidgets import Widget

from cpvae_lite import build
from cpvae_lite.explorer import compare, explore
from cpvae_lite.widgets import DecoderView, PrototypeMap, SampleSheet


def small(name="cp"):
    model = build(name, features=6, latent_size=4, hidden=5, **({} if name == "vae" else {"categories": 4}))
    if model.categories:
        model.aggregated_posterior.copy_(torch.tensor([0.2, 0.5, 0.0, 0.3]))
    return model


def within(widget: Widget, kind: type) -> list[Widget]:
    found = [widget] if isinstance(widget, kind) else []
    return found + [part for child in getattr(widget, "children", ()) for part in within(child, kind)]


def test_all_views_share_one_set_of_weights():
    shown = explore(small(), shape=(2, 3), rank=2)
    views = within(shown, (DecoderView, PrototypeMap, SampleSheet))
    assert len({view.weights for view in views}) == 1
    assert [view.rank for view in views] == [2, 2, 2, 2]


def test_a_model_without_categories_has_nothing_to_pick():
    shown = explore(small("vae"), shape=(2, 3))
    assert within(shown, PrototypeMap) == [] and len(within(shown, DecoderView)) == 1
    assert "nothing to pick" in shown._caption


@pytest.mark.parametrize("rank", [-1, 4])
def test_a_rank_is_one_of_the_categories(rank):
    with pytest.raises(ValueError, match=rf"rank {rank} is not one of 0..3"):
        explore(small(), shape=(2, 3), rank=rank)


def test_compared_models_keep_their_own_weights_and_names():
    shown = compare({"CP-VAE": small(), "<VAE>": small("vae")}, shape=(2, 3))
    assert len({view.weights for view in within(shown, (DecoderView, SampleSheet))}) == 2
    titles = [part.value for part in within(shown, Widget) if type(part).__name__ == "HTML"]
    assert titles == ["<strong>CP-VAE</strong>", "<strong>&lt;VAE&gt;</strong>"]


def test_nothing_to_compare_is_an_error():
    with pytest.raises(ValueError, match="no models"):
        compare({})
