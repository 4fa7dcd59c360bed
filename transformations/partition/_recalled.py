"""Deployments, from a store where everything that the decision rests on is the same."""

from __future__ import annotations

import json

from aicompiler.metamodels.deployment import CostTable, Deployment
from aicompiler.metamodels.exact import from_data, to_data
from aicompiler.metamodels.store import Store, content_key, recalled
from aicompiler.metamodels.system import System

from ._partition import PartitionOptions, partition

STAGE = "partition"
NORMAL = PartitionOptions()
IRRELEVANT = frozenset({"source", "body", "text", "figures"})
"""What says where something stands in a file, what is computed and not how long, and what is for people."""


def recalled_partition(
    store: Store,
    system: System,
    costs: CostTable,
    previous: Deployment | None = None,
    options: PartitionOptions = NORMAL,
) -> Deployment:
    """``partition``, done once for equal input; what is ``Infeasible`` is looked at each time."""
    return recalled(
        store,
        STAGE,
        lambda: content_key(to_data(system, IRRELEVANT), costs, previous, options),
        lambda: partition(system, costs, previous, options),
        lambda deployment: json.dumps(to_data(deployment)).encode(),
        lambda packed: from_data(Deployment, json.loads(packed)),
    )
