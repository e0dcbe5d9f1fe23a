# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""Where Terraform's provider comes from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rehearsal.bootstrap import provider


def unreachable() -> bool:
    return False


def reachable() -> bool:
    return True


def mirror(directory: Path) -> Path:
    (directory / provider.PROVIDER / "5.100.0" / "linux_amd64").mkdir(parents=True)
    return directory


@pytest.fixture
def find(tmp_path: Path) -> Callable[..., provider.Source]:
    home, optional = tmp_path / "home", tmp_path / "opt"
    home.mkdir()
    optional.mkdir()

    def call(reach: Callable[[], bool] = unreachable, **environ: str) -> provider.Source:
        environ.setdefault("XDG_DATA_DIRS", str(tmp_path / "share"))
        return provider.find(environ, home, (optional,), reach)

    return call


def test_implied_mirror(find: Callable[..., provider.Source], tmp_path: Path) -> None:
    expected = mirror(tmp_path / "home" / ".terraform.d" / "plugins")
    assert find().mirror == expected


def test_one_level_below_optional_software(find: Callable[..., provider.Source], tmp_path: Path) -> None:
    (tmp_path / "opt" / "other").mkdir()
    expected = mirror(tmp_path / "opt" / "plugins")
    source = find()
    assert source.mirror == expected
    text = provider.render(source, tmp_path / "cache")
    assert f'path    = "{expected}"' in text
    assert 'exclude = ["registry.terraform.io/hashicorp/aws"]' in text


def test_an_empty_folder_is_no_mirror(find: Callable[..., provider.Source], tmp_path: Path) -> None:
    (tmp_path / "opt" / "plugins" / provider.PROVIDER).mkdir(parents=True)
    assert find().mirror is None


def test_the_users_own_configuration_wins(find: Callable[..., provider.Source], tmp_path: Path) -> None:
    mirror(tmp_path / "opt" / "plugins")
    config = tmp_path / "mine.tfrc"
    config.write_text('provider_installation {\n  network_mirror {\n    url = "https://mirror/"\n  }\n}\n')
    source = find(TF_CLI_CONFIG_FILE=str(config))
    assert source.user_config == config
    assert source.mirror is None
    assert 'url = "https://mirror/"' in provider.render(source, tmp_path / "cache")


def test_a_configuration_that_is_not_there_does_not_count(find: Callable[..., provider.Source], tmp_path: Path) -> None:
    assert find(reachable, TF_CLI_CONFIG_FILE=str(tmp_path / "absent")).registry


def test_the_registry_needs_no_installation_block(find: Callable[..., provider.Source], tmp_path: Path) -> None:
    source = find(reachable)
    assert source.usable
    assert "provider_installation" not in provider.render(source, tmp_path / "cache")


def test_neither_mirror_nor_registry_is_one_clear_line(find: Callable[..., provider.Source]) -> None:
    source = find()
    assert not source.usable
    line = provider.describe(source)
    assert "\n" not in line
    assert "registry.terraform.io does not answer" in line
    assert "~/.terraform.d/plugins" in line
