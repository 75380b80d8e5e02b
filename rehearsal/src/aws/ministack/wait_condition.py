"""AWS::CloudFormation::WaitConditionHandle and AWS::CloudFormation::WaitCondition.

ministack has both, but its handle is a random token on its own port; here it is a URL as AWS makes it. A condition with
a CreationPolicy has no handle: see creation_signal.py.
"""

import json
from urllib.parse import unquote, urlsplit

import creation_signal
from engine import provisioners, register, stack_id_of
from ministack.core.responses import new_uuid
from ministack.services.cloudformation import wait_conditions

HANDLE = "AWS::CloudFormation::WaitConditionHandle"
CONDITION = "AWS::CloudFormation::WaitCondition"


def install(signer, store):
    def create_handle(logical_id, properties, stack_name):
        url = signer.url(stack_id_of(stack_name), logical_id)
        return url, {"Ref": url, "Id": new_uuid()}

    def create_condition(logical_id, properties, stack_name):
        stack_id = stack_id_of(stack_name)
        physical_id = f"{stack_id}/{logical_id}"
        if creation_signal.has_policy(stack_name, logical_id):
            return physical_id, creation_signal.create(logical_id, properties, stack_name)
        path = unquote(urlsplit(properties.get("Handle", "")).path)
        bucket_and_stack, _, handle_id = path.rpartition("/")
        if not bucket_and_stack.endswith(f"/{stack_id}"):
            raise ValueError(f"Handle of {logical_id} must be the Ref of a {HANDLE} of this stack")
        count = wait_conditions.validate_count(properties.get("Count"), logical_id)
        timeout = wait_conditions.validate_timeout_seconds(properties.get("Timeout"), logical_id)
        data = store.wait((stack_id, handle_id), count, timeout)
        return physical_id, {"Data": json.dumps(data, separators=(",", ":"))}

    def nothing(physical_id, properties):
        """Signals outlive their handle."""

    register(HANDLE, create_handle, nothing, tagged=False)
    # "Update to resource type ... is not supported", in AWS's words.
    register(CONDITION, create_condition, nothing, provisioners._cfn_wait_condition_update, tagged=False)
