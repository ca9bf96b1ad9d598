"""Who may do what: access control lists, and SCRAM credentials."""

import hashlib

from kafka import errors
from kafka.protocol import admin

from front import answers, outcome

acls = []

RESOURCE = ["resource_type", "resource_name", "pattern_type"]
ENTRY = ["principal", "host", "operation", "permission_type"]
ANY, MATCH, PREFIXED = 1, 2, 4


def picked(fields, acl):
    return {field: acl[field] for field in fields}


def matching(wanted):
    """The ACLs that a filter matches."""
    fields = {
        "resource_type": wanted.resource_type_filter,
        "principal": wanted.principal_filter,
        "host": wanted.host_filter,
        "operation": wanted.operation,
        "permission_type": wanted.permission_type,
    }
    name, pattern = wanted.resource_name_filter, wanted.pattern_type_filter
    if pattern != MATCH:
        fields |= {"resource_name": name, "pattern_type": pattern}

    def applies(acl):
        if pattern != MATCH or name is None:
            return True
        if acl["pattern_type"] == PREFIXED:
            return name.startswith(acl["resource_name"])
        return acl["resource_name"] in (name, "*")

    def matches(acl):
        same = (value in (ANY, None, acl[field]) for field, value in fields.items())
        return applies(acl) and all(same)

    return list(filter(matches, acls))


@answers(admin, "CreateAcls")
def create_acls(request, broker):
    def create(new):
        if ":" not in new.principal:
            return outcome(errors.InvalidRequestError, "Could not parse principal")
        acl = {field: getattr(new, field) for field in RESOURCE[:2] + ENTRY}
        acl["pattern_type"] = new.resource_pattern_type
        if acl not in acls:
            acls.append(acl)
        return outcome()

    return {"results": list(map(create, request.creations))}


@answers(admin, "DescribeAcls")
def describe_acls(request, broker):
    resources = {}
    for acl in matching(request):
        resource = picked(RESOURCE, acl)
        entries = resources.setdefault(
            tuple(resource.values()), {**resource, "acls": []}
        )
        entries["acls"].append(picked(ENTRY, acl))
    return {**outcome(), "resources": list(resources.values())}


@answers(admin, "DeleteAcls")
def delete_acls(request, broker):
    # What one filter removes, the next one still matches.
    found = list(map(matching, request.filters))
    acls[:] = [acl for acl in acls if not any(acl in some for some in found)]

    def result(some):
        removed = [{**outcome(), **acl} for acl in some]
        return {**outcome(), "matching_acls": removed}

    return {"filter_results": list(map(result, found))}


# Nobody logs in here, so credentials are looked at when they are set.
PASSWORD = b"secret"
SCRAM_HASHES = {1: "sha256", 2: "sha512"}
LEAST_ITERATIONS = 4096

credentials = {}  # (user, mechanism): iterations


@answers(admin, "DescribeUserScramCredentials")
def describe_scram(request, broker):
    def describe(user):
        infos = [
            {"mechanism": mechanism, "iterations": iterations}
            for (owner, mechanism), iterations in sorted(credentials.items())
            if owner == user
        ]
        result = (
            outcome()
            if infos
            else outcome(errors.ResourceNotFoundError, "No such user")
        )
        return {"user": user, "credential_infos": infos, **result}

    known = sorted({user for user, _ in credentials})
    users = [user.name for user in request.users or []] or known
    return {**outcome(), "results": list(map(describe, users))}


@answers(admin, "AlterUserScramCredentials")
def alter_scram(request, broker):
    def upsert(new):
        salted = hashlib.pbkdf2_hmac(
            SCRAM_HASHES[new.mechanism], PASSWORD, new.salt, new.iterations
        )
        if new.iterations < LEAST_ITERATIONS:
            return outcome(errors.UnacceptableCredentialError, "Too few iterations")
        if new.salted_password != salted:
            return outcome(errors.UnacceptableCredentialError, "Not the password")
        credentials[new.name, new.mechanism] = new.iterations
        return outcome()

    def delete(old):
        if credentials.pop((old.name, old.mechanism), None) is None:
            return outcome(errors.ResourceNotFoundError, "No such credential")
        return outcome()

    results = {new.name: upsert(new) for new in request.upsertions}
    results |= {old.name: delete(old) for old in request.deletions}
    return {"results": [{"user": user, **result} for user, result in results.items()]}
