# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Services by name, volumes for claims, and what is made when an image is first pulled."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from rehearsal.bootstrap.places import Places
from rehearsal.nodes import storage, workshop
from rehearsal.nodes.addresses import Addresses, named, rewrite
from rehearsal.nodes.workshop import Workshop, WorkshopError

ETCD = ("dynamo-platform-etcd.dyn.svc.cluster.local", 2379)
NATS = ("nats.dyn.svc", 4222)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("dynamo-platform-etcd.dyn.svc.cluster.local:2379", {ETCD}),
        ("nats://nats.dyn.svc:4222,http://dynamo-platform-etcd.dyn.svc.cluster.local:2379/x", {ETCD, NATS}),
        ("etcd-0.etcd-headless.dyn.svc.cluster.local:2379", set()),
        ("nats.dyn.svc:42222222", set()),
        ("nats.dyn.svc", set()),
        ("example.com:443", set()),
    ],
)
def test_services_are_found_by_name(text: str, found: set[tuple[str, int]]) -> None:
    assert named([text]) == found


def test_services_are_rewritten() -> None:
    text = "nats://nats.dyn.svc:4222,http://other.dyn.svc:80"
    assert rewrite(text, {NATS: 20000}) == "nats://127.0.0.1:20000,http://other.dyn.svc:80"


def test_a_service_keeps_its_port_while_pods_come_and_go() -> None:
    async def pods() -> None:
        async def serve(name: bytes) -> tuple[asyncio.Server, int]:
            async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                writer.write(name)
                writer.close()

            server = await asyncio.start_server(answer, "127.0.0.1", 0)
            return server, int(server.sockets[0].getsockname()[1])

        target: dict[str, int | None] = {"port": None}
        addresses = Addresses(lambda host, port: target["port"] if (host, port) == NATS else None)
        local = (await addresses.local([NATS]))[NATS]
        assert (await addresses.local([NATS, ETCD]))[NATS] == local

        async def ask() -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", local)
            try:
                return await reader.read()
            except ConnectionError:
                return b"refused"
            finally:
                writer.close()

        first, second = await serve(b"first"), await serve(b"second")
        assert await ask() == b"refused"
        target["port"] = first[1]
        assert await ask() == b"first"
        target["port"] = second[1]
        assert await ask() == b"second"
        await addresses.close()
        for server, _ in (first, second):
            server.close()

    asyncio.run(asyncio.wait_for(pods(), 20))


CLAIM: dict[str, Any] = {
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data-0", "namespace": "dyn", "uid": "u"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1500Mi"}}},
}


def test_a_claim_becomes_a_volume_in_its_zone() -> None:
    gp3 = {"metadata": {"name": "gp3"}, "parameters": {"csi.storage.k8s.io/fstype": "xfs"}}
    volume = storage.render_volume(CLAIM, gp3, "vol-1", "us-west-2a")
    assert volume["metadata"]["name"] == "pvc-u"
    assert volume["spec"]["capacity"] == {"storage": "2Gi"}
    assert volume["spec"]["csi"] == {"driver": storage.DRIVER, "volumeHandle": "vol-1", "fsType": "xfs"}
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
    (term,) = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"][0]["values"] == ["us-west-2a"]
    assert storage.tags(CLAIM, "demo")["kubernetes.io/cluster/demo"] == "owned"


def test_a_claim_that_is_bound_or_going_needs_nothing() -> None:
    assert storage.is_wanted(CLAIM)
    assert not storage.is_wanted({**CLAIM, "spec": {**CLAIM["spec"], "volumeName": "pvc-u"}})
    assert not storage.is_wanted({**CLAIM, "metadata": {**CLAIM["metadata"], "deletionTimestamp": "now"}})


class Child:
    """A bootstrap that ends as told."""

    def __init__(self, returncode: int) -> None:
        self.returncode = returncode

    async def communicate(self) -> tuple[bytes, None]:
        return b"...\nFailed to install: exit code 1.\n", None


def test_what_an_image_needs_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places, calls, result = Places(tmp_path, "python 3.11"), [], [1]

    async def execute(*words: str, **_options: Any) -> Child:
        calls.append(list(words[3:]))
        if result[0] == 0:
            folder = places.on_demand()["nats-server"]
            folder.mkdir(parents=True)
            (folder / "complete").touch()
        return Child(result[0])

    monkeypatch.setattr(workshop.asyncio, "create_subprocess_exec", execute)

    async def ask() -> None:
        made = Workshop(places)
        await made.have(())
        with pytest.raises(WorkshopError, match=r"Failed to install: exit code 1\. Run python3 -m rehearsal.bootstrap"):
            await made.have(("nats-server",))
        result[0] = 0
        await asyncio.gather(*(made.have(("nats-server",)) for _ in range(3)))

    asyncio.run(ask())
    assert calls == [["--only", "nats-server"]] * 2
