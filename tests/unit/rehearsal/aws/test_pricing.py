# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0
"""The price list in the shape that Karpenter reads."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from rehearsal.aws.pricing import PAGE, get_products


def ask(**params: Any) -> Any:
    return get_products(SimpleNamespace(params={"ServiceCode": "AmazonEC2", **params}, region="us-west-2"))  # type: ignore[arg-type]


def field(name: str, value: str) -> dict[str, str]:
    return {"Type": "TERM_MATCH", "Field": name, "Value": value}


def test_one_type_has_its_list_price() -> None:
    answer = ask(Filters=[field("instanceType", "g5.2xlarge")])
    (product,) = [json.loads(text) for text in answer["PriceList"]]
    assert product["product"]["attributes"]["instanceType"] == "g5.2xlarge"
    (term,) = product["terms"]["OnDemand"].values()
    (dimension,) = term["priceDimensions"].values()
    assert float(dimension["pricePerUnit"]["USD"]) == 1.212


def test_pages_cover_everything_once() -> None:
    names: list[str] = []
    token = None
    while True:
        answer = ask(Filters=[field("productFamily", "Compute Instance")], **({"NextToken": token} if token else {}))
        assert len(answer["PriceList"]) <= PAGE
        names += [json.loads(text)["product"]["attributes"]["instanceType"] for text in answer["PriceList"]]
        token = answer.get("NextToken")
        if not token:
            break
    assert len(names) == len(set(names)) > 500
    assert not [name for name in names if ".metal" in name]


def test_nothing_but_linux_instances() -> None:
    assert ask(ServiceCode="AmazonS3")["PriceList"] == []
    assert ask(Filters=[field("operatingSystem", "Windows")])["PriceList"] == []
