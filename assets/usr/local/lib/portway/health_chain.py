# Part of rules.py, for gateways with health checks.


# Whether a chain is as the health service left it while targets are out: each has a rule without a jump in its place, and the others
# are the wanted ones. Such a chain is left alone. While all targets are in, it must be as it was rendered, like any other.
def is_kept(old, new):
    was, will = ({rule[rule.find(" -j ") :] for rule in rules if " -j " in rule} for rules in (old, new))
    out = sum(" -j " not in rule for rule in old)
    return out > 0 and was <= will and len(was) + out == len(will)
