# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Feather files: columns by name, checked for being there and for their type."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import feather

from zeroflow_ros.errors import DataError, pass_interrupt

Columns = dict[str, npt.NDArray[Any]]

FLOAT, INTEGER, BOOLEAN = "f", "iu", "b"
"""Kinds of columns, as letters of NumPy's dtype.kind."""
_KINDS = {FLOAT: "floating-point", INTEGER: "whole", BOOLEAN: "true or false"}


def read_columns(path: Path, wanted: Mapping[str, str]) -> Columns:
    """The columns of a Feather file that are `wanted`, name to kind, each an array [N].

    Raises DataError for a file that is missing or damaged and for a column that is missing, of
    another kind, or has gaps.
    """
    table = _read(path)
    columns: Columns = {}
    for name, kind in wanted.items():
        if name not in table.column_names:
            raise DataError(
                f"'{path}' has no column '{name}', it has {', '.join(table.column_names)}: is it "
                "of Argoverse 2?"
            )
        column = table.column(name)
        if column.null_count:
            raise DataError(f"'{path}': column '{name}' has {column.null_count} gaps: get it again")
        array = np.asarray(column.to_numpy())
        if array.dtype.kind not in kind:
            raise DataError(
                f"'{path}': column '{name}' holds {column.type}, not {_KINDS[kind]} numbers"
                if kind != BOOLEAN
                else f"'{path}': column '{name}' holds {column.type}, not {_KINDS[kind]}"
            )
        columns[name] = array
    return columns


def column_names(path: Path) -> list[str]:
    """Names of all columns. Raises DataError for a file that is missing or damaged."""
    return list(_read(path).column_names)


def _read(path: Path) -> Any:
    try:
        table = feather.read_table(path, memory_map=False)
        table.validate(full=True)
    except FileNotFoundError as error:
        raise DataError(f"'{path}' is missing: get the log again") from error
    except (OSError, pa.ArrowException) as error:
        pass_interrupt(error)
        raise DataError(f"'{path}' is damaged or no Feather file: get it again") from error
    return table
