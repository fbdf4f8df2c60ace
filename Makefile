# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
# make test | demo | docs | lint | clean; each does its own set-up on a fresh machine.

PYTHON ?= python3
PIP_INSTALL = -m pip install --quiet --disable-pip-version-check -c constraints-test.txt
TEST_EXTRAS = test,docs,demo,training,odometry,viz

# The ROS wheels restart Python once with their library path and mark that in the environment. The
# mark of another environment, or a sourced ROS of another version, would get between.
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE
unexport PYTHONPATH
unexport LD_LIBRARY_PATH
unexport AMENT_PREFIX_PATH
unexport RMW_IMPLEMENTATION

# Folders are listed too: they change when a file in them is removed.
SOURCES := $(shell find src training models config launch resource rviz scripts \
	-not -path '*/__pycache__*' -not -name '*.egg-info' -not -path '*.egg-info/*') \
	pyproject.toml setup.py setup.cfg package.xml constraints-test.txt

# What the tests compare our metrics with. Without their dependencies (torch, OpenCV, open3d, ...):
# the parts that are compared need few of them, which the extra `test` has. av2 has no other wheels.
OFFICIAL_METRICS = bucketed-scene-flow-eval \
	'av2; python_version < "3.13" and sys_platform == "linux" and platform_machine == "x86_64"'

# NVIDIA's ONNX parser and engine builder, which run without a GPU, and Python's way to CUDA. Without
# their dependencies: the CUDA libraries, which are gigabytes and not needed to build.
NVIDIA_BUILDER = $(foreach package,tensorrt-rtx-cu13-libs tensorrt-rtx-cu13-bindings cuda-bindings \
	cuda-pathfinder,'$(package); sys_platform == "linux" and platform_machine == "x86_64"')

.PHONY: test demo docs lint clean

test: lint .venv/official-metrics .venv/nvidia-builder
	.venv/bin/python -m pytest -n auto --dist loadfile

.venv/official-metrics: .venv/installed
	.venv/bin/python $(PIP_INSTALL) --no-deps $(OFFICIAL_METRICS)
	touch $@

.venv/nvidia-builder: .venv/installed
	.venv/bin/python $(PIP_INSTALL) --no-deps $(NVIDIA_BUILDER)
	touch $@

lint: .venv/installed
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m mypy

docs: .venv/installed
	NO_MKDOCS_2_WARNING=1 .venv/bin/python -m mkdocs build
	@echo "open site/index.html (search wants a server: python3 -m http.server -d site)"

demo: .venv-demo/installed
	.venv-demo/bin/zeroflow demo

.venv/installed: EXTRAS = $(TEST_EXTRAS)
.venv-demo/installed: EXTRAS = demo
# build/ would carry removed modules into the new wheel.
.venv/installed .venv-demo/installed: $(SOURCES)
	@echo "setting up $(@D) (the first time this takes minutes)"
	test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	rm -rf build/lib build/bdist.*
	$(@D)/bin/python $(PIP_INSTALL) '.[$(EXTRAS)]'
	touch $@

clean:
	rm -rf .venv .venv-demo build dist site *.egg-info src/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
