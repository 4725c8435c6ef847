"""Every file of tests/scenarios is a test."""

import pytest

from support.egressd import ROOT
from support.scenario import Player, load

FOLDER = ROOT / "tests/scenarios"
SCENARIOS = [
    (f"{path.relative_to(FOLDER).with_suffix('')}-{number}", scenario)
    for path in sorted(FOLDER.glob("**/*.yaml"))
    for number, scenario in enumerate(load(path), start=1)
]


@pytest.mark.parametrize("scenario", [scenario for _, scenario in SCENARIOS], ids=[name for name, _ in SCENARIOS])
def test_scenario(scenario, tmp_path):
    player = Player(scenario, tmp_path)
    try:
        player.play()
    finally:
        player.close()
