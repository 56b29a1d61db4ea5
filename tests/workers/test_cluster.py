"""TF_CONFIG is read as TensorFlow reads it; what it cannot be is said in one line."""

from __future__ import annotations

import json

import pytest

from dsd_tf.errors import UsageError
from dsd_tf.workers.cluster import Cluster, cluster_of, host_and_port


def config(cluster, job="worker", index=0):
    return json.dumps({"cluster": cluster, "task": {"type": job, "index": index}})


TWO = {"worker": ["a:1", "b:2"]}


def test_workers_keep_their_order_and_the_first_is_the_chief():
    assert Cluster.parse(config(TWO, index=1)) == Cluster(("a:1", "b:2"), 1)
    assert [Cluster.parse(config(TWO, index=index)).is_chief for index in (0, 1)] == [True, False]


def test_a_chief_job_comes_before_the_workers():
    jobs = {"worker": ["a:1", "b:2"], "chief": ["c:3"]}
    assert Cluster.parse(config(jobs, "chief")) == Cluster(("c:3", "a:1", "b:2"), 0)
    assert Cluster.parse(config(jobs, "worker", 1)) == Cluster(("c:3", "a:1", "b:2"), 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "TF_CONFIG is not JSON"),
        ("[]", "has no object 'cluster'"),
        ('{"cluster": {"worker": ["a:1"]}}', "has no object 'task'"),
        (config({"worker": "a:1"}), "has 'a:1' for the job 'worker', not a list of addresses"),
        (config({"worker": []}), "for the job 'worker', not a list of addresses"),
        (config({"worker": ["a"]}), "has the address 'a', not host:port"),
        (config({"worker": ["a:70000"]}), "has the address 'a:70000', not host:port"),
        (config({"worker": [17]}), "has the address 17, not host:port"),
        (config({"worker": ["a:1", "a:1"]}), "names the same address twice"),
        (config({"worker": ["a:1"], "ps": ["b:2"]}), "has the job 'ps' in its cluster, known are chief and worker"),
        (config(TWO, "chief"), "has the task type 'chief', which its cluster has not"),
        (config(TWO, index=2), "has the task index 2 among 2 of 'worker'"),
        (config(TWO, index="0"), "has the task index '0' among 2"),
        (config(TWO, index=True), "has the task index True among 2"),
        (config(TWO, ["worker"]), "has the task type ['worker'], which its cluster has not"),
        ("[" * 100_000, "TF_CONFIG is not JSON"),
        (config({"worker": ["..:1"]}), "has the address '..:1', not host:port"),
        (config({"worker": ["http://a:1"]}), "has the address 'http://a:1', not host:port"),
        (config({"worker": ["a:１"]}), "has the address 'a:１', not host:port"),
    ],
)
def test_what_is_malformed_is_named_with_an_example(text, message):
    with pytest.raises(UsageError) as error:
        Cluster.parse(text)
    assert message in str(error.value)
    assert '"task": {"type": "worker", "index": 0}' in str(error.value)


def test_only_strategies_that_may_use_several_workers_read_it(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", config(TWO))
    assert cluster_of("auto") == cluster_of("multi_worker") == Cluster(("a:1", "b:2"), 0)
    assert cluster_of("one_device") is cluster_of("mirrored") is None


def test_a_worker_by_itself_is_no_cluster(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", config({"worker": ["a:1"]}))
    assert cluster_of("auto") is cluster_of("multi_worker") is None


def test_multi_worker_needs_it_and_auto_does_not(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert cluster_of("auto") is None
    with pytest.raises(UsageError, match="--strategy=multi_worker needs TF_CONFIG in the environment, as in"):
        cluster_of("multi_worker")


def test_addresses_are_split_into_host_and_port():
    assert host_and_port("node-1:2222") == ("node-1", 2222)
    assert host_and_port("[::1]:2222") == ("::1", 2222)
