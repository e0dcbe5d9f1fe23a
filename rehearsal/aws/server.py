# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""The server: moto's application, the gateway in front of it, one thread per connection."""

from __future__ import annotations

import importlib
import os
import pkgutil
from typing import Any

from rehearsal.aws.account import ACCOUNT

#: moto reads these when it is imported.
MOTO_ENVIRONMENT = {
    "MOTO_ACCOUNT_ID": ACCOUNT,
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    "MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION": "true",
    "MOTO_ENABLE_AMI_VALIDATION": "true",
}
#: Modules whose operations register themselves when they are imported.
OPERATION_MODULES = (
    "backups",
    "ec2_",
    "ecr",
    "efs",
    "eks_",
    "fsx",
    "grafana",
    "iam_",
    "moto_fixes",
    "pricing",
    "quotas",
    "s3files",
)


def prepare() -> None:
    """Set moto up and register every operation of the rehearsal's own. Call before anything imports moto."""
    os.environ.update(MOTO_ENVIRONMENT)
    import rehearsal.aws as package

    for module in pkgutil.iter_modules(package.__path__):
        if module.name.startswith(OPERATION_MODULES):
            importlib.import_module(f"rehearsal.aws.{module.name}")


def build(controls: Any) -> Any:
    """The WSGI application.

    Args:
        controls: ``gateway.Controls``: call log, faults and latencies.
    """
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    from rehearsal.aws.admin import Admin
    from rehearsal.aws.gateway import Gateway

    return Gateway(DomainDispatcherApplication(create_backend_app), Admin(controls), controls)


def listen(app: Any, port: int) -> Any:
    """A server on 127.0.0.1 that is bound but does not serve yet; port 0 takes a free one."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    class Handler(MotoRequestHandler):  # type: ignore[misc]
        """moto's handler without a line per request (the call log has them)."""

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Write nothing."""

    server: Any = make_server("127.0.0.1", port, app, threaded=True, request_handler=Handler)
    server.daemon_threads = True
    return server
