"""Mixtures that are fitted to the codes of a trained VAE."""

import pytest
import torch

from cpvae_lite import build, load_dataset
from cpvae_lite.classifier import load_classifier
from cpvae_lite.purity import generation_purity
from cpvae_lite.storage import read_tensors
from cpvae_lite.study.afterwards import SHIPPED, FittedMixture, shipped_mixture
from cpvae_lite.study.results import Results


@pytest.fixture(scope="module")
def vae():
    return Results("fashion-mnist").model("vae")


def two_clouds(count=2000):
    torch.manual_seed(0)
    return torch.cat([torch.randn(count, 3) * 0.5 - 3, torch.randn(3 * count, 3) + 3])


def test_a_fit_finds_places_widths_and_weights():
    found = FittedMixture.of(two_clouds(), components=2)
    order = found.mean[:, 0].argsort()
    torch.testing.assert_close(found.weights[order], torch.tensor([0.25, 0.75]), atol=0.01, rtol=0)
    torch.testing.assert_close(found.mean[order], torch.tensor([[-3.0] * 3, [3.0] * 3]), atol=0.1, rtol=0)
    torch.testing.assert_close(found.variance[order], torch.tensor([[0.25] * 3, [1.0] * 3]), atol=0.1, rtol=0)


def test_its_density_is_the_weighted_sum_of_its_components():
    found = FittedMixture(torch.tensor([0.25, 0.75]), torch.tensor([[-0.5] * 3, [0.5] * 3]), torch.ones(2, 3))
    code = torch.tensor([0.1, -0.2, 0.3])  # near both, so that the weights count
    each = torch.distributions.Normal(found.mean, found.variance.sqrt()).log_prob(code).sum(1).exp()
    assert found.density().log_prob(code).exp().item() == pytest.approx((found.weights * each).sum().item(), rel=1e-5)
    expected = found.weights * each / (found.weights * each).sum()
    torch.testing.assert_close(found.responsibilities(code[None])[0], expected)


def test_fewer_codes_than_components_are_refused():
    with pytest.raises(ValueError, match="n_samples"):
        FittedMixture.of(torch.randn(3, 2), components=4)


def test_a_vae_with_it_draws_from_its_components_and_the_vae_stays():
    vae = build("vae", features=6, latent_size=3, hidden=4)
    found = FittedMixture.of(two_clouds(), components=2)
    model = found.as_prior_of(vae)
    prior = model.latents[0].prior
    torch.testing.assert_close(prior.parts()[0], found.mean)
    torch.testing.assert_close(prior.parts()[1].exp(), found.variance)
    assert model.choices == 2 and vae.choices is None
    for mine, its in zip(vae.likelihood.parameters(), model.likelihood.parameters(), strict=True):
        torch.testing.assert_close(mine, its)


def test_what_is_written_is_read_back_to_float16(tmp_path):
    found = FittedMixture.of(two_clouds(), components=2)
    found.save(tmp_path / "mixture.safetensors", {"codes": "clouds"})
    parts, about = read_tensors(tmp_path / "mixture.safetensors")
    assert about == {"codes": "clouds"}
    for name, part in parts.items():
        torch.testing.assert_close(part.float(), getattr(found, name), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("codes", ["means", "draws"])
def test_the_shipped_ones_are_of_the_shipped_vae(codes):
    record = Results("fashion-mnist").runs("vae")[0]
    _, about = read_tensors(SHIPPED / f"fashion-mnist-{codes}.safetensors")
    assert (about["codes"], about["vae"]) == (codes, record["run"])
    assert about["data"] == record["data"]["fingerprint"]
    assert shipped_mixture(codes).weights.sum().item() == pytest.approx(1, abs=1e-6)


def test_the_one_of_draws_is_a_better_prior_than_the_one_the_vae_was_trained_with(vae):
    torch.manual_seed(0)
    posterior = vae.posterior(load_dataset("fashion-mnist", subset=True).observed("test")[:2000])["z"]
    z = posterior.sample()
    gained = shipped_mixture("draws").density().log_prob(z) - vae.latents[0].prior({}).log_prob(z)
    assert 0.4 < gained.mean() < 1.2  # nats
    assert (shipped_mixture("means").density().log_prob(z) < vae.latents[0].prior({}).log_prob(z)).float().mean() > 0.9


def test_components_of_both_sort_clothes(vae):
    for codes, least in (("means", 0.7), ("draws", 0.65)):
        found = shipped_mixture(codes)
        judged = generation_purity(
            found.as_prior_of(vae), load_classifier("fashion-mnist"), draws=20, weights=found.weights
        )
        assert judged.purity > least > 2.5 * judged.chance
