"""Joining and dividing, along every axis."""

from __future__ import annotations

import pytest

PARITY = {
    "concat": """
        layer { name: "p" type: "Power" bottom: "data" top: "p" power_param { shift: 1 } }
        layer { name: "c" type: "Concat" bottom: "data" bottom: "p" top: "c" }
    """,
    "concat of rows": """
        layer { name: "p" type: "Power" bottom: "data" top: "p" power_param { shift: 1 } }
        layer { name: "c" type: "Concat" bottom: "data" bottom: "p" top: "c" concat_param { axis: 2 } }
    """,
    "weighted sum": """
        layer { name: "p" type: "Power" bottom: "data" top: "p" power_param { shift: 1 } }
        layer { name: "e" type: "Eltwise" bottom: "data" bottom: "p" top: "e" eltwise_param { operation:
            SUM coeff: 0.5 coeff: -2 } }
    """,
    "product": """
        layer { name: "p" type: "Power" bottom: "data" top: "p" power_param { shift: 1 } }
        layer { name: "e" type: "Eltwise" bottom: "data" bottom: "p" top: "e" eltwise_param { operation:
            PROD } }
    """,
    "maximum": """
        layer { name: "p" type: "Power" bottom: "data" top: "p" power_param { scale: -1 } }
        layer { name: "e" type: "Eltwise" bottom: "data" bottom: "p" top: "e" eltwise_param { operation:
            MAX } }
    """,
    "slice and swap": """
        layer { name: "s" type: "Slice" bottom: "data" top: "a" top: "b" slice_param { slice_point: 1 }
            }
        layer { name: "c" type: "Concat" bottom: "b" bottom: "a" top: "c" }
    """,
    "equal slices of rows": """
        layer { name: "s" type: "Slice" bottom: "data" top: "a" top: "b" slice_param { axis: 3 } }
        layer { name: "e" type: "Eltwise" bottom: "a" bottom: "b" top: "e" }
    """,
}


@pytest.mark.parametrize("body", PARITY.values(), ids=PARITY.keys())
def test_layers_compute_what_opencv_computes(same_as_opencv, body):
    same_as_opencv(body)
