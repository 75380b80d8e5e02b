"""Alarms on expressions, models of what is usual, and saved queries. Nothing measures or asks here, so the rehearsal only needs them to be
created and deleted.

ministack takes alarms on one metric alone. One on an expression is kept as one on the first metric in it.
"""

from engine import register, with_properties

# What nothing in the rehearsal looks at, and which change of theirs makes a new one (the schemas' createOnlyProperties).
_UNSEEN = {
    "AWS::CloudWatch::AnomalyDetector": (
        "Dimensions",
        "MetricMathAnomalyDetector",
        "MetricName",
        "Namespace",
        "SingleMetricAnomalyDetector",
        "Stat",
    ),
    "AWS::Logs::QueryDefinition": (),
}


def on_one_metric(properties):
    if "Metrics" not in properties:
        return properties
    stat = next(one["MetricStat"] for one in properties["Metrics"] if "MetricStat" in one)
    rest = {name: value for name, value in properties.items() if name not in ("Metrics", "ThresholdMetricId")}
    return {"Threshold": 0, **rest, **stat["Metric"], "Period": stat["Period"], "Statistic": stat["Stat"]}


def create(logical_id, properties, stack_name):
    physical_id = f"{stack_name}-{logical_id}"
    return physical_id, {"Id": physical_id, "QueryDefinitionId": physical_id}


def update(physical_id, old, new, stack_name):
    return physical_id, {"Id": physical_id, "QueryDefinitionId": physical_id}


def delete(physical_id, properties):
    """There is nothing to delete."""


def install():
    with_properties("AWS::CloudWatch::Alarm", on_one_metric)
    for resource_type, replaced_by in _UNSEEN.items():
        register(resource_type, create, delete, update, replaced_by=replaced_by, tagged=False)
