"""Compares lists of properties with what AWS's own resource schemas say: which ones replace or restart a resource.

Argument: a JSON file that names, by type, the properties that lib/plan/change/replacing.ts calls replacing. Each property
that a schema calls create-only, or conditionally so, must be there, or stand here with the reason why not.
"""

import json
import sys

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

# Not in the lists although a schema says so, by the reason.
LEFT_OUT = {
    "in a VPC, which every gateway is in, EC2 changes the groups of a running instance": {
        "AWS::EC2::Instance": {"SecurityGroupIds"},
    },
    "key pairs of the stack have no tags": {"AWS::EC2::KeyPair": {"Tags"}},
}
# In the lists although no schema says so, by the reason.
ADDED = {
    "a new version of a launch template is another value of the instance's LaunchTemplate": {
        "AWS::EC2::LaunchTemplate": {"LaunchTemplateData", "VersionDescription"},
    },
}


def replacing(name):
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", name).schema
    paths = [*schema.get("createOnlyProperties", []), *schema.get("conditionalCreateOnlyProperties", [])]
    return {path.split("/")[2] for path in paths}


def main():
    problems = []
    with open(sys.argv[1]) as file:
        lists = json.load(file)
    for name, listed in lists.items():
        wanted = replacing(name)
        for reasons in LEFT_OUT.values():
            wanted -= reasons.get(name, set())
        for reasons in ADDED.values():
            wanted |= reasons.get(name, set())
        problems += [f"{name}: {one} is missing" for one in wanted - set(listed)]
        problems += [f"{name}: {one} replaces nothing" for one in set(listed) - wanted]
    print("\n".join(sorted(problems)) or "the schemas agree")
    return 1 if problems else 0


sys.exit(main())
