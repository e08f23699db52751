"""A recorded training step gives the numbers of the step itself; without a GPU, a tape stands in for the CUDA graph."""

import shutil
import weakref

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from training_runs import config, images, model, same, weights, without_seconds

from cpvae_lite import Dataset, fit, steps
from cpvae_lite.capture import WARM_UP, as_it_is, cuda_graph, own_stream, recorder, repeated
from cpvae_lite.steps import NotFiniteError

STEPS = 4  # an epoch of 80 images in batches of 20
CHANGING = {"warmup": 3, "temperature": 2.0, "temperature_decay": 0.1, "least_temperature": 0.1}
GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")

aten = torch.ops.aten
WAITING = {aten._local_scalar_dense, aten.equal, aten.nonzero, aten.masked_select, aten._unique2, aten.lift_fresh}


class Tape(TorchDispatchMode):
    """What torch.cuda.CUDAGraph does, on a CPU: it notes the operations inside, undoes them, and repeats them in place.

    A GPU would have to wait for the numbers that `WAITING` reads (or writes: a tensor made from a Python number).
    """

    made = ()

    def __init__(self):
        super().__init__()
        self.operations, self.overwritten, self.replays = [], [], 0
        Tape.made += (weakref.ref(self),)

    def __enter__(self):
        self.random_state = torch.get_rng_state()
        return super().__enter__()

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        if operation.overloadpacket in WAITING:
            raise RuntimeError(f"{operation} in a capture")
        if operation._schema.is_mutable:
            self.overwritten += [(tensor, tensor.clone()) for tensor in tensors((args, kwargs))]
        result = operation(*args, **(kwargs or {}))
        if not operation.is_view:
            self.operations.append((operation, args, kwargs or {}, result))
        return result

    @torch.no_grad()
    def __exit__(self, *error):
        super().__exit__(*error)
        for tensor, value in reversed(self.overwritten):
            tensor.copy_(value)
        self.overwritten.clear()
        torch.set_rng_state(self.random_state)

    @torch.no_grad()
    def replay(self):
        self.replays += 1
        for operation, args, kwargs, result in self.operations:
            again = operation(*args, **kwargs)
            if not operation._schema.is_mutable:
                for place, value in zip(tensors(result), tensors(again), strict=True):
                    place.copy_(value)


def tensors(tree):
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


@pytest.fixture
def tapes(monkeypatch):
    """Puts tapes in the place of CUDA graphs, and has training use them; references to those that were made."""
    monkeypatch.setattr(Tape, "made", ())
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Tape)
    monkeypatch.setattr(torch.cuda, "graph", lambda tape, stream: tape)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: None)
    monkeypatch.setattr(steps, "recorder", lambda device: cuda_graph)
    return lambda: Tape.made


def trained(network, dataset=None, *, out=None, resume=False, **settings):
    settings = {"epochs": 5} | CHANGING | settings
    history = fit(network, dataset or images(), config(**settings), out=out, resume=resume, progress=False)
    return weights(network), without_seconds(history)


def real_numbers():
    return Dataset.from_arrays(np.random.default_rng(0).normal(size=(100, 3)), kind="real")


def agree(found, expected):
    assert found[1] == expected[1]
    assert same(found[0], expected[0])


@pytest.fixture
def eagerly(monkeypatch):
    """`eagerly(train, ...)`: what training without a recording gives."""

    def call(function, *args, **settings):
        with monkeypatch.context() as patch:
            patch.setattr(steps, "recorder", lambda device: as_it_is)
            return function(*args, **settings)

    return call


# --- a step and its replays ---------------------------------------------------------------------------------


def test_a_step_is_taken_as_it_is_recorded_once_and_replayed():
    log = []

    def record(step):
        log.append("record")
        return lambda: log.append("replay")

    steps = repeated(lambda: log.append("step"), record)
    for _ in range(WARM_UP + 2):
        next(steps)
    assert log == ["step"] * WARM_UP + ["record", "replay", "replay"]


def test_the_result_of_a_replay_outlives_the_next(tapes):
    total = torch.zeros(())
    steps = repeated(lambda: total.add_(1).mul(2), cuda_graph)
    results = [next(steps) for _ in range(WARM_UP + 3)]
    assert torch.stack(results).tolist() == [2.0 * n for n in range(1, WARM_UP + 4)]


def test_a_recording_takes_no_step_and_draws_nothing(tapes):
    total, before = torch.zeros(()), torch.get_rng_state()
    replay = cuda_graph(lambda: total.add_(torch.rand(())))
    assert total == 0
    assert torch.equal(torch.get_rng_state(), before)
    assert replay() == total > 0


def test_only_a_gpu_records():
    assert recorder(torch.device("cpu")) is as_it_is
    assert recorder(torch.device("cuda", 1)) is cuda_graph


def test_a_cpu_has_no_streams(monkeypatch):
    monkeypatch.setattr(torch.cuda, "Stream", None)
    with own_stream(torch.device("cpu")):
        assert torch.ones(2).sum() == 2


# --- training on a tape -------------------------------------------------------------------------------------


def test_a_recorded_training_ends_in_the_very_weights_of_an_eager_one(tapes, eagerly, variant):
    agree(trained(model(**variant)), eagerly(trained, model(**variant)))


@pytest.mark.filterwarnings("ignore:kept epoch .*, inside the warm-up")
@pytest.mark.parametrize("name", ["cp", "vamp"])
def test_so_does_one_on_real_numbers(tapes, eagerly, name):
    def network():
        return model(name, features=3, likelihood="gaussian", data=real_numbers().train.data)

    agree(trained(network(), real_numbers()), eagerly(trained, network(), real_numbers()))


@pytest.mark.parametrize("name", ["cp", "indp"])
def test_so_does_one_on_the_sum_over_categories(tapes, eagerly, name):
    settings = {"objective": "summed"}
    agree(trained(model(name), **settings), eagerly(trained, model(name), **settings))


def test_all_steps_but_the_first_are_replays_of_one_recording(tapes, monkeypatch):
    called, objective, replays = [], steps.objective, []
    monkeypatch.setattr(steps, "objective", lambda *args: called.append(args) or objective(*args))
    replay = Tape.replay
    monkeypatch.setattr(Tape, "replay", lambda tape: replays.append(tape) or replay(tape))
    trained(model())
    assert len(called) == WARM_UP + 1
    assert len(replays) == 5 * STEPS - WARM_UP
    assert len(tapes()) == 1


@pytest.mark.parametrize("cut", [1, 2])
def test_a_recorded_run_goes_on_recorded_or_not_to_the_very_weights(tapes, eagerly, tmp_path, cut):
    whole = eagerly(trained, model())
    for name, first, second in [
        ("recorded", trained, trained),
        ("begun", trained, lambda *args, **settings: eagerly(trained, *args, **settings)),
        ("ended", lambda *args, **settings: eagerly(trained, *args, **settings), trained),
    ]:
        with pytest.warns(UserWarning, match="inside the warm-up"):
            first(model(), out=tmp_path / name, epochs=cut)
        agree(second(model(seed=7), out=tmp_path / name, resume=True), whole)


def test_a_second_training_has_a_recording_of_its_own(tapes, eagerly):
    network, other = model(), model()
    trained(network), eagerly(trained, other)
    agree(trained(network, images(seed=1), seed=1), eagerly(trained, other, images(seed=1), seed=1))


def test_a_replay_that_ends_in_nan_is_reported_like_an_eager_step(tapes, eagerly, tmp_path):
    def broken(**settings):
        network = model()
        with pytest.raises(NotFiniteError) as caught:
            trained(network, learning_rate=1e3, epochs=50, **settings)
        return str(caught.value), weights(network)

    (says, found), (expected, there) = broken(), eagerly(broken)
    assert says == expected
    assert "epoch" in says and same(found, there)


def test_an_interrupt_between_replays_leaves_the_last_whole_epoch(tapes, eagerly, monkeypatch):
    network, replay = model(), Tape.replay

    def interrupted(tape):
        replay(tape)
        if tape.replays == 3 * STEPS - WARM_UP - 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(Tape, "replay", interrupted)
    with pytest.raises(KeyboardInterrupt):
        trained(network)
    seen, other = [], model()
    eagerly(fit, other, images(), config(**CHANGING), progress=False, after_epoch=lambda m: seen.append(weights(m)))
    assert same(weights(network), seen[1])


def test_nothing_of_a_recording_outlives_training(tapes):
    network = model()
    trained(network)
    assert [tape() for tape in tapes()] == [None]
    assert all(parameter.grad is None for parameter in network.parameters())


def test_a_failed_training_drops_its_recording_though_the_error_is_kept(tapes):
    with pytest.raises(NotFiniteError) as caught:
        trained(model(), learning_rate=1e3, epochs=50)
    assert [tape() for tape in tapes()] == [None]
    assert caught.value.__traceback__ is not None


def test_a_step_that_waits_for_the_device_cannot_be_recorded(tapes, monkeypatch):
    objective, network = steps.objective, model()
    monkeypatch.setattr(steps, "objective", lambda *args: objective(*args) | {"seen": torch.tensor(args[2].item())})
    with pytest.raises(RuntimeError, match=r"cannot be recorded as a CUDA graph: .*\nNothing .* may wait for the GPU"):
        trained(network)
    assert same(weights(network), weights(model()))


@pytest.mark.skipif(not shutil.which("c++"), reason="torch.compile needs a compiler")
@pytest.mark.filterwarnings("ignore")  # the compiler says what might be faster
def test_a_compiled_training_does_not_depend_on_what_was_compiled_before(monkeypatch):
    """After some models torch would go on without compiling, and the same seed would give other draws."""
    alone, _ = trained(model("vae"), compile=True)
    torch.compiler.reset()  # what was compiled for it would be found again, whatever the limit
    monkeypatch.setattr(torch._dynamo.config, "recompile_limit", 1)
    trained(model("mog"), compile=True)
    again, _ = trained(model("vae"), compile=True)
    for name, value in alone.items():  # to rounding, as the code may be another
        assert torch.allclose(again[name], value, atol=1e-3, equal_nan=True), name


# --- on a GPU -----------------------------------------------------------------------------------------------


def on_gpu(network):
    return network.to("cuda")


@GPU
def test_a_captured_training_ends_in_the_very_weights_of_an_eager_one(eagerly, variant):
    agree(trained(on_gpu(model(**variant))), eagerly(trained, on_gpu(model(**variant))))


@GPU
@pytest.mark.parametrize("gate", ["probs", "sample"])
def test_a_captured_training_on_the_sum_agrees_with_an_eager_one(eagerly, gate):
    """Sums over categories may be added up in another order."""
    settings = {"objective": "summed"}
    found, _ = trained(on_gpu(model(gate=gate)), **settings)
    expected, _ = eagerly(trained, on_gpu(model(gate=gate)), **settings)
    for name, value in expected.items():
        assert torch.allclose(found[name], value, atol=1e-4), name


@GPU
def test_a_captured_run_is_resumed_captured_or_not_to_the_very_weights(eagerly, tmp_path):
    whole = trained(on_gpu(model()))
    for name, second in [("captured", trained), ("eager", lambda *args, **more: eagerly(trained, *args, **more))]:
        with pytest.warns(UserWarning, match="inside the warm-up"):
            trained(on_gpu(model()), out=tmp_path / name, epochs=2)
        agree(second(on_gpu(model(seed=7)), out=tmp_path / name, resume=True), whole)


@GPU
@pytest.mark.parametrize("devices", [("cuda", "cpu"), ("cpu", "cuda")])
def test_a_run_goes_on_on_another_device(tmp_path, devices):
    with pytest.warns(UserWarning, match="inside the warm-up"):
        begun, _ = trained(model().to(devices[0]), out=tmp_path, epochs=2)
    network = model().to(devices[1])
    found, history = trained(network, out=tmp_path, resume=True)
    assert len(history) == 5
    assert not torch.equal(found["latents.1.prior.mean"].cpu(), begun["latents.1.prior.mean"].cpu())
    assert all(parameter.isfinite().all() for parameter in network.parameters())


@GPU
def test_a_captured_loss_that_is_not_finite_is_reported_and_undone(eagerly):
    def broken():
        network = on_gpu(model())
        with pytest.raises(NotFiniteError, match="Try a smaller learning rate") as caught:
            trained(network, learning_rate=1e3, epochs=50)
        return str(caught.value), weights(network)

    (says, found), (expected, there) = broken(), eagerly(broken)
    assert says == expected
    assert same(found, there)


@GPU
@pytest.mark.filterwarnings("ignore")  # the compiler says what might be faster
def test_a_compiled_step_can_be_captured(eagerly):
    found, history = trained(on_gpu(model()), compile=True)
    expected, _ = eagerly(trained, on_gpu(model()), compile=True)
    assert len(history) == 5
    for name, value in expected.items():
        assert torch.allclose(found[name], value, atol=1e-4), name


@GPU
@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype")
def test_no_step_waits_for_the_gpu(eagerly, monkeypatch, variant):
    step = steps.Steps._step

    def strict(steps):
        torch.cuda.set_sync_debug_mode("error")
        try:
            return step(steps)
        finally:
            torch.cuda.set_sync_debug_mode("default")

    monkeypatch.setattr(steps.Steps, "_step", strict)
    _, history = eagerly(trained, on_gpu(model(**variant)))
    assert len(history) == 5


@GPU
def test_training_has_a_stream_of_its_own_and_gives_it_back():
    outside, seen = torch.cuda.current_stream(), []
    network = on_gpu(model())
    fit(network, images(), config(), progress=False, after_epoch=lambda _: seen.append(torch.cuda.current_stream()))
    assert torch.cuda.current_stream() == outside
    assert len(seen) == 4 and outside not in seen
