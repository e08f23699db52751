"""Random numbers follow from a seed alone, and nobody else notices."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from cpvae_lite._seeding import seeded

DRAWS = 64


@pytest.mark.parametrize("device", ["mps", "meta"])
def test_a_device_whose_numbers_would_not_follow_is_refused(device):
    with pytest.raises(ValueError, match=f"unknown device '{device}'"), seeded(0, device=device):
        pass


def drawn(*entropy):
    with seeded(*entropy):
        return torch.rand(DRAWS)


@pytest.mark.parametrize("entropy", [(0,), (3,), (0, 7), (2**40, 1)])
def test_numbers_follow_from_the_entropy_whatever_came_before(entropy):
    torch.manual_seed(1)
    first = drawn(*entropy)
    torch.manual_seed(2)
    torch.rand(5)
    assert torch.equal(first, drawn(*entropy))


def test_other_entropy_gives_other_numbers():
    streams = [drawn(*entropy) for entropy in [(1,), (2,), (1, 2), (2, 1), (1, 2, 3), (2**32 + 1,)]]
    distinct = torch.stack(streams).unique(dim=0)
    assert len(distinct) == len(streams)


def test_neighbouring_epochs_are_independent():
    # Over many epochs the n-th number is uniform, and uncorrelated with that of the epoch before.
    first = torch.stack([drawn(0, epoch)[:2] for epoch in range(1, 2001)]).double()
    standard_error = (1 / 12 / len(first)) ** 0.5
    assert ((first.mean(0) - 0.5).abs() < 4 * standard_error).all()
    neighbours = torch.stack([first[1:, 0], first[:-1, 0], first[1:, 1], first[:-1, 1]])
    correlation = torch.corrcoef(neighbours)
    assert (correlation - torch.eye(4)).abs().max() < 4 / len(first) ** 0.5


def test_the_global_states_are_left_alone():
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    drawn(5)
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])
    assert before[2] == random.getstate()


def test_the_global_state_is_left_alone_by_an_error():
    before = torch.get_rng_state()
    with pytest.raises(KeyboardInterrupt), seeded(5):
        torch.rand(3)
        raise KeyboardInterrupt
    assert torch.equal(before, torch.get_rng_state())


def test_an_inner_context_does_not_disturb_the_outer():
    with seeded(1):
        torch.rand(10)
        with seeded(2):
            torch.rand(7)
        rest = torch.rand(DRAWS - 10)
    assert torch.equal(rest, drawn(1)[10:])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_the_state_of_a_gpu_is_left_alone(device):
    torch.cuda.manual_seed(3)
    before = torch.cuda.get_rng_state()
    with seeded(5, device=device):
        torch.rand(3, device=device)
    assert torch.equal(before, torch.cuda.get_rng_state())


def test_entropies_of_other_lengths_give_other_numbers():
    def first(*entropy):
        with seeded(*entropy):
            return torch.rand(1).item()

    assert len({first(0), first(0, 0), first(0, 0, 0)}) == 3


def test_a_seed_on_the_cpu_seeds_no_other_device(monkeypatch):
    seeds = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeds.append)
    with seeded(1):
        assert seeds == []


@pytest.mark.parametrize(("device", "index"), [("cuda:1", 1), ("cuda:0", 0), ("cuda", 2)])
def test_the_gpu_that_is_named_is_kept_and_seeded(monkeypatch, device, index):
    kept, seeds = [], {}

    @contextmanager
    def keep(devices):
        kept.extend(devices)
        yield

    def generator(number):
        return SimpleNamespace(manual_seed=lambda seed: seeds.setdefault(number, seed))

    monkeypatch.setattr(torch.cuda, "current_device", lambda: 2)
    monkeypatch.setattr(torch.cuda, "default_generators", tuple(map(generator, range(3))))
    monkeypatch.setattr(torch.random, "fork_rng", keep)
    with seeded(5, device=device):
        assert kept == [index] and seeds == {index: torch.initial_seed()}


def test_a_negative_seed_is_named():
    with pytest.raises(ValueError, match="seed must be at least 0, not -1"), seeded(-1):
        pass


def test_a_second_thread_is_refused_in_words_and_the_first_one_keeps_its_numbers():
    with seeded(0), ThreadPoolExecutor(1) as pool:
        first = torch.rand(1)
        with pytest.raises(RuntimeError, match="use processes, not threads"):
            pool.submit(_draw).result()
        second = torch.rand(1)
    with seeded(0):
        assert torch.equal(torch.cat([first, second]), torch.cat([torch.rand(1), torch.rand(1)]))
    with ThreadPoolExecutor(1) as pool:  # and once the first is done, it may
        assert torch.equal(pool.submit(_draw).result(), _draw())


def _draw():
    with seeded(1):
        return torch.rand(1)
