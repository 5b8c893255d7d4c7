import pytest

from ballast_runs import MIXED, SMALL, run, write


@pytest.fixture
def small(tmp_path):
    """A scenario file that runs in no time."""
    return write(tmp_path / "small.yaml", SMALL)


@pytest.fixture
def mixed(tmp_path):
    return write(tmp_path / "mixed.yaml", MIXED)


@pytest.fixture(scope="session")
def mixed_run(tmp_path_factory):
    """The directory of one run of MIXED, for tests that only read it."""
    folder = tmp_path_factory.mktemp("mixed")
    run(write(folder / "mixed.yaml", MIXED), folder / "run", "--quiet")
    return folder / "run"
