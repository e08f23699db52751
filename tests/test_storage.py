"""Files are whole or absent, whatever goes wrong while they are written."""

import errno
import json
import os
import struct
import time
from pathlib import Path

import pytest
import safetensors.torch
import torch

from cpvae_lite.storage import atomic_write, checksum, read_json, read_tensors, write_json, write_tensors


def disk_full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def interrupted(*_, **__):
    raise KeyboardInterrupt


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize(("failure", "error"), [(disk_full, OSError), (interrupted, KeyboardInterrupt)])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, step, failure, error):
    path = tmp_path / "file"
    atomic_write(path, b"old")
    monkeypatch.setattr(os, step, failure)
    with pytest.raises(error):
        atomic_write(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failed_first_write_leaves_nothing(tmp_path, monkeypatch, step):
    monkeypatch.setattr(os, step, disk_full)
    with pytest.raises(OSError, match="No space left") as caught:
        atomic_write(tmp_path / "file", b"new")
    assert caught.value.errno == errno.ENOSPC
    assert str(tmp_path / "file") in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_two_writers_at_once_do_not_mix_their_halves(tmp_path, monkeypatch):
    """While one is about to give its data their name, another writes all of its own."""
    path, replace = tmp_path / "file", os.replace

    def overtaken(source, target):
        monkeypatch.setattr(os, "replace", replace)
        atomic_write(path, b"the other")
        assert path.read_bytes() == b"the other"
        replace(source, target)

    monkeypatch.setattr(os, "replace", overtaken)
    atomic_write(path, b"one")
    assert path.read_bytes() == b"one"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_what_a_killed_process_left_is_removed_and_what_is_being_written_is_not(tmp_path):
    old, young, foreign = (tmp_path / f".{name}.part" for name in ("file[1].0a", "file[1].1b", "other.0a"))
    for left in (old, young, foreign):
        left.write_bytes(b"half")
    for left in (old, foreign):
        os.utime(left, (time.time() - 7200,) * 2)
    atomic_write(tmp_path / "file[1]", b"data")
    assert {entry.name for entry in tmp_path.iterdir()} == {"file[1]", young.name, foreign.name}


def test_the_data_are_on_the_disk_before_they_get_their_name(tmp_path, monkeypatch):
    path, seen = tmp_path / "file", []
    atomic_write(path, b"old")
    fsync, replace = os.fsync, os.replace

    def recorded_fsync(handle):
        seen.append(("synced", os.fstat(handle).st_size, path.read_bytes()))
        fsync(handle)

    def recorded_replace(source, target):
        seen.append(("named", Path(source).stat().st_size, path.read_bytes()))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", recorded_fsync)
    monkeypatch.setattr(os, "replace", recorded_replace)
    atomic_write(path, b"new data")
    assert seen == [("synced", 8, b"old"), ("named", 8, b"old")]
    assert path.read_bytes() == b"new data"


def test_an_outdated_file_goes_when_the_data_are_on_the_disk_and_not_before(tmp_path, monkeypatch):
    path, description = tmp_path / "file", tmp_path / "description"
    atomic_write(path, b"old")
    description.write_text("of the old")
    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(os, "fsync", disk_full)
        atomic_write(path, b"new", outdated=description)
    assert description.read_text() == "of the old"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "replace", interrupted)
        atomic_write(path, b"new", outdated=description)
    assert path.read_bytes() == b"old" and not description.exists()
    atomic_write(path, b"new", outdated=description)
    assert path.read_bytes() == b"new"


def test_others_may_read_what_the_umask_lets_them(tmp_path):
    old = os.umask(0o027)
    try:
        atomic_write(tmp_path / "file", b"data")
    finally:
        os.umask(old)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_missing_folders_are_made(tmp_path):
    atomic_write(tmp_path / "a" / "b" / "file", b"data")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"data"


def test_a_folder_that_cannot_be_is_an_os_error_that_names_it(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file") as caught:
        atomic_write(tmp_path / "file" / "folder" / "name", b"data")
    assert str(tmp_path / "file") in str(caught.value)
    assert (tmp_path / "file").read_text() == "in the way"


# --- JSON ---------------------------------------------------------------------------------------------


def test_json_comes_back_as_it_went(tmp_path):
    content = {"a": [1, 2.5, None, True], "ω": {"nested": "z²"}, "tiny": 1e-300, "third": 1 / 3}
    write_json(tmp_path / "x.json", content)
    assert read_json(tmp_path / "x.json") == content
    assert json.loads((tmp_path / "x.json").read_text()) == content


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()])
def test_what_json_cannot_hold_leaves_the_old_file(tmp_path, value):
    write_json(tmp_path / "x.json", {"a": 1})
    with pytest.raises((ValueError, TypeError)):
        write_json(tmp_path / "x.json", {"a": value})
    assert read_json(tmp_path / "x.json") == {"a": 1}
    assert len(list(tmp_path.iterdir())) == 1


BAD_JSON = {
    "empty": b"",
    "truncated": b'{"format": 1, "mod',
    "garbage": b"\x00\x93garbage",
    "no UTF-8": b'{"name": "\xff\xfe"}',
    "a list": b"[1, 2]",
    "a number": b"3",
    "null": b"null",
}


@pytest.mark.parametrize("content", BAD_JSON.values(), ids=BAD_JSON.keys())
def test_damaged_json_is_a_value_error_that_names_the_file(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(ValueError) as caught:
        read_json(path)
    assert f"{path} is damaged" in str(caught.value)


# --- tensors --------------------------------------------------------------------------------------------

TENSORS = {
    "float64": torch.tensor([1 / 3, -0.0, 1e308, float("nan"), -float("inf")], dtype=torch.float64),
    "float32": torch.tensor([[1 / 3, 1e-45], [float("nan"), 3e38]]),
    "float16": torch.tensor([1 / 3, 65504], dtype=torch.float16),
    "bfloat16": torch.tensor([1 / 3, 3e38], dtype=torch.bfloat16),
    "int64": torch.tensor([-(2**63), 2**63 - 1]),
    "int32": torch.tensor([[[-5]]], dtype=torch.int32),
    "uint8": torch.arange(256, dtype=torch.uint8),
    "bool": torch.tensor([True, False]),
    "a number": torch.tensor(0.1),
    "empty": torch.empty(0),
    "empty rows": torch.empty(3, 0),
    "transposed": torch.arange(6.0).reshape(2, 3).T,
    "every other": torch.arange(10)[::2],
    "parameter": torch.nn.Parameter(torch.randn(3, generator=torch.Generator().manual_seed(0))),
}


def test_tensors_come_back_bit_for_bit(tmp_path):
    write_tensors(tmp_path / "x.safetensors", TENSORS)
    found, _ = read_tensors(tmp_path / "x.safetensors")
    assert found.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert (found[name].dtype, found[name].shape) == (tensor.dtype, tensor.shape)
        assert bits(found[name]) == bits(tensor), name


def bits(tensor):
    return tensor.detach().flatten().contiguous().view(torch.uint8).tolist()


@pytest.mark.parametrize(
    "header", [{}, {"history": [{"bound": -1 / 3}], "name": "ω"}, {"a": None, "B": 1e300, "10": 2, "2": True}]
)
def test_the_header_comes_back_as_it_went(tmp_path, header):
    write_tensors(tmp_path / "x.safetensors", {"a": torch.zeros(1)}, header)
    assert read_tensors(tmp_path / "x.safetensors")[1] == header


def test_without_a_header_an_empty_one_is_read(tmp_path):
    write_tensors(tmp_path / "x.safetensors", {"a": torch.zeros(1)})
    assert read_tensors(tmp_path / "x.safetensors")[1] == {}


def test_what_was_read_outlives_the_file(tmp_path):
    path, tensor = tmp_path / "x.safetensors", torch.arange(5000.0)
    write_tensors(path, {"a": tensor})
    found, _ = read_tensors(path)
    write_tensors(path, {"a": torch.zeros(5000)})
    assert torch.equal(found["a"], tensor)
    path.unlink()
    assert torch.equal(found["a"], tensor)


@pytest.fixture
def written(tmp_path):
    write_tensors(tmp_path / "x.safetensors", {"a": torch.arange(20.0), "b": torch.zeros(3)}, {"epoch": 3})
    return tmp_path / "x.safetensors"


def test_a_file_cut_anywhere_is_a_value_error_that_names_it(written):
    whole = written.read_bytes()
    for length in range(len(whole)):
        written.write_bytes(whole[:length])
        with pytest.raises(ValueError) as caught:
            read_tensors(written)
        assert f"{written} is truncated or damaged" in str(caught.value)


GARBAGE = {
    "text": b"<html>404 not found</html>",
    "zeros": bytes(500),
    "huge header": struct.pack("<Q", 2**62) + b"{}" * 50,
    "pickle": b"\x80\x04\x95" + bytes(100),
    "no JSON": struct.pack("<Q", 8) + b"{garbage" + bytes(16),
}


@pytest.mark.parametrize("content", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_a_value_error_that_names_the_file(written, content):
    written.write_bytes(content)
    with pytest.raises(ValueError) as caught:
        read_tensors(written)
    assert str(written) in str(caught.value)


def test_a_missing_file_is_not_a_damaged_one(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_tensors(tmp_path / "x.safetensors")
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "x.json")


def test_altered_values_are_found_by_their_checksum(tmp_path):
    path = tmp_path / "tensors.safetensors"
    write_tensors(path, {"a": torch.arange(100.0)})
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="checksum"):
        read_tensors(path)


@pytest.mark.parametrize(("old", "new"), [(b"-33.4", b"-93.4"), (b"bound", b"gound")])
def test_an_altered_header_is_found_by_its_checksum(tmp_path, old, new):
    path = tmp_path / "x.safetensors"
    write_tensors(path, {"a": torch.arange(3.0)}, {"history": [{"bound": -33.4, "c": None}], "seed": 0})
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    with pytest.raises(ValueError, match="checksum") as caught:
        read_tensors(path)
    assert f"{path} is damaged" in str(caught.value)


def with_header(path, header):
    path.write_bytes(safetensors.torch.save({"a": torch.zeros(2)}, {"json": json.dumps(header)}))


@pytest.mark.parametrize("header", [[], 3, None, {}, {"crc32": "0"}, {"metadata": []}, {"metadata": None}])
def test_a_header_of_another_kind_is_a_value_error_that_names_the_file(tmp_path, header):
    with_header(tmp_path / "x.safetensors", header)
    with pytest.raises(ValueError, match="its header does not say what it holds") as caught:
        read_tensors(tmp_path / "x.safetensors")
    assert f"{tmp_path / 'x.safetensors'} is damaged" in str(caught.value)


def test_a_file_from_before_headers_had_a_checksum_is_read(tmp_path):
    header = {"crc32": checksum({"a": torch.zeros(2)}), "metadata": {"epoch": 3}}
    with_header(tmp_path / "x.safetensors", header)
    assert read_tensors(tmp_path / "x.safetensors")[1] == {"epoch": 3}


def test_lists_of_plain_values_stand_on_one_line(tmp_path):
    content = {"q": [0.5, 1e-7, None, True], "deep": [[1, 2], [3, 4]], "text": ["a [ 1,\n 2 ]", "b"], "none": []}
    write_json(tmp_path / "x.json", content)
    text = (tmp_path / "x.json").read_text()
    assert read_json(tmp_path / "x.json") == content
    assert '"q": [0.5,1e-07,null,true],\n' in text and "[1,2],\n" in text


def test_a_file_that_may_not_be_read_is_not_called_missing_or_damaged(tmp_path, monkeypatch):
    def closed(path, *_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    write_tensors(tmp_path / "weights", {"a": torch.zeros(2)})
    monkeypatch.setattr(Path, "open", closed)
    with pytest.raises(PermissionError, match="Permission denied"):
        read_tensors(tmp_path / "weights")
