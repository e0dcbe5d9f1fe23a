# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Where Terraform gets its AWS provider from: a mirror on this machine, or the public registry.

Terraform looks into implied mirrors by itself; machines without the internet often hold one elsewhere (an image's
folder for optional software), which only a CLI configuration can name.
Source: developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

REGISTRY = "registry.terraform.io"
PROVIDER = Path(REGISTRY) / "hashicorp" / "aws"
_OPTIONAL_SOFTWARE = (Path("/opt"), Path("/usr/local"), Path("/usr/local/share"), Path("/srv"))
_REACH_SECONDS = 5.0


@dataclass(frozen=True)
class Source:
    """What was found.

    Attributes:
        user_config: the user's own CLI configuration that says where providers come from; nothing else counts then.
        mirror: a directory in Terraform's mirror layout that holds the AWS provider.
        registry: whether the public registry answers.
    """

    user_config: Path | None = None
    mirror: Path | None = None
    registry: bool = False

    @property
    def usable(self) -> bool:
        """Whether `terraform init` can work."""
        return self.user_config is not None or self.mirror is not None or self.registry


def implied_mirrors(environ: Mapping[str, str], home: Path) -> Iterator[Path]:
    """Yield the directories that Terraform searches by itself on Linux."""
    yield home / ".terraform.d" / "plugins"
    data_home = environ.get("XDG_DATA_HOME") or str(home / ".local" / "share")
    data_dirs = (environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    for directory in (data_home, *data_dirs):
        yield Path(directory) / "terraform" / "plugins"


def candidates(environ: Mapping[str, str], home: Path, roots: tuple[Path, ...] = _OPTIONAL_SOFTWARE) -> Iterator[Path]:
    """Yield every directory that may be a mirror."""
    yield from implied_mirrors(environ, home)
    for root in roots:
        if root.is_dir():
            yield root
            yield from sorted(path for path in root.iterdir() if path.is_dir())


def find(
    environ: Mapping[str, str],
    home: Path | None = None,
    roots: tuple[Path, ...] = _OPTIONAL_SOFTWARE,
    reachable: Callable[[], bool] | None = None,
) -> Source:
    """Look for the provider: the user's own configuration, then mirrors, then the registry."""
    base = home or Path.home()
    config = Path(environ.get("TF_CLI_CONFIG_FILE") or base / ".terraformrc")
    try:
        if "provider_installation" in config.read_text():
            return Source(user_config=config)
    except OSError:
        pass
    for directory in candidates(environ, base, roots):
        if has_provider(directory):
            return Source(mirror=directory)
    return Source(registry=(reachable or registry_answers)())


def has_provider(directory: Path) -> bool:
    """Tell whether a directory holds some version of the AWS provider, packed or unpacked."""
    try:
        return any((directory / PROVIDER).iterdir())
    except OSError:
        return False


def registry_answers() -> bool:
    """Tell whether the public registry can be reached from here (directly, or by a proxy that the user set)."""
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy")):
        import urllib.error
        import urllib.request

        try:
            with urllib.request.urlopen(f"https://{REGISTRY}/.well-known/terraform.json", timeout=_REACH_SECONDS):
                return True
        except (urllib.error.URLError, OSError):
            return False
    try:
        with socket.create_connection((REGISTRY, 443), timeout=_REACH_SECONDS):
            return True
    except OSError:
        return False


def render(source: Source, plugin_cache: Path) -> str:
    """Return a CLI configuration for what was found."""
    if source.user_config is not None:
        return source.user_config.read_text()
    lines = [f'plugin_cache_dir = "{plugin_cache}"', "disable_checkpoint = true"]
    if source.mirror is not None:
        lines += [
            "provider_installation {",
            "  filesystem_mirror {",
            f'    path    = "{source.mirror}"',
            f'    include = ["{PROVIDER.as_posix()}"]',
            "  }",
            "  direct {",
            f'    exclude = ["{PROVIDER.as_posix()}"]',
            "  }",
            "}",
        ]
    return "\n".join(lines) + "\n"


def describe(source: Source) -> str:
    """Say in one line where the provider comes from, or that it comes from nowhere."""
    if source.user_config is not None:
        return f"Terraform's AWS provider: as {source.user_config} says"
    if source.mirror is not None:
        return f"Terraform's AWS provider: the mirror {source.mirror}"
    if source.registry:
        return f"Terraform's AWS provider: {REGISTRY}"
    return (
        f"Failed to find Terraform's AWS provider: {REGISTRY} does not answer, "
        f"and no mirror on this machine holds {PROVIDER.as_posix()}. "
        "Put a mirror (`terraform providers mirror DIR` on a machine with internet) into ~/.terraform.d/plugins."
    )
