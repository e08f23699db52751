import matplotlib.pyplot as plt
import pytest

from cpvae_lite.figures import diagrams


def names(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts if text.get_bbox_patch()]


def notes(figure) -> str:
    return " ".join(text.get_text() for text in figure.axes[0].texts if not text.get_bbox_patch())


def arrows(figure) -> dict[tuple[str, str], str]:
    """(from, to) by the names of the nodes that an arrow joins, with its line style."""
    texts = figure.axes[0].texts
    by_patch = {text.get_bbox_patch(): text.get_text() for text in texts if text.get_bbox_patch()}
    joined = [text.arrow_patch for text in texts if getattr(text, "arrow_patch", None)]
    return {(by_patch[a.patchA], by_patch[a.patchB]): a.get_linestyle() for a in joined}


DECODER = "decoder\n" r"$d_\theta(z, c)$"
PI, MOMENTS = r"$\pi_\phi(x)$", r"$\mu_\phi,\ \sigma_\phi$"
FIGURES = [diagrams.generative_process, diagrams.encoder]


def test_the_generative_process_draws_c_then_z_then_x():
    figure = diagrams.generative_process()
    assert names(figure) == ["$c$", "$z$", DECODER, "$x$"]
    assert arrows(figure) == {
        ("$c$", "$z$"): "--",
        ("$c$", DECODER): "-",
        ("$z$", DECODER): "-",
        (DECODER, "$x$"): "--",
    }


def test_the_generative_process_names_the_densities_of_eqs_8_and_9():
    text = notes(diagrams.generative_process())
    assert all(density in text for density in ("p(c_k) = 1/K", r"p_\varphi(z|c_k)", r"p_\theta(x|z, c)"))


def test_the_gated_layer_sees_the_probabilities_and_no_draw_of_c():
    joined = arrows(diagrams.encoder())
    assert {start for start, end in joined if end == "gated\nlayer"} == {"hidden\nlayers", PI}
    assert not [end for start, end in joined if start == "$c$"]


def test_the_encoder_draws_c_and_z_from_its_two_heads():
    joined = arrows(diagrams.encoder())
    assert {pair for pair, style in joined.items() if style == "--"} == {(PI, "$c$"), (MOMENTS, "$z$")}
    assert {("$x$", "hidden\nlayers"), ("hidden\nlayers", PI), ("gated\nlayer", MOMENTS)} <= set(joined)


@pytest.mark.parametrize("figure", FIGURES)
def test_a_notebook_shows_a_diagram_only_where_a_cell_returns_it(figure):
    figure()
    assert plt.get_fignums() == []


@pytest.mark.parametrize("figure", FIGURES)
def test_nothing_written_is_cut_off_or_runs_into_another_text(figure):
    drawn = figure()
    drawn.canvas.draw()
    boxes = [text.get_window_extent() for text in drawn.axes[0].texts if text.get_text()]
    for index, box in enumerate(boxes):
        assert drawn.bbox.x0 <= box.x0 and box.x1 <= drawn.bbox.x1
        assert drawn.bbox.y0 <= box.y0 and box.y1 <= drawn.bbox.y1
        assert not any(box.overlaps(other) for other in boxes[index + 1 :])
