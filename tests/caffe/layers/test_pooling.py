"""Pools against OpenCV at awkward sizes."""

from __future__ import annotations

import pytest

PARITY = {
    "max pool": """
        layer { name: "p" type: "Pooling" bottom: "data" top: "p" pooling_param { pool: MAX kernel_size:
            3 stride: 2 } }
    """,
    "max pool with pad": """
        layer { name: "p" type: "Pooling" bottom: "data" top: "p" pooling_param { pool: MAX kernel_size:
            3 stride: 2 pad: 1 } }
    """,
    "max pool with stride 1": """
        layer { name: "p" type: "Pooling" bottom: "data" top: "p" pooling_param { pool: MAX kernel_size:
            3 pad: 1 } }
    """,
    "average pool": """
        layer { name: "p" type: "Pooling" bottom: "data" top: "p" pooling_param { pool: AVE kernel_size:
            3 stride: 2 } }
    """,
    "average pool with pad": """
        layer { name: "p" type: "Pooling" bottom: "data" top: "p" pooling_param { pool: AVE kernel_size:
            3 stride: 2 pad: 1 } }
    """,
    "average pool with stride 3": """
        layer { name: "p" type: "Pooling" bottom: "data" top: "p" pooling_param { pool: AVE kernel_size:
            4 stride: 3 pad: 1 } }
    """,
    "global average pool": """
        layer { name: "p" type: "Pooling" bottom: "data" top: "p" pooling_param { pool: AVE
            global_pooling: true } }
    """,
    "global max pool": """
        layer { name: "p" type: "Pooling" bottom: "data" top: "p" pooling_param { pool: MAX
            global_pooling: true } }
    """,
}


@pytest.mark.parametrize("body", PARITY.values(), ids=PARITY.keys())
def test_layers_compute_what_opencv_computes(same_as_opencv, body):
    same_as_opencv(body)
