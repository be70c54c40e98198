"""How the product's own processes are started."""

from pathlib import Path

from launcher import steps
from launcher.paths import Paths


def test_the_web_processes_count_into_one_folder_that_each_start_empties(tmp_path: Path) -> None:
    paths = Paths(repo=tmp_path, var=tmp_path)
    paths.run.mkdir()
    ours = steps.Processes(paths, {})
    counts = Path(ours.web(1).environment["PROMETHEUS_MULTIPROC_DIR"])

    ours.web(1).before_start()
    (counts / "counter_1.db").touch()
    ours.web(1).before_start()

    assert (list(counts.iterdir()), counts.stat().st_mode & 0o777) == ([], 0o700)
    assert "PROMETHEUS_MULTIPROC_DIR" not in ours.worker().environment
