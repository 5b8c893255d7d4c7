"""Weights and quotas: what the manager decided is what the guests get."""

import pytest

from lab import delivered, host, policy, split


@pytest.fixture
def busy(guests):
    for guest in guests:
        guest.ask("burn", 1)
    return guests


@pytest.mark.parametrize("ratio", [1, 2, 4])
def test_weights_split_one_pcpu_as_decided(busy, tmp_path, ratio):
    """1 : r of one pCPU is 1/(1+r) and r/(1+r), ± 0.03."""
    a, b = busy
    b.set(cpu_shares=1024 * (5 - ratio))        # anything else, so that there is something to write
    file = policy(
        tmp_path / "policy.yaml", busy,
        f"{{name: {a.domain}, cpu: {{shares: 1024}}}}\n{{name: {b.domain}, cpu: {{shares: {1024 * ratio}}}}}")
    host("apply", "--policy", file, "--state-dir", tmp_path / "state", "--interval", "1s")
    weights = [guest.settings()["cpu_shares"] for guest in busy]
    assert weights[1] / weights[0] == pytest.approx(ratio, rel=0.01)
    parts = split(busy)
    print(f"1 : {ratio} → {parts[0]:.3f} : {parts[1]:.3f}")
    assert parts[0] == pytest.approx(1 / (1 + ratio), abs=0.03)
    host("restore", "--state-dir", tmp_path / "state")


@pytest.mark.parametrize("percent", [50, 25])
def test_a_quota_holds(guests, tmp_path, percent):
    """A guest that wants all of an idle pCPU gets its quota of it at most, and nearly that."""
    a, _ = guests
    a.ask("burn", 1)
    file = policy(
        tmp_path / "policy.yaml", [a], f"{{name: {a.domain}, cpu: {{quota: {percent}ms, quota_period: 100ms}}}}")
    host("apply", "--policy", file, "--state-dir", tmp_path / "state", "--interval", "1s")
    (got,) = delivered([a])
    print(f"quota {percent} % → {got:.3f}")
    # The vCPU and QEMU's other threads share the quota of the whole domain; others on the pCPU can only take from it.
    assert got <= percent / 100 + 0.03
    (free,) = delivered_without_quota(a, tmp_path)
    assert got >= min(percent / 100, free) - 0.05
    settings = a.settings()
    assert settings["vcpu_quota"] == -1 and settings["global_quota"] == -1


def delivered_without_quota(guest, tmp_path):
    host("restore", "--state-dir", tmp_path / "state")
    return delivered([guest], seconds=4)
