# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ONNX metadata from bytes, checked with the onnx package."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from zeroflow_ros.errors import ModelError
from zeroflow_ros.onnx_file import OnnxFile, read_onnx, with_metadata

per_file = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60
)


def read_or_complaint(path: Path) -> OnnxFile | str:
    try:
        return read_onnx(path)
    except ModelError as error:
        return str(error)


def onnx_model() -> bytes:
    onnx = pytest.importorskip("onnx", reason="pip install 'zeroflow_ros[training]'")
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["N"])
    out = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["N"])
    weight = onnx.numpy_helper.from_array(np.arange(300, dtype=np.float32), "w")
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    graph = onnx.helper.make_graph([node], "g", [value], [out], [weight])
    model = onnx.helper.make_model(graph, producer_name="test", doc_string="text")
    onnx.helper.set_model_props(model, {"present": "before"})
    serialized: bytes = model.SerializeToString()
    return serialized


@settings(deadline=None, max_examples=40)
@given(st.dictionaries(st.text(max_size=20), st.text(max_size=300), max_size=4))
@example({"zeroflow_card": "x" * 20_000, "ü": "é\n\0"})
def test_metadata_is_what_the_onnx_package_reads(
    tmp_path_factory: pytest.TempPathFactory, entries: dict[str, str]
) -> None:
    onnx = pytest.importorskip("onnx", reason="pip install 'zeroflow_ros[training]'")
    content = with_metadata(onnx_model(), entries)
    model = onnx.load_from_string(content)
    onnx.checker.check_model(model)
    expected = {"present": "before"} | entries
    assert {prop.key: prop.value for prop in model.metadata_props} == expected
    path = tmp_path_factory.getbasetemp() / "model.onnx"
    path.write_bytes(content)
    found = read_onnx(path)
    assert found.metadata == expected
    digest = hashlib.sha256(model.graph.SerializeToString()).hexdigest()
    assert found.graph_sha256 == digest


def test_any_truncation_is_a_model_error_or_loses_only_metadata(
    tmp_path: Path, graph_file: bytes
) -> None:
    content = with_metadata(graph_file, {"card": "value" * 40})
    path = tmp_path / "cut.onnx"
    for cut in range(len(content)):
        path.write_bytes(content[:cut])
        found = read_or_complaint(path)
        if isinstance(found, str):
            assert str(path) in found
            assert "\n" not in found
        else:
            assert cut == len(graph_file)  # the one border between fields after the graph
            assert found.metadata == {}


@per_file
@given(st.binary(max_size=300))
@example(b"")
@example(b"\xff" * 20)  # a varint without an end
@example(b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f")  # a graph of 2^62 bytes
@example(b"\x70\x01")  # metadata that is a number
@example(b"\x72\x02\x0a\x00")  # an entry with an empty key
@example(b"\x72\x03\x0a\x01\xff")  # a key that is not UTF-8
@example(b"\x3b\x3c")  # a group, which ONNX does not use
@example(b"ply\nformat ascii 1.0\n")
def test_arbitrary_bytes_are_a_model_error_or_a_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bytes.onnx"
    path.write_bytes(content)
    found = read_or_complaint(path)
    if isinstance(found, str):
        assert "\n" not in found
    else:
        assert len(found.graph_sha256) == 64


def test_flipped_bytes_are_noticed(tmp_path: Path, graph_file: bytes) -> None:
    path = tmp_path / "flipped.onnx"
    path.write_bytes(graph_file)
    intact = read_onnx(path).graph_sha256
    for at in range(5, len(graph_file), 37):
        damaged = bytearray(graph_file)
        damaged[at] ^= 1
        path.write_bytes(damaged)
        assert read_onnx(path).graph_sha256 != intact


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.onnx", tmp_path):
        with pytest.raises(ModelError, match="cannot be read"):
            read_onnx(path)
