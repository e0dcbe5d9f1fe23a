# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""leftovers.yml as its page of the docs tells to run it: list, fail, refuse, preview, delete."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from .account import REGION, Cluster
from .conftest import ROOT, Aws

RECAP = re.compile(r"localhost +: ok=\d+ +changed=(\d+) ")


def play(aws: Aws, home: Path, *words: str) -> tuple[int, str, int]:
    """Run the playbook; return exit code, what it said with single spaces, and how many tasks changed something."""
    keys = aws.keys("credentials")
    bin_dir = Path(sys.executable).parent
    given = [part for word in (f"region={REGION}", *words) for part in (["-e", word] if "=" in word else [word])]
    done = subprocess.run(
        [str(bin_dir / "ansible-playbook"), *given, "leftovers.yml"],
        cwd=ROOT,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "KUBE"))},
            "PATH": f"{bin_dir}:{os.environ['PATH']}",
            "HOME": str(home),
            "ANSIBLE_NOCOLOR": "1",
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_ACCESS_KEY_ID": keys["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": keys["secret_access_key"],
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    recap = RECAP.search(done.stdout)
    return done.returncode, " ".join((done.stdout + done.stderr).split()), int(recap[1]) if recap else -1


def test_every_line_of_the_page(aws: Any, cluster: Cluster, sweep: Any, tmp_path: Path) -> None:
    other = Cluster(aws.client, "dyn-2", 9)
    other.network()
    foreign = aws.inventory()
    cluster.network()
    cluster.load_balancer()
    cluster.bucket()
    whole = aws.inventory()

    code, said, changed = play(aws, tmp_path, "cluster_name=dyn", "fail_on_leftovers=true")
    assert (code, changed) == (2, 0), said
    for word in ("nat_gateway", "load_balancer", "s3_bucket", "dyn-models-123456789012", "Failed to find dyn gone: "):
        assert word in said, word
    assert "USD a month). Add -e sweep=true -e confirm=dyn to delete them" in said
    assert other.vpc not in said

    code, said, changed = play(aws, tmp_path, "cluster_name=dyn", "sweep=true", "confirm=dyn-2")
    assert (code, changed) == (2, 0)
    assert "'dyn-2' is another name. Add -e confirm=dyn" in said

    code, said, changed = play(aws, tmp_path, "cluster_name=dyn", "sweep=true", "--check")
    assert (code, changed) == (0, 1), said
    assert aws.inventory() == whole

    kept = ("sweep=true", "confirm=dyn", "keep=buckets")
    code, said, changed = play(aws, tmp_path, "cluster_name=dyn", *kept)
    assert (code, changed) == (0, 1), said
    assert aws.inventory() == {**foreign, "s3:bucket": [f"{cluster.name}-models-123456789012"]}

    code, said, changed = play(aws, tmp_path, "cluster_name=dyn", "sweep=true", "confirm=dyn", "fail_on_leftovers=true")
    assert (code, changed) == (0, 1), said
    assert aws.inventory() == foreign

    assert sweep(cluster_name="dyn-2")["blocked"] == []
    assert aws.inventory() == {}
