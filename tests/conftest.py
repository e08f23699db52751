"""What many tests share: tiny models, their exact answers by quadrature, and judgement in standard errors.

Everything is a fixture, so that no test module imports another.
"""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

from cpvae_lite import build

WITH_CATEGORIES = {
    "cp-probs": {"name": "cp", "gate": "probs"},
    "cp-sample": {"name": "cp", "gate": "sample"},
    "indq": {"name": "indq"},
    "indp-probs": {"name": "indp", "gate": "probs"},
    "indp-sample": {"name": "indp", "gate": "sample"},
    "indqp": {"name": "indqp"},
}
VARIANTS = WITH_CATEGORIES | {"vae": {"name": "vae"}}


@pytest.fixture(autouse=True)
def _same_random_state():
    torch.manual_seed(0)


@pytest.fixture(params=VARIANTS.values(), ids=VARIANTS.keys())
def variant(request):
    """Name and gate of each of the five models."""
    return request.param


@pytest.fixture(params=WITH_CATEGORIES.values(), ids=WITH_CATEGORIES.keys())
def categorical_variant(request):
    """Name and gate of each model that has categories."""
    return request.param


@pytest.fixture(params=["bernoulli", "gaussian"])
def likelihood(request):
    return request.param


@pytest.fixture(name="tiny")
def tiny_fixture():
    """`tiny(name, ...)`: a float64 model with random weights, small enough for `exact`."""
    return _tiny


@pytest.fixture(name="data")
def data_fixture():
    """`data(model, rows)`: random observations that suit the model's likelihood."""
    return _data


@pytest.fixture(name="exact")
def exact_fixture():
    """`exact(model, x)`: evidence, bound and divergences of each row by summing over c and a grid of z."""
    return _exact


@pytest.fixture(name="network")
def network_fixture():
    """`network(mlp, *inputs)`: the MLP written out with one concatenated input (one-hot for a category)."""
    return _network


@pytest.fixture(name="agree")
def agree_fixture():
    """`agree(draws, expected)`: the mean over the first dimension is `expected`, within 4 standard errors."""
    return _agree


@pytest.fixture
def random_state_kept():
    """Fails the test if it leaves torch's global random state elsewhere than it found it."""
    before = torch.get_rng_state()
    yield
    assert torch.equal(torch.get_rng_state(), before)


def _agree(draws, expected, slack=1e-9):
    mean, error = draws.mean(0), draws.std(0) / math.sqrt(len(draws))
    near = (mean - expected).abs() <= 4 * error + slack
    assert near.all(), f"{mean} is not {expected} within 4 × {error} + {slack}"


def _tiny(name, *, scale=0.7, seed=1, **settings):
    if name != "vae":
        settings = {"categories": 3} | settings
    model = build(name, **{"features": 3, "latent_size": 1, "hidden": 4} | settings).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
    return model


def _data(model, rows=4, seed=2):
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(rows, model.features, generator=generator, dtype=torch.double)
    return (noise > 0).double() if model.config.likelihood == "bernoulli" else noise


def _network(mlp, *inputs):
    value = torch.cat(inputs, -1)
    for layer in mlp.layers:
        affine = getattr(layer, "affine", layer)
        value = value @ torch.cat(list(affine.weights), 1).T + affine.bias
        if affine is not layer:
            linear, gate = value.chunk(2, -1)
            value = linear / (1 + (-gate).exp())
    return value


def _normal(z, mean, log_variance):
    """log N(z; mean, diag(exp(log_variance)))."""
    squares = (z - mean) ** 2 / log_variance.exp()
    return -0.5 * (squares + log_variance + math.log(2 * math.pi)).sum(-1)


def _grid(size):
    reach, steps = {1: (25.0, 2501), 2: (16.0, 201)}[size]
    axis = torch.linspace(-reach, reach, steps, dtype=torch.double)
    return torch.cartesian_prod(*[axis] * size).view(-1, size), (axis[1] - axis[0]).item() ** size


@torch.no_grad()
def _exact(model, x):
    """Table 1 of the paper, written out; a VAE is a model with one category that nothing depends on."""
    config = model.config
    count, rows = config.categories or 1, len(x)
    latents = {latent.name: latent for latent in model.latents}
    each = torch.eye(count, dtype=torch.double).expand(rows, count, count)
    h = _network(model.trunk, x)
    log_pi = torch.zeros(rows, 1, dtype=torch.double)
    if config.categories:
        log_pi = _network(latents["c"].posterior.net, h).log_softmax(-1)
    pi = log_pi.exp()

    inputs = [h[:, None].expand(-1, count, -1)]
    if config.name in ("cp", "indp"):
        inputs.append(pi[:, None].expand(-1, count, -1) if config.gate == "probs" else each)
    mean, log_variance = _network(latents["z"].posterior.net, *inputs).chunk(2, -1)  # (B, K, D)
    log_variance = log_variance.clamp(-6, 2)
    prior_mean = prior_log_variance = torch.zeros(count, config.latent_size, dtype=torch.double)
    if config.name in ("cp", "indq"):
        prior_mean, prior_log_variance = latents["z"].prior.mean, latents["z"].prior.log_variance

    z, cell = _grid(config.latent_size)  # (G, D)
    q_z = _normal(z, mean[:, :, None], log_variance[:, :, None])  # (B, K, G)
    p_z = _normal(z, prior_mean[:, None], prior_log_variance[:, None])  # (K, G)
    for density in (q_z, p_z):
        assert ((density.exp().sum(-1) * cell - 1).abs() < 1e-7).all(), "the grid is too coarse or too short"

    def expected(values):  # under q(z,c|x)
        return (pi[..., None] * q_z.exp() * values).sum((1, 2)) * cell

    log_q, log_prior = log_pi[..., None] + q_z, p_z - math.log(count)
    log_likelihood = _log_likelihood(model, x, z, count)  # (B, K, G)
    joint = log_likelihood + log_prior
    evidence = joint.flatten(1).logsumexp(1) + math.log(cell)
    gap = expected(log_q - (joint - evidence[:, None, None]))
    return SimpleNamespace(
        log_evidence=evidence,
        gap=gap,  # KL(q(z,c|x) ‖ p(z,c|x))
        bound=evidence - gap,
        reconstruction=expected(log_likelihood),
        kl=expected(log_q - log_prior),  # KL(q(z,c|x) ‖ p(z,c))
        kl_z=expected(q_z - p_z),
        kl_c=(pi * (log_pi + math.log(count))).sum(1),
        pi=pi,
        mean=mean,
        log_variance=log_variance,
    )


def _log_likelihood(model, x, z, count):
    inputs = [z.expand(count, *z.shape)]  # (K, G, D)
    if model.config.categories:
        inputs.append(torch.eye(count, dtype=torch.double)[:, None].expand(-1, len(z), -1))
    out = _network(model.likelihood.net, *inputs)  # (K, G, features)
    x = x[:, None, None]
    if model.config.likelihood == "gaussian":
        return _normal(x, out, model.likelihood.log_variance.expand_as(out))
    return (x * F.logsigmoid(out) + (1 - x) * F.logsigmoid(-out)).sum(-1)
