"""Quotas and cpusets as fabricated control groups report them, and one that this kernel enforces."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from ferrule.machine import host, probe, quota

from tests.support.hosts import CGROUP2, host_of, look, write

V1 = (
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
)


def facts(folder: Path, membership: str, mounts: str, files: dict[str, str]) -> dict[str, str]:
    host_of(folder, [[0], [1]], files={"proc/self/cgroup": membership, "proc/self/mountinfo": mounts})
    write(folder, {f"sys/fs/cgroup/{name}": text for name, text in files.items()})
    return host.facts(look(folder), (1, 0))


@pytest.mark.parametrize(
    ("membership", "files", "reported"),
    [
        ("0::/a/b\n", {"a/b/cpu.max": "50000 100000"}, "0.5 CPUs (50000 of 100000 us, group /a/b)"),
        ("0::/a/b\n", {"a/cpu.max": "1500 1000", "a/b/cpu.max": "max 1000"}, "1.5 CPUs (1500 of 1000 us, group /a)"),
        ("0::/a/b\n", {"a/cpu.max": "2000 10000", "a/b/cpu.max": "5000 5000"}, "0.2 CPUs (2000 of 10000 us, group /a)"),
        ("0::/\n", {"cpu.max": "50000 100000"}, "0.5 CPUs (50000 of 100000 us, group /)"),
        ("0::/a\n", {"a/cpu.max": "max 100000"}, "none"),
        ("0::/a\n", {"a/cpu.max": "nonsense"}, "none"),
        ("0::/../elsewhere\n", {"cpu.max": "50000 100000"}, "0.5 CPUs (50000 of 100000 us, group /)"),
        ("0::/a:b [1]\n", {"a:b [1]/cpu.max": "50000 100000"}, "0.5 CPUs (50000 of 100000 us, group /a:b [1])"),
    ],
)  # fmt: skip
def test_the_tightest_quota_on_the_path_is_reported(
    membership: str, files: dict[str, str], reported: str, tmp_path: Path
) -> None:
    assert facts(tmp_path, membership, CGROUP2, files)["host.quota"] == reported


def test_every_quota_is_reported_where_there_are_two(tmp_path: Path) -> None:
    found = facts(tmp_path, "0::/a/b\n", CGROUP2, {"a/cpu.max": "20000 100000", "a/b/cpu.max": "50000 50000"})
    assert found["host.quotas"].split("; ") == [
        "1 CPUs (50000 of 50000 us, group /a/b)",
        "0.2 CPUs (20000 of 100000 us, group /a)",
    ]


@pytest.mark.parametrize(
    ("root", "membership"),
    [("/", "3:cpuset:/\n2:cpu,cpuacct:/docker/7\n"), ("/docker/7", "2:cpu,cpuacct:/docker/7\n3:cpuset:/docker/7\n")],
    ids=["mounted whole", "mounted from the container's group on"],
)
def test_quotas_of_version_1(root: str, membership: str, tmp_path: Path) -> None:
    inside = "docker/7/" if root == "/" else ""
    files = {
        f"cpu,cpuacct/{inside}cpu.cfs_{name}_us": text for name, text in (("quota", "25000"), ("period", "100000"))
    }
    files |= {"cpu,cpuacct/cpu.cfs_quota_us": "-1", "cpuset/cpuset.effective_cpus": "0-1"} if inside else {}
    found = facts(tmp_path, membership, V1.replace("0:29 /", f"0:29 {root}"), files)
    assert found["host.quota"] == "0.25 CPUs (25000 of 100000 us, group /docker/7)"


def test_no_quota_of_version_1_beside_an_empty_version_2(tmp_path: Path) -> None:
    mounts = V1 + CGROUP2.replace("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
    files = {"cpu,cpuacct/cpu.cfs_quota_us": "-1", "cpu,cpuacct/cpu.cfs_period_us": "100000", "unified/cpu.stat": "x 1"}
    assert facts(tmp_path, "2:cpu,cpuacct:/\n0::/\n", mounts, files)["host.quota"] == "none"


def test_cpusets_are_reported(tmp_path: Path) -> None:
    files = {"a/cpuset.cpus.effective": "2-3", "a/cpuset.cpus.partition": "isolated", "cpuset.cpus.effective": "0-7"}
    found = facts(tmp_path, "0::/a\n", CGROUP2, files)
    assert found["host.cgroup.cpuset.cpus.effective"] == "2-3"
    assert found["host.cgroup.cpuset.cpus.partition"] == "isolated"
    assert quota.cpuset(look(tmp_path)) == {2, 3}


def test_a_host_without_groups_reports_none(tmp_path: Path) -> None:
    found = facts(tmp_path, "", "", {})
    assert not [name for name in found if "quota" in name or "cgroup" in name]
    assert quota.throttled(look(tmp_path)) is None


def test_only_limited_groups_are_counted(tmp_path: Path) -> None:
    stat = "usage_usec 5\nnr_periods 9\nnr_throttled {}\nthrottled_usec 8\n"
    files = {"a/b/cpu.stat": stat.format(3), "a/cpu.stat": stat.format(4), "cpu.stat": stat.format(50)}
    facts(tmp_path, "0::/a/b\n", CGROUP2, files | {"a/b/cpu.max": "1000 2000", "a/cpu.max": "9000 2000"})
    names = quota.counters(look(tmp_path))
    assert names == ["/sys/fs/cgroup/a/b/cpu.stat", "/sys/fs/cgroup/a/cpu.stat"]
    assert quota.throttled(probe.here(names, exact=True, root=str(tmp_path))) == 7


def test_octal_escapes_in_mounts(tmp_path: Path) -> None:
    mounts = CGROUP2.replace("/sys/fs/cgroup", "/sys/fs/cgroup/odd\\040place")
    found = facts(tmp_path, "0::/\n", mounts, {"odd place/cpu.max": "10000 20000"})
    assert found["host.quota"].startswith("0.5 CPUs")


def test_looking_takes_files_by_pattern_then_groups_by_name(tmp_path: Path) -> None:
    facts(tmp_path, "0::/a\n", CGROUP2, {"a/cpu.max": "50000 100000"})
    assert "/sys/fs/cgroup/a/cpu.max" in host.look(partial(probe.here, root=str(tmp_path)))
