"""AWS::EC2::KeyPair with imported public key material. Creating a private key (which AWS keeps in SSM) is left out."""

import base64
import binascii

from engine import drop_tags, ec2, register, set_tags


def _check(material):
    """EC2 imports OpenSSH public keys of RSA and ED25519; anything else is InvalidKey.Format."""
    parts = material.split()
    try:
        blob = base64.b64decode(parts[1], validate=True)
        name = blob[4 : 4 + int.from_bytes(blob[:4], "big")].decode()
    except (IndexError, binascii.Error, ValueError) as error:
        raise ValueError("Key is not in valid OpenSSH public key format") from error
    if parts[0] not in ("ssh-rsa", "ssh-ed25519") or name != parts[0]:
        raise ValueError("Key is not in valid OpenSSH public key format")


def create(logical_id, properties, stack_name):
    name = properties.get("KeyName") or f"{stack_name}-{logical_id}"
    material = properties.get("PublicKeyMaterial")
    if not material:
        raise ValueError("The rehearsal imports key pairs only: KeyPair needs PublicKeyMaterial")
    _check(material)
    if name in ec2._key_pairs:
        raise ValueError(f"The keypair already exists: {name}")
    ec2._import_key_pair({"KeyName": [name]})
    pair = ec2._key_pairs[name]
    pair["PublicKey"] = material
    set_tags(pair["KeyPairId"], properties)
    return name, {"KeyPairId": pair["KeyPairId"], "KeyFingerprint": pair["KeyFingerprint"]}


def delete(physical_id, properties):
    pair = ec2._key_pairs.pop(physical_id, None)
    if pair is not None:
        drop_tags(pair["KeyPairId"])


def describe(parameters):
    """DescribeKeyPairs with IncludePublicKey, which ministack leaves out."""
    status, headers, body = _describe(parameters)
    if status != 200 or ec2._p(parameters, "IncludePublicKey") != "true":
        return status, headers, body
    text = body.decode()
    for pair in ec2._key_pairs.values():
        if pair.get("PublicKey"):
            key_id = f"<keyPairId>{pair['KeyPairId']}</keyPairId>"
            text = text.replace(key_id, f"{key_id}<publicKey>{ec2._esc(pair['PublicKey'])}</publicKey>")
    return status, headers, text.encode()


_describe = ec2._ACTION_MAP["DescribeKeyPairs"]


def install():
    ec2._ACTION_MAP["DescribeKeyPairs"] = describe
    register(
        "AWS::EC2::KeyPair",
        create,
        delete,
        replaced_by=("KeyName", "KeyFormat", "KeyType", "PublicKeyMaterial", "Tags"),
    )
