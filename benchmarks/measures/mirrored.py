"""Two replicas, logical devices of one processor, beside the same steps on one device: what being several costs."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measures.process import Process
from benchmarks.measures.replicas import NETWORKS
from benchmarks.measures.rows import Row, ratio_row
from benchmarks.measures.turns import take_turns


def measure(quick: bool) -> Iterator[Row]:
    for network, work in NETWORKS.items():
        with (
            Process("replicas.py", network, "mirrored") as two,
            Process("replicas.py", network, "one_device") as one,
        ):
            took = take_turns({"two devices": two.ask, "one device": one.ask}, rounds=5 if quick else 25)
        for number, title in enumerate(("", ", time of processors")):
            own, other = ([seconds[number] for seconds in took[side]] for side in ("two devices", "one device"))
            measured = f"{work.title}: two logical devices of one process beside one{title}"
            yield ratio_row(measured, own, other, to="one device", unit="ms/step", scale=1e3)
