"""Parameter Store with the limits of its standard tier, which ministack does not know.

Sources: the API reference, the user guide's page on versions, and where those leave the wording open the messages that
users report (issues github-aws-runners/terraform-aws-github-runner#3815, getmoto/moto#3967). Where AWS does not say what
it does (a value's limit is called "4 KB" and "4096 characters", white space at its ends), the stricter reading counts.
"""

import re
import time

from ministack.core.responses import error_response_json
from ministack.services import ssm

BYTES = 4096
VERSIONS = 100
NAMES = 10
LEVELS = 15
ARN_CHARACTERS = 1011

_put = ssm._put_parameter
_get_several = ssm._get_parameters
_delete_several = ssm._delete_parameters
_by_path = ssm._get_parameters_by_path
_select = ssm._select_parameter


class Visibility:
    """How late a new value is seen: on AWS some readers find the old one for a while, or none."""

    def __init__(self):
        self.seconds = 0.0
        self._before = {}

    def changed(self, name, before):
        if self.seconds:
            self._before[name] = (time.monotonic() + self.seconds, before)

    def select(self, name_or_arn):
        until, before = self._before.get(name_or_arn, (0, None))
        if time.monotonic() >= until:
            return _select(name_or_arn)
        return (before, None) if before else (None, "ParameterNotFound")


visibility = Visibility()


def _refused(message, code="ValidationException"):
    return error_response_json(code, message, 400)


def _wrong_name(name):
    if not re.fullmatch(r"[a-zA-Z0-9_.\-/]+", name) or ("/" in name and not name.startswith("/")):
        return _refused(
            'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of '
            "sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the "
            "following 3 symbols .-_"
        )
    if len(name.strip("/").split("/")) > LEVELS:
        return _refused(
            f"A parameter name can have at most {LEVELS} levels: {name}", "HierarchyLevelLimitExceededException"
        )
    if len(ssm._param_arn(name)) > ARN_CHARACTERS:
        return _refused(f"The name with its ARN can have at most {ARN_CHARACTERS} characters: {name}")
    return None


def _wrong_value(value, tier):
    if not value:
        return _constraint("", "value", "Member must have length greater than or equal to 1")
    if "{{" in value:
        return _refused('Parameter value can\'t nest another parameter. Do not use "{{}}" in the value.')
    if tier == "Standard" and len(value.encode()) > BYTES:
        return _refused(
            f"Standard tier parameters support a maximum parameter value of {BYTES} characters. To create a larger "
            "parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see "
            "https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"
        )
    if value != value.strip():
        return _refused("The rehearsal takes no white space at the ends of a value: nobody says whether AWS keeps it.")
    return None


def _constraint(value, field, rule):
    return _refused(f"1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: {rule}")


def put(data):
    name = data.get("Name") or ""
    wrong = _wrong_name(name) or _wrong_value(data.get("Value") or "", data.get("Tier", "Standard"))
    if wrong:
        return wrong
    history = ssm._parameter_history.get(name) or []
    if len(history) >= VERSIONS and data.get("Overwrite") and history[0].get("Labels"):
        return _refused(
            f"You attempted to create a new version of {name} by calling the PutParameter API with the overwrite flag. "
            f"Version {history[0]['Version']}, the oldest version, can't be deleted because it has a label associated "
            "with it. Move the label to another version of the parameter, and try again.",
            "ParameterMaxVersionLimitExceeded",
        )
    before = ssm._parameters.get(name)
    answer = _put(data)
    if answer[0] < 400:
        del ssm._parameter_history[name][:-VERSIONS]
        visibility.changed(name, before)
    return answer


def _at_most(field, handler):
    """At most ten names in one request."""

    def call(data):
        names = data.get(field) or []
        if len(names) > NAMES:
            return _constraint(
                f"[{', '.join(names)}]",
                field[0].lower() + field[1:],
                f"Member must have length less than or equal to {NAMES}",
            )
        return handler(data)

    return call


def by_path(data):
    asked = data.get("MaxResults", NAMES)
    if asked > NAMES:
        return _constraint(asked, "maxResults", f"Member must have value less than or equal to {NAMES}")
    return _by_path(data)


def install():
    ssm._put_parameter = put
    ssm._get_parameters = _at_most("Names", _get_several)
    ssm._delete_parameters = _at_most("Names", _delete_several)
    ssm._get_parameters_by_path = by_path
    ssm._select_parameter = visibility.select
