# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""replay.launch.py, run against stand-ins: what it asks of `ros2 bag play`, and when."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.ros import launch_stand_ins
from tests.ros.launch_stand_ins import actions, declared, referred

from zeroflow_ros.bags import playing as bags
from zeroflow_ros.bags.playing import Playing
from zeroflow_ros.ros.dds import PROFILE

FOUND = Playing("/points", "/odom", "velodyne", (), has_clock=False)
EMPTY = dict.fromkeys(("topic", "input_odometry", "rviz_frame"), "")


@pytest.fixture
def launch_file(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Globals of the launch file."""
    for name in ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("RMW_IMPLEMENTATION", raising=False)
    return launch_stand_ins.launch_file("replay.launch.py", monkeypatch)


@pytest.fixture
def replay(launch_file: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is done for arguments, and what a bag is found to be: (configurations, handler)."""

    def done(found: Playing = FOUND, **arguments: str) -> tuple[dict[str, str], Any]:
        asked: list[Any] = []

        def playing(*question: Any) -> Playing:
            asked.append(question)
            return found

        monkeypatch.setattr(bags, "playing", playing)
        given = {"bag": "drive", "rate": "1.0", "loop": "false"} | EMPTY | arguments
        *configured, handler = launch_file["_replay"](
            given | {"the log's folder": str(tmp_path)}, "the waiting process"
        )
        (bag, *topics) = asked[0]
        assert bag == Path(given["bag"]).expanduser()
        assert topics == [given["topic"] or None, given["input_odometry"] or None]
        return dict(each.arguments for each in configured), handler.arguments[0]

    return done


def played(handler: Any) -> Any:
    """Keywords of the player that is started when the node is active."""
    return handler.keywords["on_exit"](SimpleNamespace(returncode=0), None).keywords


def test_the_bag_gives_the_time_and_every_sweep(launch_file: dict[str, Any]) -> None:
    (flow,) = actions(launch_file, "IncludeLaunchDescription")
    assert dict(flow.keywords["launch_arguments"]) == {
        "use_sim_time": "true", "reliability": "reliable"
    }  # fmt: skip
    (path,) = flow.arguments[0].arguments[0].arguments
    assert (path[0].arguments, *path[1:]) == (("zeroflow_ros",), "launch", "flow.launch.py")
    assert declared(launch_file) == EMPTY | {
        "bag": None, "rate": "1.0", "loop": "false", "rviz": "true"
    }  # fmt: skip


def test_arguments_of_the_node_are_those_of_its_launch_file(
    launch_file: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = set(declared(launch_file)) - {"bag", "rate", "loop"}
    flow = launch_stand_ins.launch_file("flow.launch.py", monkeypatch)
    assert own | {"use_sim_time", "reliability", "namespace", "node_name"} <= set(declared(flow))


def test_the_bag_is_looked_into_before_the_node_and_played_once_it_is_active(
    launch_file: dict[str, Any],
) -> None:
    look, flow, waiting = actions(launch_file)[-3:]
    assert look.keywords["function"].__name__ == "_replay"
    assert look.keywords["args"] == [waiting]
    assert type(flow).__name__ == "IncludeLaunchDescription"
    *command, name = waiting.keywords["cmd"]
    assert command == ["python3", "-m", "zeroflow_ros.ros.until_active"]
    assert referred(name) == {"namespace", "node_name"}


def test_what_is_empty_is_as_the_bag_says(replay: Any) -> None:
    configured, _ = replay()
    assert configured == {"topic": "/points", "input_odometry": "/odom", "rviz_frame": "velodyne"}
    configured, _ = replay(rviz_frame="base_link", topic="/points")
    assert configured["rviz_frame"] == "base_link"
    configured, _ = replay(FOUND._replace(odometry=None))
    assert configured["input_odometry"] == "odom"  # where somebody else may publish it


def test_the_command_of_the_player(replay: Any, tmp_path: Path) -> None:
    _, handler = replay(bag="drive.mcap", rate="0.5")
    assert handler.keywords["target_action"] == "the waiting process"
    player = played(handler)
    qos = tmp_path / "reliable_bag.yaml"
    assert " ".join(player["cmd"]) == (
        f"ros2 bag play drive.mcap --rate 0.5 --qos-profile-overrides-path {qos} "
        "--disable-keyboard-controls --clock 100"
    )
    reliable = {"reliability": "reliable", "history": "keep_last", "durability": "volatile"}
    assert json.loads(qos.read_text()) == {
        "/points": {**reliable, "depth": 10}, "/odom": {**reliable, "depth": 200}
    }  # fmt: skip
    assert player["additional_env"] == {"FASTRTPS_DEFAULT_PROFILES_FILE": str(PROFILE)}


def test_loops_flow_of_before_and_a_clock_of_its_own(replay: Any) -> None:
    left_out = ("/scene_flow/output/flow",)
    _, handler = replay(FOUND._replace(left_out=left_out, has_clock=True), loop="True")
    command = played(handler)["cmd"]
    assert command[-3:] == ["--loop", "--exclude-topics", *left_out]
    assert "--clock" not in command


def test_a_chosen_profile_is_left_alone(replay: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTRTPS_DEFAULT_PROFILES_FILE", "/mine.xml")
    _, handler = replay()
    assert played(handler)["additional_env"] == {}


def test_without_a_node_or_a_player_all_ends_and_says_why(
    replay: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    _, handler = replay()
    ended = handler.keywords["on_exit"](SimpleNamespace(returncode=1), None)
    assert type(ended).__name__ == "Shutdown"
    on_exit = played(handler)["on_exit"]
    running, ending = SimpleNamespace(is_shutdown=False), SimpleNamespace(is_shutdown=True)
    assert on_exit(SimpleNamespace(returncode=0), running) == []
    assert on_exit(SimpleNamespace(returncode=2), ending) == []  # Ctrl-C
    said, ended = on_exit(SimpleNamespace(returncode=2), running)
    assert said.keywords["msg"] == (
        "`ros2 bag play` ended with 2; where it is missing: sudo apt install ros-jazzy-rosbag2"
    )
    assert type(ended).__name__ == "Shutdown"


def test_a_launch_without_the_package_says_how_to_start_it(
    launch_file: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "zeroflow_ros.bags.playing", None)
    with pytest.raises(RuntimeError, match=r"python3 \$\(which ros2\) launch zeroflow_ros"):
        launch_file["_replay"]({}, None)
