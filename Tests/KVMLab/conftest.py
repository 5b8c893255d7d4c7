import subprocess

import pytest

from lab import Guest, HERE, lab, virsh


@pytest.fixture(scope="session", autouse=True)
def the_lab():
    """Up for the session, and down whatever happened."""
    lab("down", check=False)                    # what an earlier session may have left
    up = lab("up", check=False, timeout=180)
    if up.returncode == 77:
        pytest.skip(up.stdout.strip().splitlines()[-1])
    assert up.returncode == 0, up.stdout + up.stderr
    try:
        yield
    finally:
        subprocess.run([str(HERE / "lab.sh"), "down"], timeout=120)


@pytest.fixture(scope="session")
def pair(the_lab):
    """Two guests of one vCPU each on the same pCPU."""
    return Guest("a").start(), Guest("b").start()


@pytest.fixture
def guests(pair, tmp_path):
    """The pair as it was started, also after tests that killed the daemon or a guest."""
    lab("daemon", timeout=120)
    running = virsh("list", "--name").split()
    for guest in pair:
        if guest.domain not in running:
            guest.start()
        guest.reset()
    yield pair
