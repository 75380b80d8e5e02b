"""Compares the deployer's policies in docs/operations with what AWS's own resource schemas say a template needs.

Every permission that a handler of one of their types lists must be in the policy, or
stand here with the reason why this stack never needs it. The schemas are those that cfn-lint brings along.
"""

import argparse
import fnmatch
import json
import re
import sys

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

# Permissions that the schemas list for features that the stack does not use, by the feature.
UNUSED = {
    "address transfers between accounts": ["ec2:AcceptAddressTransfer"],
    "data volumes of their own": ["ec2:AttachVolume", "ec2:DetachVolume"],
    "detailed monitoring, placement, maintenance options, DNS name options": [
        "ec2:ModifyInstanceMaintenanceOptions",
        "ec2:ModifyInstancePlacement",
        "ec2:ModifyPrivateDnsNameOptions",
        "ec2:MonitorInstances",
        "ec2:UnmonitorInstances",
    ],
    "SSM associations of an instance": [
        "ssm:CreateAssociation",
        "ssm:DeleteAssociation",
        "ssm:DescribeAssociation",
        "ssm:ListAssociations",
    ],
    "key pairs whose private half AWS makes and keeps": ["ec2:CreateKeyPair"],
    "lists of all topics and subscriptions, topics that protect data": [
        "sns:ListSubscriptions",
        "sns:ListTopics",
        "sns:PutDataProtectionPolicy",
    ],
    "lists of all dashboards": ["cloudwatch:ListDashboards"],
    "older balancers, VPC Lattice, topics, instance refreshes and managed fleets of an Auto Scaling group": [
        "autoscaling:AttachLoadBalancers",
        "autoscaling:AttachTrafficSources",
        "autoscaling:CancelInstanceRefresh",
        "autoscaling:DeleteNotificationConfiguration",
        "autoscaling:DetachLoadBalancers",
        "autoscaling:DetachTrafficSources",
        "autoscaling:PutNotificationConfiguration",
        "autoscaling:StartInstanceRefresh",
        "managed-fleets:CreateAutoScalingGroup",
        "managed-fleets:DeleteAutoScalingGroup",
        "managed-fleets:DeregisterAutoScalingGroup",
        "managed-fleets:Get*",
        "managed-fleets:RegisterAutoScalingGroup",
        "managed-fleets:UpdateAutoScalingGroup",
        "vpc-lattice:DeregisterTargets",
        "vpc-lattice:GetTargetGroup",
        "vpc-lattice:ListTargets",
        "vpc-lattice:RegisterTargets",
    ],
    "whatever else a group's launch template may name: what ours names is in the policies by its own name": [
        "ec2:Describe*",
        "ec2:Get*",
        "ssm:Get*",
    ],
    "scaling by forecasts": ["cloudwatch:GetMetricData"],
    "listeners with logins, targets by address, reserved capacity and IP pools of a balancer": [
        "cognito-idp:DescribeUserPoolClient",
        "elasticloadbalancing:DeregisterTargets",
        "elasticloadbalancing:ModifyCapacityReservation",
        "elasticloadbalancing:ModifyIpPools",
        "elasticloadbalancing:RegisterTargets",
    ],
    "VPN gateways": ["ec2:AttachVpnGateway", "ec2:DetachVpnGateway"],
    "address pools of IPAM": ["ec2:AllocateIpamPoolCidr", "ec2:DescribeIpamPools"],
    "VPC encryption control and tenancy": ["ec2:CreateVpcEncryptionControl", "ec2:ModifyVpcTenancy"],
    "flow logs to S3, or of other services": [
        "autoscaling:DescribeTags",
        "s3:GetBucketPolicy",
        "s3:PutBucketPolicy",
    ],
    "policies of users and groups": [
        "iam:DeleteGroupPolicy",
        "iam:DeleteUserPolicy",
        "iam:GetGroupPolicy",
        "iam:GetUserPolicy",
        "iam:PutGroupPolicy",
        "iam:PutUserPolicy",
    ],
    "managed policies and boundaries of roles": [
        "iam:AttachRolePolicy",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DetachRolePolicy",
        "iam:PutRolePermissionsBoundary",
    ],
    "log groups with keys, policies, indexes, protection": [
        "firehose:TagDeliveryStream",
        "logs:AssociateKmsKey",
        "logs:DeleteDataProtectionPolicy",
        "logs:DeleteIndexPolicy",
        "logs:DeleteResourcePolicy",
        "logs:DescribeResourcePolicies",
        "logs:DisassociateKmsKey",
        "logs:PutBearerTokenAuthentication",
        "logs:PutDataProtectionPolicy",
        "logs:PutIndexPolicy",
        "logs:PutLogGroupDeletionProtection",
        "logs:PutResourcePolicy",
        "s3:REST.PUT.OBJECT",
    ],
}
# Nothing lists these: EC2 looks the image up, and the CDK's VPC asks for zones.
BEYOND_SCHEMAS = {"ssm:GetParameters", "ec2:DescribeAvailabilityZones", "ec2:DescribeImages"}


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: characters of a managed policy, without white space.
LONGEST = 6144

# Types whose schemas list none. By the API's own actions.
WITHOUT_HANDLERS = {
    "AWS::CloudWatch::AnomalyDetector": [
        "cloudwatch:DeleteAnomalyDetector",
        "cloudwatch:DescribeAnomalyDetectors",
        "cloudwatch:PutAnomalyDetector",
    ]
}


def allowed(policies):
    actions = set()
    for statement in [one for policy in policies for one in json.loads(policy)["Statement"]]:
        action = statement["Action"]
        actions.update([action] if isinstance(action, str) else action)
    return actions


def of_type(name):
    if name in WITHOUT_HANDLERS:
        return WITHOUT_HANDLERS[name]
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", name).schema
    return [action for handler in schema["handlers"].values() for action in handler.get("permissions", [])]


def needed(template):
    """By action, the types that want it. The wait types have no schema: CloudFormation itself carries them."""
    wanted = {}
    for resource in template["Resources"].values():
        if resource["Type"].startswith("AWS::CloudFormation::Wait") or resource["Type"] == "AWS::CDK::Metadata":
            continue
        for action in of_type(resource["Type"]):
            wanted.setdefault(action, set()).add(resource["Type"])
    return wanted


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--policies", nargs="+", required=True, type=argparse.FileType())
    parser.add_argument("--templates", nargs="+", required=True)
    args = parser.parse_args()
    policies = {file.name: file.read() for file in args.policies}
    have = allowed(policies.values())
    wanted = {}
    for name in args.templates:
        with open(name) as file:
            for action, types in needed(json.load(file)).items():
                wanted.setdefault(action, set()).update(types)
    unused = {action for actions in UNUSED.values() for action in actions}
    problems = [
        f"missing: {action} (for {', '.join(sorted(wanted[action]))})"
        for action in wanted.keys() - have - unused
        if not any(fnmatch.fnmatchcase(action, pattern) for pattern in have)
    ]
    problems += [f"needed by nothing: {action}" for action in have - wanted.keys() - BEYOND_SCHEMAS]
    problems += [f"called unused, but allowed: {action}" for action in have & unused]
    problems += [f"called unused, but no schema lists it: {action}" for action in unused - wanted.keys()]
    problems += [f"missing: {action}" for action in BEYOND_SCHEMAS - have]
    sizes = {name: len(re.sub(r"\s", "", policy)) for name, policy in policies.items()}
    problems += [f"longer than {LONGEST} characters: {name} ({size})" for name, size in sizes.items() if size > LONGEST]
    print(
        "\n".join(sorted(problems)) or f"{len(have)} actions for {len(wanted)} that the schemas list: as it should be"
    )
    return 1 if problems else 0


sys.exit(main())
