"""Every scenario about requests and answers holds inside inspected TLS too."""

import pytest

from support.egressd import ROOT
from support.origin import tls_context
from support.scenario import Player, load
from support.scenario_inside import DIFFERENT, inside

FOLDER = ROOT / "tests/scenarios"
ALL = {
    f"{name}-{number}": (name, scenario)
    for topic in ("http", "responses")
    for path in sorted((FOLDER / topic).glob("*.yaml"))
    for name in [str(path.relative_to(FOLDER).with_suffix(""))]
    for number, scenario in enumerate(load(path), start=1)
}
SCENARIOS = {
    key: inside(scenario) for key, (name, scenario) in ALL.items() if name not in DIFFERENT and key not in DIFFERENT
}


def test_none_is_left_out_by_mistake():
    assert not DIFFERENT.keys() - ALL.keys() - {name for name, _ in ALL.values()}


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario_inside(name, tmp_path, leaf, authority):
    player = Player(SCENARIOS[name], tmp_path, tls=tls_context(leaf), trusted=authority.certificate)
    try:
        player.play()
    finally:
        player.close()
