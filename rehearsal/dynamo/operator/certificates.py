# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Provision the webhook's certificate: the Secret, and the CA in everything that calls the webhook."""

from __future__ import annotations

import logging
from typing import Any

from rehearsal.dynamo.kube import Client, Json, KubeError, Resource
from rehearsal.dynamo.operator import certs
from rehearsal.dynamo.operator import consts as c
from rehearsal.dynamo.operator.config import Config, ConfigError

LOG = logging.getLogger("certificates")
CONVERTED = (c.GRAPH, c.COMPONENT, c.ADAPTER, c.REQUEST)


def _secret(config: Config, data: dict[str, bytes]) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": config.webhook_secret,
            "namespace": config.namespace,
            "labels": {"app.kubernetes.io/part-of": "dynamo-operator"},
        },
        "type": "Opaque",
        "data": certs.encoded(data),
    }


def provision(client: Client, config: Config) -> dict[str, bytes]:
    """Return the webhook's certificate from its Secret; in mode auto make what is missing or worn out.

    Raises:
        ConfigError: the Secret is somebody else's task and is not there.
        KubeError: the API server refused to read or write it.
    """
    stored = client.get(c.SECRET, config.namespace, config.webhook_secret)
    data = certs.decoded((stored or {}).get("data") or {})
    if not config.manage_certificate:
        if not {"tls.crt", "tls.key"} <= data.keys():
            raise ConfigError(
                f"Failed to load the webhook's certificate: Secret {config.namespace}/{config.webhook_secret} has no "
                "tls.crt and tls.key. Create it, or leave webhook.certificateSecret.external off."
            )
        return data
    if certs.usable(data, config.webhook_service, config.namespace):
        return data
    data = certs.make(config.webhook_service, config.namespace)
    if stored is None:
        client.create(c.SECRET, config.namespace, _secret(config, data))
    else:
        client.merge(c.SECRET, config.namespace, config.webhook_secret, {"data": certs.encoded(data)})
    LOG.info("made Secret %s/%s", config.namespace, config.webhook_secret)
    return data


def _inject(client: Client, resource: Resource, name: str, bundle: str) -> None:
    """Put the CA into every webhook of one configuration, again when somebody else wrote it meanwhile."""
    while (item := client.get(resource, None, name)) is not None:
        webhooks: list[dict[str, Any]] = item.get("webhooks") or []
        if all(hook["clientConfig"].get("caBundle") == bundle for hook in webhooks):
            return
        for hook in webhooks:
            hook["clientConfig"]["caBundle"] = bundle
        try:
            client.replace(resource, item)
        except KubeError as error:
            if error.code != 409:
                raise
        else:
            LOG.info("put the CA into %s %s", resource.kind, name)
            return


def inject(client: Client, config: Config, authority: bytes) -> None:
    """Put the CA into the operator's webhook configurations and its definitions' conversion webhooks.

    Raises:
        ConfigError: a definition has no conversion webhook.
        KubeError: the API server refused to read or write one of them.
    """
    bundle = certs.encoded({"ca": authority})["ca"]
    selector = f"app.kubernetes.io/part-of=dynamo-operator,nvidia.com/dynamo-operator-namespace={config.namespace}"
    for resource in (c.VALIDATING, c.MUTATING):
        for item in client.list(resource, None, selector)["items"]:
            _inject(client, resource, item["metadata"]["name"], bundle)
    for converted in CONVERTED:
        name = f"{converted.plural}.{converted.group}"
        definition = client.get(c.DEFINITION, None, name)
        webhook = ((definition or {}).get("spec", {}).get("conversion") or {}).get("webhook")
        if not webhook:
            raise ConfigError(
                f"Failed to inject the CA into {name}: it has no conversion webhook. "
                "Apply the definitions of this release."
            )
        if webhook["clientConfig"].get("caBundle") != bundle:
            patch = {"spec": {"conversion": {"webhook": {"clientConfig": {"caBundle": bundle}}}}}
            client.merge(c.DEFINITION, None, name, patch)
            LOG.info("put the CA into %s", name)


def keep_injected(client: Client, config: Config, authority: bytes) -> None:
    """Inject again what somebody overwrote (a Helm upgrade does); a refusal is logged and tried next time."""
    try:
        inject(client, config, authority)
    except (KubeError, ConfigError) as error:
        LOG.warning("%s", error)
