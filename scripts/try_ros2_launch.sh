#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
# The launch file under the real `ros2 launch`, on a machine without ROS from apt; not part of the CI.
#
#   scripts/try_ros2_launch.sh FOLDER [replay.launch.py] [ARGUMENT:=VALUE ...]
#
# Makes a virtual environment in FOLDER (outside of this repository): this package as a wheel, ROS as
# wheels, and ros2cli, launch and launch_ros from source, which are not on PyPI. The sources (branch
# jazzy) are taken from FOLDER/src/{launch,launch_ros,ros2cli,rosidl_runtime_py} where they are, else
# by git. Without arguments it shows those of the launch file (flow.launch.py, unless another is named);
# with some it launches. There is no `ros2 bag` and no RViz.
# In the environment (`. FOLDER/venv/bin/activate`), ros2 run, node, topic, param, lifecycle work too.
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mkdir -p "$1" && cd "$1" && pwd)
shift
file=flow.launch.py
case "${1:-}" in *.launch.py) file=$1; shift ;; esac
case "$folder/" in "$repository"/*) echo "FOLDER is to be outside of $repository" >&2; exit 2 ;; esac
unset _ROS_WHEELS_BOOTSTRAP_COMPLETE PYTHONPATH AMENT_PREFIX_PATH

python="$folder/venv/bin/python"
install=("$python" -m pip install --quiet --disable-pip-version-check)
if [ ! -e "$folder/venv/with-ros2" ]; then
    test -x "$python" || "${PYTHON:-python3}" -m venv "$folder/venv"
    "${install[@]}" 'setuptools<80' wheel argcomplete catkin-pkg importlib-metadata \
        importlib-resources lark osrf-pycommon packaging psutil pyyaml 'empy<4'
    for source in launch launch_ros ros2cli rosidl_runtime_py; do
        test -d "$folder/src/$source" || git clone --quiet --depth 1 --branch jazzy \
            "https://github.com/ros2/$source" "$folder/src/$source"
    done
    # launch_ros imports the services of component containers, which no wheel has and nothing here
    # calls: a stand-in.
    site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    mkdir -p "$site/composition_interfaces"
    echo > "$site/composition_interfaces/__init__.py"
    echo 'class LoadNode: Request = Response = object' > "$site/composition_interfaces/srv.py"
    "${install[@]}" --no-deps --no-build-isolation \
        "$folder"/src/launch/launch{,_xml,_yaml} \
        "$folder"/src/launch_ros/{launch_ros,ros2launch} \
        "$folder"/src/ros2cli/ros2{cli,lifecycle,node,param,pkg,run,service,topic} \
        "$folder/src/rosidl_runtime_py"
fi
# Always anew: what is tried is the checkout as it is.
rm -rf "$folder/package" "$folder/wheels"
mkdir -p "$folder/package"
git -C "$repository" ls-files -z --cached --others --exclude-standard |
    tar -C "$repository" --null --ignore-failed-read -T - -c | tar -C "$folder/package" -x
"$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation \
    --wheel-dir "$folder/wheels" "$folder/package"
wheel=$(echo "$folder"/wheels/zeroflow_ros-*.whl)
"${install[@]}" --constraint "$repository/constraints-test.txt" "$wheel[ros]"
"${install[@]}" --force-reinstall --no-deps "$wheel"
touch "$folder/venv/with-ros2"

# `ros2` finds packages and their executables below the virtual environment.
. "$folder/venv/bin/activate"
export AMENT_PREFIX_PATH="$folder/venv"
exec ros2 launch zeroflow_ros "$file" "${@:---show-args}"
