# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options that say which endpoint a module talks to, and how."""

from __future__ import annotations


class ModuleDocFragment:
    """Where an OpenAI-compatible endpoint is. PRIVATE to the collection."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - Address of the endpoint, for example V(http://host:8000) or V(https://host/prefix). A trailing C(/v1) is
        dropped, so the C(base_url) of an OpenAI client can be given as it is.
      - Proxies from the environment are never used; O(proxy) names one.
    type: str
  service:
    description:
      - Name of a Service. One of the ready pods behind it is reached through the Kubernetes API, in this process -
        without kubectl and without a local port. The module stays with that pod until it fails.
      - Needs O(kubeconfig), O(context) and O(namespace), and the rights to get services, to list pods and to create
        C(pods/portforward).
    type: str
  pod:
    description: Name of a pod that is reached in the same way.
    type: str
  port:
    description:
      - Port of the O(service) or the O(pod), as number or name.
      - Without it, the only port is taken, or the one called C(http).
    type: str
  kubeconfig:
    description: File with the connection to the cluster. Never guessed from the environment.
    type: path
  context:
    description: Context of the O(kubeconfig). Never the current one, unless it is named here.
    type: str
  namespace:
    description: Namespace of the O(service) or the O(pod).
    type: str
  api_key:
    description: Key that is sent with every request. It never appears in a result, a report or a line of progress.
    type: str
  api_key_header:
    description:
      - Header for the O(api_key). In V(Authorization) it is a bearer token, in another one it stands alone.
    type: str
    default: Authorization
  headers:
    description: Further headers of every request. They are no place for secrets, because results may show them.
    type: dict
  proxy:
    description:
      - HTTP proxy on the way to the O(url), for example V(http://proxy.example.com:3128). For C(https) it is asked for
        a tunnel.
    type: str
  validate_certs:
    description: Whether the certificate of an C(https) O(url) must be valid.
    type: bool
    default: true
  ca_path:
    description: File with the certificates that an C(https) O(url) may be signed by, in PEM form.
    type: path
  client_cert:
    description: File with the certificate that a server may ask of its clients, in PEM form.
    type: path
  client_key:
    description: File with the key of the O(client_cert), if it is not in the same file.
    type: path
  tls_server_name:
    description: Name that the certificate must be for, if it is not the one in the O(url).
    type: str
"""
