"""What hosts ask of AWS's services, checked as AWS does it: the signature, its time, and the rights of the instance's role.

The metadata service of the lab gives each instance keys that tell whose they are (services/instance.ts). Whoever else
calls, the CDK CLI above all, may do everything here.
"""

import json
import re
from urllib.parse import parse_qs

from engine import ec2, stack_of
from ministack.core import iam_actions, iam_evaluator, sigv4
from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.services import cloudformation, cloudwatch_logs, iam, route53, ssm
from ministack.services.cloudformation import helpers

SECRET = "rehearsal"


class Refused(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def _instance_of(authorization):
    """The instance whose keys these are; None: they are another caller's. A key has room for the end of an id."""
    key = re.search(r"Credential=ASIA([0-9A-F]{16})/", authorization)
    for instance_id, instance in ec2._instances.items():
        if key and instance_id.upper().endswith(key[1]) and instance["State"]["Name"] != "terminated":
            return instance
    return None


def _role_of(instance):
    profile = iam._lookup_instance_profile(arn=(instance.get("IamInstanceProfile") or {}).get("Arn", ""))
    if not profile or not profile["Roles"]:
        raise Refused("UnrecognizedClientException", f"{instance['InstanceId']} has no role, so it has no keys.")
    return profile["Roles"][0]


def _check_signature(method, path, headers, body, query):
    signature = sigv4.parse_header_signature(headers)
    failure = (
        signature
        if isinstance(signature, tuple)
        else sigv4.request_time_failure(signature)
        or sigv4.header_signature_failure(signature, SECRET, method, path, query, headers, body)
    )
    if failure:
        raise Refused(*failure)


def _check_rights(instance, action, resources, keys=None):
    role, account = _role_of(instance), get_account_id()
    principal = f"arn:aws:sts::{account}:assumed-role/{role}/{instance['InstanceId']}"
    policies = iam_evaluator._gather_role_policies(role, account)
    limits = iam_evaluator._permissions_boundary(iam._roles, role, account)
    for resource in resources:
        context = iam_evaluator.EvalContext(
            principal, "AssumedRole", account, action, resource, get_region(), service_context=keys or {}
        )
        result = iam_evaluator.evaluate(context, policies, *limits)
        if result.decision != "Allow":
            denied = result.decision == "Deny"
            raise Refused(
                "AccessDeniedException",
                iam_actions.identity_denial_message(action, principal, resource, denied),
            )


def _of_parameters(_method, _path, headers, body):
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    asked = json.loads(body or b"{}")
    names = asked.get("Names") or [asked.get("Name") or asked.get("Path") or "*"]
    return f"ssm:{action}", [ssm._param_arn(name) for name in names]


def _of_stacks(_method, _path, headers, body):
    asked = parse_qs(body.decode())
    name = helpers._p(asked, "StackName")
    stack = stack_of(asked) or {}
    unknown = f"arn:aws:cloudformation:{get_region()}:{get_account_id()}:stack/{name}/*"
    return f"cloudformation:{helpers._p(asked, 'Action')}", [stack.get("StackId", unknown)]


def _of_log_streams(_method, _path, headers, body):
    asked = json.loads(body or b"{}")
    place = f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{asked.get('logGroupName')}"
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    return f"logs:{action}", [f"{place}:log-stream:{asked.get('logStreamName')}"]


def _of_zones(method, path, _headers, body):
    """The calls of certbot's plug-in, the other ones that name a zone, and what the first one is bound by.
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-rrset-conditions.html"""
    kind, *rest = path.removeprefix("/2013-04-01/").strip("/").split("/")
    if kind == "change":
        return "route53:GetChange", [f"arn:aws:route53:::change/{rest[0]}"]
    if kind != "hostedzone" or not rest:
        return "route53:ListHostedZones" if method == "GET" else "route53:CreateHostedZone", ["*"]
    zone = [f"arn:aws:route53:::hostedzone/{rest[0]}"]
    if rest[1:] != ["rrset"]:
        return "route53:GetHostedZone" if method == "GET" else "route53:DeleteHostedZone", zone
    if method == "GET":
        return "route53:ListResourceRecordSets", zone
    found = {name: set() for name in ("Name", "Type", "Action")}
    for element in route53.fromstring(body.decode()).iter():
        name = element.tag.rpartition("}")[2]
        if name in found:
            found[name].add(element.text)
    place = "route53:changeresourcerecordsets"
    return (
        "route53:ChangeResourceRecordSets",
        zone,
        {
            f"{place}normalizedrecordnames": sorted({name.lower().rstrip(".") for name in found["Name"]}),
            f"{place}recordtypes": sorted(found["Type"]),
            f"{place}actions": sorted(found["Action"]),
        },
    )


def _zone_error(refused):
    return route53._error_response(refused.code.removesuffix("Exception"), str(refused), 403)


def _query_error(refused):
    return helpers._error(refused.code.removesuffix("Exception"), str(refused), 403)


def _json_error(refused):
    return error_response_json(refused.code, str(refused), 400)


def _checked(handler, asked, error):
    async def call(method, path, headers, body, query):
        instance = _instance_of(headers.get("authorization", ""))
        if instance is not None:
            try:
                _check_signature(method, path, headers, body, query)
                _check_rights(instance, *asked(method, path, headers, body))
            except Refused as refused:
                return error(refused)
        return await handler(method, path, headers, body, query)

    return call


def install():
    ssm.handle_request = _checked(ssm.handle_request, _of_parameters, _json_error)
    cloudwatch_logs.handle_request = _checked(cloudwatch_logs.handle_request, _of_log_streams, _json_error)
    route53.handle_request = _checked(route53.handle_request, _of_zones, _zone_error)
    cloudformation.handle_request = _checked(cloudformation.handle_request, _of_stacks, _query_error)
