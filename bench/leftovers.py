# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""How long a scan for leftovers takes, and what it calls, in an account full of other people's resources.

    python bench/leftovers.py            # 0, 2,500 and 10,000 resources in the embedded AWS
    python bench/leftovers.py --sizes 500

Prints seconds (and, for busy machines, the CPU seconds of the scan and of the embedded AWS behind it) and API calls by
service for each size, and what the calls grow with: pages, not resources. Exit status 1 when the largest account takes
more than the budget, or when a call was made for a single unrelated resource.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BUDGET_SECONDS = 20.0
REGION = "us-west-2"
CLUSTER = "dyn"
#: Kind -> its share of all, and how many of it the embedded AWS gives in one answer.
SHARES = {
    "roles": (0.20, 1000),
    "log groups": (0.20, 50),
    "buckets": (0.15, 10_000),
    "security groups": (0.15, 1000),
    "parameters": (0.10, 10_000),  # asked for by tag
    "interfaces": (0.10, 1000),
    "volumes": (0.05, 500),
    "queues": (0.03, 1000),
    "rules": (0.02, 100),
}


def counts(size: int) -> dict[str, int]:
    """How many of each kind make an account of a size."""
    return {kind: round(size * share) for kind, (share, _page) in SHARES.items()}


def pages(size: int) -> int:
    """Answers that the listings of an account of a size take beyond the first of each kind."""
    return sum(max(0, -(-number // SHARES[kind][1]) - 1) for kind, number in counts(size).items())


def fill(size: int) -> None:
    """Put resources into the embedded AWS of this process: over HTTP it would take minutes."""
    from rehearsal.aws.account import ACCOUNT, backend

    ec2, iam, s3, logs = (backend(name, REGION) for name in ("ec2", "iam", "s3", "logs"))
    vpc = ec2.create_vpc("10.200.0.0/16")
    subnet = ec2.create_subnet(vpc.id, "10.200.0.0/18", availability_zone=f"{REGION}a")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    makers: dict[str, Callable[[int], Any]] = {
        "roles": lambda n: iam.create_role(f"team-{n}", trust, "/", None, "", {}, "3600"),
        "log groups": lambda n: logs.create_log_group(f"/team/{n}", {}),
        "buckets": lambda n: s3.create_bucket(f"team-data-{n}", REGION),
        "security groups": lambda n: ec2.create_security_group(f"team-{n}", "of a team", vpc_id=vpc.id),
        "parameters": lambda n: _parameter(backend("ssm", REGION), ACCOUNT, n),
        "interfaces": lambda _n: ec2.create_network_interface(subnet, None, group_ids=[]),
        "volumes": lambda _n: ec2.create_volume(size=1, zone_name=f"{REGION}a"),
        "queues": lambda n: backend("sqs", REGION).create_queue(f"team-{n}"),
        "rules": lambda n: backend("events", REGION).put_rule(f"team-{n}", event_pattern='{"source": ["team"]}'),
    }
    for kind, number in counts(size).items():
        for index in range(number):
            makers[kind](index)


def _parameter(ssm: Any, account: str, number: int) -> None:
    from moto.core.utils import utcnow
    from moto.ssm.models import Parameter

    name = f"/team/{number}"
    ssm._parameters[name].append(
        Parameter(
            account_id=account,
            name=name,
            value="x",
            parameter_type="String",
            description="",
            allowed_pattern=None,
            keyid=None,
            last_modified_date=utcnow(),
            version=1,
            data_type="text",
        )
    )


def serve(data: Path, size: int) -> int:
    """Serve an account of a size."""
    from rehearsal.aws import server

    server.prepare()
    from rehearsal.aws.bootstrap import make_account, read_policies, write_private
    from rehearsal.aws.gateway import Controls

    credentials = make_account(read_policies(ROOT / "docs/iam/installer-policy.json"))
    fill(size)
    httpd = server.listen(server.build(Controls()), 0)
    for name, content in credentials.items():
        write_private(data / name, content)
    write_private(data / "server.json", {"url": f"http://127.0.0.1:{httpd.server_port}"})
    httpd.serve_forever()
    return 0


def cpu_seconds(pid: int) -> float:
    """CPU seconds that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def scan(url: str, keys: dict[str, str], server: int) -> dict[str, Any]:
    """Look for leftovers twice: with new clients, as a module does, and again with those that are there."""
    from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._leftovers import finder, look

    os.environ.update(
        AWS_ENDPOINT_URL=url,
        AWS_ACCESS_KEY_ID=keys["access_key_id"],
        AWS_SECRET_ACCESS_KEY=keys["secret_access_key"],
        AWS_EC2_METADATA_DISABLED="true",
    )
    connections = look.connect(REGION)
    seconds, cpu = [], (time.process_time(), cpu_seconds(server))
    for _ in range(2):
        started = time.perf_counter()
        found = finder.find(connections, CLUSTER, REGION, {})
        seconds.append(time.perf_counter() - started)
        if len(seconds) == 1:
            used = (time.process_time() - cpu[0], cpu_seconds(server) - cpu[1])
    if found.errors or found.leftovers or found.foreign:
        raise SystemExit(f"the scan went wrong: {found.errors or [*found.leftovers, *found.foreign]}")
    return {"seconds": seconds, "cpu": used, "calls": dict(sorted(found.calls.items()))}


def measure(size: int) -> dict[str, Any]:
    """Start an account of a size, scan it, and end it."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        command = [sys.executable, __file__, "--serve", folder, "--sizes", str(size)]
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
        try:
            while not (data / "server.json").exists():
                if process.poll() is not None:
                    raise SystemExit(f"the embedded AWS ended with {process.returncode}")
                time.sleep(0.05)
            keys = json.loads((data / "credentials.json").read_text(encoding="utf-8"))
            return scan(json.loads((data / "server.json").read_text(encoding="utf-8"))["url"], keys, process.pid)
        finally:
            process.terminate()
            process.wait()


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[0, 2500, 10_000], help="resources of others")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / ".ansible" / "collections")]
    if options.serve:
        return serve(options.serve, options.sizes[0])
    rows = {size: measure(size) for size in options.sizes}
    names = ("resources", "seconds", "again", "CPU of scan", "of AWS", "calls", "pages more")
    sys.stdout.write("{:>9} {:>8} {:>7} {:>11} {:>7} {:>6} {:>10}\n".format(*names))
    for size, row in rows.items():
        first, again = row["seconds"]
        own, aws = row["cpu"]
        number = sum(row["calls"].values())
        sys.stdout.write(
            f"{size:>9} {first:>8.2f} {again:>7.2f} {own:>11.2f} {aws:>7.2f} {number:>6} {pages(size):>10}\n"
        )
    largest = rows[max(rows)]
    listed = ", ".join(f"{service} {number}" for service, number in largest["calls"].items())
    sys.stdout.write(f"calls by service in the largest account: {listed}\n")
    grown = {size: sum(row["calls"].values()) - sum(rows[min(rows)]["calls"].values()) for size, row in rows.items()}
    too_many = {size: more for size, more in grown.items() if more > pages(size) - pages(min(rows))}
    if too_many:
        sys.stdout.write(f"the calls grew by more than the pages: {too_many}\n")
    slow = largest["seconds"][0] > BUDGET_SECONDS
    sys.stdout.write(f"budget {BUDGET_SECONDS:.0f} s: {'missed' if slow else 'kept'}\n")
    return 1 if slow or too_many else 0


if __name__ == "__main__":
    sys.exit(main())
