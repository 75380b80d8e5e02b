"""Wait conditions with a CreationPolicy and no handle: SignalResource signals them.

ministack has the waiting and the signals: one counts only while its resource waits, so that a host that is faster than
the stack is refused and has to try again, and nothing of an earlier operation is ever met. Here are CloudFormation's
words for it: the events of an instance with a CreationPolicy (issues widdix/aws-ec2-ssh#137 and aws/aws-cli#7133; those
of a wait condition are documented nowhere), and the refusal of aws-cloudformation/aws-cloudformation-templates#34.
"""

import re

from engine import action, provisioners, resource_definition, stack_of, take_over


def has_policy(stack_name, logical_id):
    return "CreationPolicy" in resource_definition(stack_name, logical_id)


def create(logical_id, properties, stack_name):
    """Block until the policy is met. Returns the attributes."""
    try:
        return provisioners._cfn_wait_condition_create(logical_id, properties, stack_name)[1]
    except RuntimeError as failure:
        (unique_id,) = re.findall(r"for uniqueId: (.*)$", str(failure))
        raise ValueError(f"Received FAILURE signal with UniqueId {unique_id}") from failure
    except TimeoutError as late:
        came, expected = map(int, re.findall(r"\d+", str(late)))
        raise ValueError(
            f"Failed to receive {expected - came} resource signal(s) within the specified duration"
        ) from late


def install():
    signal = action("SignalResource")

    def by_its_arn(parameters):
        status, headers, body = signal(parameters)
        stack = stack_of(parameters)
        if stack is not None:
            words = f"Stack [{stack['StackName']}] is in ".encode(), f"Stack {stack['StackId']} is in ".encode()
            body = body.replace(*words)
        return status, headers, body

    take_over("SignalResource", by_its_arn)
