# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

"""On-demand capacity reservations and capacity blocks; moto has none."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from rehearsal.aws.account import ACCOUNT, arn, backend, now
from rehearsal.aws.ec2_filters import matching
from rehearsal.aws.ec2_instances import tags_by_kind
from rehearsal.aws.errors import AwsError
from rehearsal.aws.operations import Context, Result, operation

#: Region -> id -> reservation.
RESERVATIONS: dict[str, dict[str, dict[str, Any]]] = {}
FIELDS = {
    "instance-type": "InstanceType",
    "owner-id": "OwnerId",
    "instance-platform": "InstancePlatform",
    "availability-zone": "AvailabilityZone",
    "tenancy": "Tenancy",
    "state": "State",
    "instance-match-criteria": "InstanceMatchCriteria",
    "reservation-type": "ReservationType",
}


@operation("ec2", "CreateCapacityReservation")
def create_capacity_reservation(context: Context) -> Result:
    """Reserve capacity for instances of one type in one zone."""
    params = context.params
    if context.lacks_capacity(params["InstanceType"], params.get("AvailabilityZone", ""), "on-demand"):
        raise AwsError(
            "InsufficientInstanceCapacity",
            f"Insufficient capacity for {params['InstanceType']} in {params.get('AvailabilityZone')}.",
            500,
        )
    count, reservation_id = int(params["InstanceCount"]), f"cr-{secrets.token_hex(9)[:17]}"
    reservation = {
        "CapacityReservationId": reservation_id,
        "OwnerId": ACCOUNT,
        "CapacityReservationArn": arn("ec2", f"capacity-reservation/{reservation_id}", context.region),
        "InstanceType": params["InstanceType"],
        "InstancePlatform": params["InstancePlatform"],
        "AvailabilityZone": params.get("AvailabilityZone"),
        "Tenancy": params.get("Tenancy") or "default",
        "TotalInstanceCount": count,
        "AvailableInstanceCount": count,
        "EbsOptimized": bool(params.get("EbsOptimized")),
        "EphemeralStorage": bool(params.get("EphemeralStorage")),
        "State": "active",
        "StartDate": now(),
        "EndDate": params.get("EndDate"),
        "EndDateType": params.get("EndDateType") or "unlimited",
        "InstanceMatchCriteria": params.get("InstanceMatchCriteria") or "open",
        "CreateDate": now(),
        "ReservationType": "default",
    }
    reservation = {key: value for key, value in reservation.items() if value is not None}
    RESERVATIONS.setdefault(context.region, {})[reservation_id] = reservation
    tags = tags_by_kind(params.get("TagSpecifications", [])).get("capacity-reservation", {})
    if tags:
        backend("ec2", context.region).tags[reservation_id].update(tags)
    return {"CapacityReservation": shown(context.region, reservation)}


def shown(region: str, reservation: dict[str, Any]) -> dict[str, Any]:
    """A reservation with its tags."""
    tags = backend("ec2", region).tags.get(reservation["CapacityReservationId"], {})
    return {**reservation, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _find(context: Context) -> dict[str, Any]:
    wanted = context.params["CapacityReservationId"]
    reservation = RESERVATIONS.get(context.region, {}).get(wanted)
    if reservation is None:
        raise AwsError("InvalidCapacityReservationId.NotFound", f"The capacity reservation '{wanted}' does not exist")
    return reservation


@operation("ec2", "DescribeCapacityReservations")
def describe_capacity_reservations(context: Context) -> Result:
    """List reservations, all or those of the given ids and filters."""
    every = RESERVATIONS.get(context.region, {})
    ids = context.params.get("CapacityReservationIds") or list(every)
    for wanted in ids:
        if wanted not in every:
            raise AwsError(
                "InvalidCapacityReservationId.NotFound", f"The capacity reservation '{wanted}' does not exist"
            )
    found = [shown(context.region, every[wanted]) for wanted in ids]
    return {"CapacityReservations": matching(found, context.params.get("Filters"), FIELDS)}


@operation("ec2", "ModifyCapacityReservation")
def modify_capacity_reservation(context: Context) -> Result:
    """Change size or end of a reservation."""
    reservation, params = _find(context), context.params
    if "InstanceCount" in params:
        used = reservation["TotalInstanceCount"] - reservation["AvailableInstanceCount"]
        reservation["TotalInstanceCount"] = int(params["InstanceCount"])
        reservation["AvailableInstanceCount"] = int(params["InstanceCount"]) - used
    for member in ("EndDate", "EndDateType", "InstanceMatchCriteria"):
        if member in params:
            reservation[member] = params[member]
    return {"Return": True}


@operation("ec2", "CancelCapacityReservation")
def cancel_capacity_reservation(context: Context) -> Result:
    """Give a reservation back; it stays visible as cancelled."""
    reservation = _find(context)
    if reservation["ReservationType"] == "capacity-block":
        raise AwsError("UnsupportedOperation", "A Capacity Block reservation cannot be cancelled before it ends.", 400)
    reservation.update(State="cancelled", AvailableInstanceCount=0)
    return {"Return": True}


#: What a GPU instance costs by the hour in a capacity block (US dollars), and which types have blocks.
BLOCK_PRICES = {
    "p4d.24xlarge": 11.8,
    "p4de.24xlarge": 14.75,
    "p5.48xlarge": 31.46,
    "p5e.48xlarge": 34.61,
    "p5en.48xlarge": 36.18,
    "p6-b200.48xlarge": 74.88,
    "trn1.32xlarge": 9.53,
    "trn2.48xlarge": 35.76,
}
#: Offerings that were shown, so that they can be bought.
_OFFERINGS: dict[str, dict[str, Any]] = {}


@operation("ec2", "DescribeCapacityBlockOfferings")
def describe_capacity_block_offerings(context: Context) -> Result:
    """Offer one block in the first zone, from the next morning (11:30 UTC) in the asked range on."""
    params = context.params
    kind, hours = str(params.get("InstanceType", "")), int(params["CapacityDurationHours"])
    count, zone = int(params.get("InstanceCount") or 1), f"{context.region}a"
    if kind not in BLOCK_PRICES:
        raise AwsError("InvalidParameterValue", f"Capacity Blocks are not supported for instance type {kind}.")
    if hours % 24:
        raise AwsError(
            "InvalidParameterValue", f"Invalid capacity duration: {hours}. It must be a multiple of 24 hours."
        )
    if context.lacks_capacity(kind, zone, "reserved"):
        return {"CapacityBlockOfferings": []}
    earliest = max(_in_utc(params.get("StartDateRange")) or now(), now())
    start = earliest.replace(hour=11, minute=30, second=0)
    start += timedelta(days=1) if start <= earliest else timedelta()
    end = start + timedelta(hours=hours)
    latest = _in_utc(params.get("EndDateRange"))
    if latest is not None and end > latest:
        return {"CapacityBlockOfferings": []}
    offering = {
        "CapacityBlockOfferingId": f"cb-{secrets.token_hex(9)[:17]}",
        "InstanceType": kind,
        "AvailabilityZone": zone,
        "InstanceCount": count,
        "StartDate": start,
        "EndDate": end,
        "CapacityBlockDurationHours": hours,
        "UpfrontFee": f"{BLOCK_PRICES[kind] * hours * count:.4f}",
        "CurrencyCode": "USD",
        "Tenancy": "default",
    }
    _OFFERINGS[str(offering["CapacityBlockOfferingId"])] = offering
    return {"CapacityBlockOfferings": [offering]}


def _in_utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


@operation("ec2", "PurchaseCapacityBlock")
def purchase_capacity_block(context: Context) -> Result:
    """Buy an offered block: a reservation that becomes active at its start and cannot be cancelled."""
    params = context.params
    offering = _OFFERINGS.pop(params["CapacityBlockOfferingId"], None)
    if offering is None:
        raise AwsError(
            "InvalidCapacityBlockOfferingId.NotFound",
            f"The Capacity Block offering '{params['CapacityBlockOfferingId']}' does not exist.",
        )
    reservation_id = f"cr-{secrets.token_hex(9)[:17]}"
    reservation = {
        "CapacityReservationId": reservation_id,
        "OwnerId": ACCOUNT,
        "CapacityReservationArn": arn("ec2", f"capacity-reservation/{reservation_id}", context.region),
        "InstanceType": offering["InstanceType"],
        "InstancePlatform": params.get("InstancePlatform") or "Linux/UNIX",
        "AvailabilityZone": offering["AvailabilityZone"],
        "Tenancy": "default",
        "TotalInstanceCount": offering["InstanceCount"],
        "AvailableInstanceCount": 0,
        "EbsOptimized": True,
        "EphemeralStorage": False,
        "State": "scheduled",
        "StartDate": offering["StartDate"],
        "EndDate": offering["EndDate"],
        "EndDateType": "limited",
        "InstanceMatchCriteria": "targeted",
        "CreateDate": now(),
        "ReservationType": "capacity-block",
    }
    RESERVATIONS.setdefault(context.region, {})[reservation_id] = reservation
    tags = tags_by_kind(params.get("TagSpecifications", [])).get("capacity-reservation", {})
    if tags:
        backend("ec2", context.region).tags[reservation_id].update(tags)
    return {"CapacityReservation": shown(context.region, reservation)}
