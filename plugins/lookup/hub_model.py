# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lookup hub_model."""

from __future__ import annotations

DOCUMENTATION = r"""
name: hub_model
short_description: Ask Hugging Face for the size of a model
version_added: 1.0.0
author:
  - The ai_on_eks.dynamo contributors (@ai-on-eks)
description:
  - Asks for the number and type of a model's parameters and for its C(config.json), not for its weights.
  - Never fails because of the hub; what it cannot tell, and why, is part of the result.
options:
  _terms:
    description: Ids of models.
    required: true
    type: list
    elements: str
  revision:
    description: Commit, tag or branch.
    type: str
    default: main
  token:
    description: Token for gated models. By default E(HF_TOKEN).
    type: str
    default: ""
    env:
      - name: HF_TOKEN
  endpoint:
    description: Address of the hub or of a mirror.
    type: str
    default: https://huggingface.co
    env:
      - name: HF_ENDPOINT
  timeout:
    description: Seconds for each of the two questions.
    type: int
    default: 5
"""

EXAMPLES = r"""
- name: Show how large a model is
  ansible.builtin.debug:
    msg: "{{ lookup('ai_on_eks.dynamo.hub_model', 'Qwen/Qwen3-0.6B') }}"
"""

RETURN = r"""
_list:
  description: For each model what is known, or the reason why nothing is.
  type: list
  elements: dict
  sample:
    - name: Qwen/Qwen3-0.6B
      known: {parameters: 0.6, bytes: 2.0, layers: 28, kv_heads: 8, head_dim: 128, context: 40960, gated: false}
      reason: ""
"""

import json
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote

from ansible.module_utils.urls import ConnectionError as UrlConnectionError
from ansible.module_utils.urls import SSLValidationError, open_url
from ansible.plugins.lookup import LookupBase

from ansible_collections.ai_on_eks.dynamo.plugins.module_utils._graph.hub import UnknownModelError, row

_LARGEST = 4 * 1024 * 1024


class LookupModule(LookupBase):  # type: ignore[misc]
    """The collection's lookup hub_model."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        """Ask; see DOCUMENTATION."""
        self.set_options(var_options=variables, direct=kwargs)
        return [self._ask(str(term)) for term in terms]

    def _ask(self, name: str) -> dict[str, Any]:
        revision = quote(str(self.get_option("revision") or "main"), safe="")
        try:
            info = self._get(f"api/models/{name}/revision/{revision}")
            config = self._get(f"{name}/resolve/{revision}/config.json")
            return {"name": name, "known": row(info, config), "reason": ""}
        except HTTPError as error:
            reason = {
                401: "Hugging Face wants a token for it, or it does not exist",
                403: "the token has no access to it: accept its terms",
                404: "Hugging Face has no such model or revision",
            }.get(error.code, f"Hugging Face answers {error.code}")
        except (URLError, OSError, UrlConnectionError, SSLValidationError) as error:
            reason = f"Hugging Face cannot be reached ({getattr(error, 'reason', error)})"
        except UnknownModelError as error:
            reason = str(error)
        except ValueError as error:
            reason = f"Hugging Face's answer is not understood ({error})"
        return {"name": name, "known": {}, "reason": reason}

    def _get(self, path: str) -> dict[str, Any]:
        token = self.get_option("token")
        with open_url(
            f"{str(self.get_option('endpoint') or 'https://huggingface.co').rstrip('/')}/{path}",
            headers={"Authorization": f"Bearer {token}"} if token else {},
            # The files of some models lie elsewhere, and the token is not theirs.
            unredirected_headers=["Authorization"],
            timeout=int(self.get_option("timeout")),
            http_agent="ai_on_eks.dynamo",
        ) as response:
            found = json.loads(response.read(_LARGEST))
        if not isinstance(found, dict):
            raise ValueError(f"a {type(found).__name__} came for {path}")
        return found
