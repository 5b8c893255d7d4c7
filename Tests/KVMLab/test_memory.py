"""Balloons and page merging: what libvirt and the kernel do, and what the manager makes of it."""

import json
import os
import time

import pytest

from lab import KSM, host, policy, start_host, stop, virsh, wait_for


def settled(guest):
    """MiB that the guest has, once it changes no more."""
    last = -1.0
    for _ in range(100):
        now = guest.memory()["actual"]
        if now == last:
            return now
        last = now
        time.sleep(0.5)
    return last


def test_a_balloon_goes_down_and_up(guests):
    a, _ = guests
    virsh("setmem", a.domain, "160M")
    wait_for(lambda: a.memory()["actual"] <= 161, 10, "the balloon reaches 160 MiB")
    virsh("setmem", a.domain, f"{a.mib}M")
    wait_for(lambda: a.memory()["actual"] >= a.mib - 1, 10, "the balloon is empty again")


def test_a_balloon_below_the_working_set_is_stuck(guests):
    """100 MiB held: 64 MiB are not reached, nothing fails, and the guest lives."""
    a, _ = guests
    a.ask("mem", 100, "random")
    virsh("setmem", a.domain, "64M")
    stuck = settled(a)
    print(f"asked for 64 MiB, stuck at {stuck:.0f} MiB")
    assert stuck > 100
    assert a.ask("ping") == "pong"


def test_autodeflate_gives_memory_back_to_a_guest_that_needs_it(guests):
    a, _ = guests
    a.ask("mem", 0)
    virsh("setmem", a.domain, "140M")
    before = settled(a)
    a.ask("mem", 150, "random")
    after = a.memory()["actual"]
    print(f"{before:.0f} MiB before, {after:.0f} MiB after it asked for 150 MiB")
    assert after > before + 10
    assert a.ask("ping") == "pong"


def test_the_host_sees_the_balloon_and_the_guest(guests, tmp_path):
    """`host observe` tells what virsh tells."""
    a, _ = guests
    # What another test left in it would take the balloon back by autodeflate.
    a.ask("mem", 0)
    virsh("setmem", a.domain, "192M")
    wait_for(lambda: a.memory()["actual"] == 192, 10, "the balloon reaches 192 MiB")

    def observed():
        domains = json.loads(host("observe", "--json").stdout)["snapshot"]["domains"]
        (seen,) = [domain for domain in domains if domain["name"] == a.domain]
        return seen

    # A balloon may still move between the two questions.
    wait_for(lambda: observed()["memory_current"] == a.memory()["actual"] * 2**20, 10, "both tell the same size")
    seen = observed()
    assert seen["memory_current"] < 256 << 20
    assert seen["memory_max"] == a.mib << 20


@pytest.mark.skipif(not os.access(KSM / "run", os.W_OK), reason="KSM is absent or not writable here")
def test_equal_pages_of_two_guests_are_merged(guests):
    """64 MiB of one page in each of two guests: at least 64 MiB are saved, and everything is put back."""
    knobs = {name: (KSM / name).read_text().strip() for name in ("run", "pages_to_scan", "sleep_millisecs")}
    smart = KSM / "smart_scan"
    before_smart = smart.read_text().strip() if smart.exists() else None
    try:
        for guest in guests:
            guest.ask("mem", 64, "same")
        saved_before = int((KSM / "pages_sharing").read_text())
        if before_smart is not None:
            smart.write_text("0")
        (KSM / "pages_to_scan").write_text("5000")
        (KSM / "sleep_millisecs").write_text("10")
        (KSM / "run").write_text("1")
        wanted = 64 * 256
        wait_for(
            lambda: int((KSM / "pages_sharing").read_text()) - saved_before >= wanted, 60, "64 MiB are saved")
        print(f"{(int((KSM / 'pages_sharing').read_text()) - saved_before) // 256} MiB saved")
    finally:
        (KSM / "run").write_text("2")
        for name in ("pages_to_scan", "sleep_millisecs", "run"):
            (KSM / name).write_text(knobs[name])
        if before_smart is not None:
            smart.write_text(before_smart)


def test_the_manager_shrinks_slowly_and_gives_back_at_once(guests, tmp_path):
    """Memory policies through `host manage`: small steps down, everything back at its end."""
    a, b = guests
    file = policy(
        tmp_path / "policy.yaml", guests, f"{{name: {a.domain}, memory_policy: {{limit: 120MiB}}}}",
        extra="policies: {reclamation: {policy: proportional-share}}\nsafety: {statistics_period: 1s}\n")
    log = tmp_path / "manage.log"
    manage = start_host(
        "manage", "--policy", file, "--apply", "--interval", "1s", "--state-dir", tmp_path / "state", log=log)
    sizes = []
    for _ in range(12):
        time.sleep(1)
        sizes.append(a.memory()["actual"])
    assert stop(manage) == 0, log.read_text()
    steps = [before - after for before, after in zip([a.mib, *sizes], sizes) if before > after]
    print("MiB:", [round(size) for size in sizes])
    # 5 % of 256 MiB are 13 MiB; a sample may see two steps.
    assert steps and all(step <= 28 for step in steps)
    assert sizes == sorted(sizes, reverse=True) and sizes[-1] < 0.9 * a.mib
    wait_for(lambda: a.memory()["actual"] >= a.mib - 1, 10, "the memory is back")


def test_a_limit_is_where_the_balloon_ends(guests, tmp_path):
    """A limit of 150 MiB: QEMU's own memory is resident beside the guest's, and the balloon stops at the limit all the same."""
    a, _ = guests
    a.ask("mem", 0)
    file = policy(
        tmp_path / "policy.yaml", [a], f"{{name: {a.domain}, memory_policy: {{limit: 150MiB}}}}",
        extra="policies: {reclamation: {policy: proportional-share}}\n"
        "safety: {statistics_period: 1s, headroom: 16MiB, step_down: 10%}\n")
    log = tmp_path / "manage.log"
    # All of it is touched once, so that all of it is resident.
    a.ask("mem", a.mib - 90, "random")
    a.ask("mem", 0)
    manage = start_host(
        "manage", "--policy", file, "--apply", "--interval", "1s", "--state-dir", tmp_path / "state", log=log)
    sizes = []
    for _ in range(30):
        time.sleep(1)
        sizes.append(a.memory()["actual"])
    resident = a.memory()["rss"]
    assert stop(manage) == 0, log.read_text()
    print("MiB:", [round(size) for size in sizes], f"resident {resident:.0f}")
    # The dead band is 1 % of 256 MiB.
    assert all(size >= 149.9 for size in sizes) and sizes[-1] <= 153
