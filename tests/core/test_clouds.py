# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Cloud files: every format back to the same points, and damage told with the file's name."""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from zeroflow_ros.clouds import read_cloud
from zeroflow_ros.clouds.columns import MalformedError
from zeroflow_ros.clouds.lzf import lzf_decompress
from zeroflow_ros.errors import CloudError

FLOATS = st.floats(width=32, allow_nan=True, allow_infinity=True)
CLOUDS = hnp.arrays(np.float32, st.tuples(st.integers(0, 40), st.just(4)), elements=FLOATS)
relaxed = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def lzf_literals(data: bytes) -> bytes:
    """Valid LZF without any compression: runs of up to 32 literals."""
    runs = [data[k : k + 32] for k in range(0, len(data), 32)]
    return b"".join(bytes([len(run) - 1]) + run for run in runs)


def pcd(cloud: np.ndarray, encoding: str, kind: str = "F4", extra: bool = True) -> bytes:
    """PCD bytes of columns (intensity, z, _, y, x), so that order and padding matter."""
    columns = {"intensity": cloud[:, 3], "z": cloud[:, 2], "_": np.zeros(len(cloud), np.uint8)}
    columns |= {"y": cloud[:, 1], "x": cloud[:, 0]}
    if not extra:
        columns.pop("_")
    numpy_kind = {"F4": "<f4", "F8": "<f8"}[kind]
    types = {n: "<u1" if n == "_" else numpy_kind for n in columns}
    rows = np.zeros(len(cloud), list(types.items()))
    for name, column in columns.items():
        rows[name] = column
    header = (
        "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\n"
        f"FIELDS {' '.join(columns)}\n"
        f"SIZE {' '.join(str(np.dtype(t).itemsize) for t in types.values())}\n"
        f"TYPE {' '.join('U' if t == '<u1' else 'F' for t in types.values())}\n"
        f"COUNT {' '.join('1' for _ in columns)}\n"
        f"WIDTH {len(cloud)}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {len(cloud)}\n"
        f"DATA {encoding}\n"
    ).encode()
    if encoding == "ascii":
        lines = [" ".join(repr(float(value)) for value in row) for row in rows.tolist()]
        return header + "\n".join(lines).encode()
    if encoding == "binary":
        return header + rows.tobytes()
    planes = b"".join(np.ascontiguousarray(rows[name]).tobytes() for name in columns)
    packed = lzf_literals(planes)
    return header + struct.pack("<II", len(packed), len(planes)) + packed


def ply(cloud: np.ndarray, encoding: str, kind: str = "float", newline: str = "\n") -> bytes:
    """PLY bytes of a camera element, then vertices (y, red, x, z), then faces."""
    order = ">" if encoding.endswith("big_endian") else "<"
    scalar = order + {"float": "f4", "double": "f8"}[kind]
    rows = np.zeros(len(cloud), [("y", scalar), ("red", "u1"), ("x", scalar), ("z", scalar)])
    for k, axis in enumerate("xyz"):
        rows[axis] = cloud[:, k]
    lines = [
        "ply",
        f"format {encoding} 1.0",
        "comment made by a test",
        "element camera 2",
        "property int id",
        f"element vertex {len(cloud)}",
        f"property {kind} y",
        "property uchar red",
        f"property {kind} x",
        f"property {kind} z",
        "element face 1",
        "property list uchar int vertex_indices",
        "end_header",
    ]
    header = "".join(line + newline for line in lines).encode()
    if encoding == "ascii":
        body = ["1", "2"] + [" ".join(repr(v) for v in row) for row in rows.tolist()] + ["3 0 0 0"]
        return header + newline.join(body).encode()
    return header + np.array([1, 2], order + "i4").tobytes() + rows.tobytes() + b"\x03" + bytes(12)


def save(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@relaxed
@given(cloud=CLOUDS, encoding=st.sampled_from(["ascii", "binary", "binary_compressed"]))
def test_pcd_round_trip(tmp_path, cloud, encoding):
    path = save(tmp_path, "cloud.pcd", pcd(cloud, encoding))
    np.testing.assert_array_equal(read_cloud(path), cloud[:, :3])


@relaxed
@given(
    cloud=CLOUDS,
    encoding=st.sampled_from(["ascii", "binary_little_endian", "binary_big_endian"]),
    kind=st.sampled_from(["float", "double"]),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_ply_round_trip(tmp_path, cloud, encoding, kind, newline):
    path = save(tmp_path, "cloud.ply", ply(cloud, encoding, kind, newline))
    np.testing.assert_array_equal(read_cloud(path), cloud[:, :3])


@relaxed
@given(cloud=CLOUDS)
def test_array_files_round_trip(tmp_path, cloud):
    np.save(tmp_path / "cloud.npy", cloud)
    np.savez(tmp_path / "cloud.npz", other=np.zeros((2, 3)), points=cloud)
    np.testing.assert_array_equal(read_cloud(tmp_path / "cloud.npy"), cloud[:, :3])
    np.testing.assert_array_equal(read_cloud(tmp_path / "cloud.npz"), cloud[:, :3])
    if len(cloud):
        kitti = save(tmp_path, "cloud.bin", cloud.tobytes())
        np.testing.assert_array_equal(read_cloud(kitti), cloud[:, :3])


@pytest.mark.parametrize("encoding", ["ascii", "binary", "binary_compressed"])
def test_double_coordinates_become_float32(tmp_path, encoding):
    cloud = np.array([[1.5, -2.25, 1e300, 0.0]])
    points = read_cloud(save(tmp_path, "cloud.PCD", pcd(cloud, encoding, "F8")))
    assert points.dtype == np.float32
    np.testing.assert_array_equal(points, [[1.5, -2.25, np.inf]])


def test_pcd_field_of_several_values(tmp_path):
    """A descriptor of COUNT 33 stands between the coordinates in real PCD files."""
    rows = np.zeros(2, [("x", "<f4"), ("fpfh", "<f4", 33), ("y", "<f4"), ("z", "<f8")])
    rows["x"], rows["y"], rows["z"], rows["fpfh"] = [1, 2], [3, 4], [5, 6], 9
    header = b"FIELDS x fpfh y z\nSIZE 4 4 4 8\nTYPE F F F F\nCOUNT 1 33 1 1\nWIDTH 2\nHEIGHT 1\n"
    binary = save(tmp_path, "b.pcd", header + b"DATA binary\n" + rows.tobytes())
    text = "\n".join(" ".join(map(str, [*[r["x"]], *r["fpfh"], r["y"], r["z"]])) for r in rows)
    ascii_ = save(tmp_path, "a.pcd", header + b"DATA ascii\n" + text.encode())
    planes = b"".join(np.ascontiguousarray(rows[n]).tobytes() for n in rows.dtype.names)
    packed = lzf_literals(planes)
    sizes = struct.pack("<II", len(packed), len(planes))
    packed_ = save(tmp_path, "c.pcd", header + b"DATA binary_compressed\n" + sizes + packed)
    for path in (binary, ascii_, packed_):
        np.testing.assert_array_equal(read_cloud(path), [[1, 3, 5], [2, 4, 6]])


@pytest.mark.parametrize(
    ("mark", "offset", "junk"),
    [(b"PK\x01\x02", 10, b"\x63"), (b"PK\x01\x02", 8, b"\x01"), (b"PK\x03\x04", 60, b"\xff" * 40)],
    ids=["method", "encrypted", "deflate"],
)
def test_a_damaged_archive_is_said_in_one_line(tmp_path, mark, offset, junk):
    points = np.random.default_rng(0).normal(size=(500, 3)).astype(np.float32)
    np.savez_compressed(tmp_path / "a.npz", points=points)
    data = bytearray((tmp_path / "a.npz").read_bytes())
    at = data.index(mark) + offset
    data[at : at + len(junk)] = junk
    with pytest.raises(CloudError, match=r"a\.npz': array 'points' is cut off or damaged"):
        read_cloud(save(tmp_path, "a.npz", bytes(data)))


def test_npz_keys_in_order_of_preference(tmp_path):
    a, b, c = np.zeros((1, 3)), np.ones((1, 3)), np.full((1, 3), 2)
    np.savez(tmp_path / "1.npz", first=a, xyz=b, points=c)
    np.savez(tmp_path / "2.npz", first=a, xyz=b)
    np.savez(tmp_path / "3.npz", first=a, second=b)
    assert [read_cloud(tmp_path / f"{k}.npz")[0, 0] for k in (1, 2, 3)] == [2, 1, 0]


def test_structured_npy(tmp_path):
    rows = np.zeros((2, 2), [("intensity", "u1"), ("z", "f8"), ("y", "f4"), ("x", "f4")])
    rows["x"], rows["z"] = [[1, 2], [3, 4]], 7
    np.save(tmp_path / "cloud.npy", rows)
    np.testing.assert_array_equal(read_cloud(tmp_path / "cloud.npy")[:, 0], [1, 2, 3, 4])
    np.testing.assert_array_equal(read_cloud(tmp_path / "cloud.npy")[:, 2], 7)


def test_nuscenes_rows_have_five_values(tmp_path):
    rows = np.arange(20, dtype="<f4").reshape(4, 5)  # 80 bytes: also a whole number of KITTI rows
    path = save(tmp_path, "sweep.pcd.bin", rows.tobytes())
    np.testing.assert_array_equal(read_cloud(path), rows[:, :3])


CLOUD = np.arange(40, dtype=np.float32).reshape(10, 4)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.las", b"", r"unknown extension; known are \.npy, \.npz, \.pcd, \.ply"),
        ("a.bin", CLOUD.tobytes()[:-3], "157 bytes are not a whole number of 16-byte rows"),
        ("a.bin", b"", "the file is empty"),
        ("a.npy", b"", "not a NumPy file, or cut off"),
        ("a.npy", b"garbage garbage", "not a NumPy file, or cut off"),
        ("a.npy", b"\x93NUMPY\x01\x00\x04\x00{'a\n", "not a NumPy file, or cut off"),
        ("a.npz", b"PK\x03\x04 cut", "not a NumPy file, or cut off"),
        ("a.pcd", b"hello", "not a PCD file, or cut off in its header"),
        ("a.pcd", pcd(CLOUD, "binary")[:-5], "cut off: 165 bytes of data, 10 points of 17 bytes"),
        ("a.pcd", pcd(CLOUD, "ascii")[:-20], r"cut off: \d+ numbers, 10 points need 50"),
        ("a.pcd", pcd(CLOUD, "binary_compressed")[:-5], "cut off: .* the compressed points"),
        ("a.pcd", pcd(CLOUD, "binary").replace(b" x\n", b" u\n"), "no x among its fields: inten"),
        ("a.pcd", pcd(CLOUD, "binary").replace(b"DATA binary", b"DATA zip"), "DATA zip is not"),
        ("a.pcd", pcd(CLOUD, "ascii").replace(b"SIZE 4", b"SIZE"), "bad PCD header"),
        ("a.pcd", pcd(CLOUD, "binary").replace(b"POINTS 10", b"POINTS -1"), "bad PCD header"),
        (
            "a.pcd",
            b"FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH %d\nHEIGHT %d\nDATA binary\n"
            % (2**40, 2**40),
            "cut off: 0 bytes of data",
        ),
        ("a.pcd", pcd(CLOUD, "ascii").replace(b"\n3.0 ", b"\nthree "), "not a number"),
        ("a.ply", b"hello", "not a PLY file"),
        ("a.ply", b"ply\nformat ascii 1.0\n", "cut off in its header"),
        ("a.ply", ply(CLOUD, "binary_little_endian")[:-40], "cut off: .* 10 points need 130"),
        ("a.ply", ply(CLOUD, "ascii")[:-60], "cut off: "),
        ("a.ply", ply(CLOUD, "ascii").replace(b"vertex", b"corner"), "no element 'vertex', only"),
        ("a.ply", ply(CLOUD, "ascii").replace(b"float z", b"float w"), "no z among its fields"),
        ("a.ply", ply(CLOUD, "ascii").replace(b"float z", b"quad z"), "bad header line 'prop"),
    ],
)
def test_damage_names_the_file_and_the_reason(tmp_path, name, data, message):
    path = save(tmp_path, name, data)
    with pytest.raises(CloudError, match=message) as error:
        read_cloud(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(5), r"has shape \[5\], a cloud is \[N, 3 or more\]"),
        (np.zeros((5, 2)), r"has shape \[5, 2\]"),
        (np.zeros((3, 500)), r"has shape \[3, 500\]: transpose it to \[N, 3\]"),
        (np.zeros((5, 3), complex), "holds complex128, not numbers"),
        (np.zeros(3, [("x", "f4"), ("y", "f4")]), "no z among its fields: x, y"),
        (np.array([[{}, 1, 2]], dtype=object), "not a NumPy file"),
    ],
)
def test_arrays_that_are_no_clouds(tmp_path, array, message):
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(CloudError, match=message):
        read_cloud(tmp_path / "a.npy")


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(CloudError, match="does not exist"):
        read_cloud(tmp_path / "gone.npy")
    (tmp_path / "folder.pcd").mkdir()
    with pytest.raises(CloudError, match="is a folder"):
        read_cloud(tmp_path / "folder.pcd")


@relaxed
@given(
    data=st.binary(max_size=300),
    name=st.sampled_from(["a.pcd", "a.ply", "a.npy", "a.npz", "a.bin"]),
    cut=st.integers(0, 400),
)
def test_no_bytes_raise_anything_but_a_cloud_error(tmp_path, data, name, cut):
    start = {"a.pcd": pcd(CLOUD, "binary_compressed"), "a.ply": ply(CLOUD, "binary_big_endian")}
    path = save(tmp_path, name, start.get(name, b"\x93NUMPY\x01\x00")[:cut] + data)
    with suppress(CloudError):
        assert read_cloud(path).dtype == np.float32


def test_lzf_back_references():
    # 3 literals "abc"; 9 + 2 bytes from 3 back (overlapping); then 3 from 14 back
    packed = bytes([2]) + b"abc" + bytes([(7 << 5) | 0, 2, 2]) + bytes([(1 << 5) | 0, 13])
    assert lzf_decompress(packed, 17) == b"abcabcabcabcababc"


def test_lzf_of_real_compression():
    """What liblzf makes of 'hello hello hello hello': 6 literals, then one long reference."""
    packed = bytes([5]) + b"hello " + bytes([(7 << 5), 8, 5])
    assert lzf_decompress(packed, 23) == b"hello hello hello hello"


@pytest.mark.parametrize(
    ("packed", "message"),
    [
        (bytes([0x20, 5]), "before its beginning"),
        (bytes([0, 65, 0x20]), "cut off"),
        (bytes([0, 65]), "unpacks to 1 bytes instead of 4"),
        (bytes([31]) + bytes(10), "unpacks to 10 bytes instead of 4"),
    ],
)
def test_lzf_damage(packed, message):
    with pytest.raises(MalformedError, match=message):
        lzf_decompress(packed, 4)
