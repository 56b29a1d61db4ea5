"""Local response normalisation, across channels and within one."""

from __future__ import annotations

import pytest

PARITY = {
    "lrn across channels": """
        layer { name: "n" type: "LRN" bottom: "data" top: "n" lrn_param { local_size: 3 alpha: 0.5 beta:
            0.75 } }
    """,
    "lrn across channels, other exponent": """
        layer { name: "n" type: "LRN" bottom: "data" top: "n" lrn_param { local_size: 5 alpha: 0.5 beta:
            0.6 } }
    """,
    "lrn within a channel": """
        layer { name: "n" type: "LRN" bottom: "data" top: "n" lrn_param { local_size: 3 alpha: 0.5 beta:
            0.75 norm_region: WITHIN_CHANNEL } }
    """,
}


@pytest.mark.parametrize("body", PARITY.values(), ids=PARITY.keys())
def test_layers_compute_what_opencv_computes(same_as_opencv, body):
    same_as_opencv(body)
