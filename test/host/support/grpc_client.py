"""A gRPC client by Google's own library, over TLS with whatever certificate the server shows. Arguments: address:port, and a call as
JSON: method, messages (words, or numbers: so many bytes), pause (seconds before each but the first), metadata, deadline (seconds).
Prints what came as JSON: code and details of the status, messages, headers (of a call that went well), trailers."""

import json
import ssl
import sys
import time

import grpc

address, call = sys.argv[1], json.loads(sys.argv[2])
host, port = address.rsplit(":", 1)
certificate = ssl.get_server_certificate((host.strip("[]"), int(port))).encode()
method = call["method"]
streams = method in ("Collect", "Chat"), method in ("Count", "Chat")


def requests():
    for i, message in enumerate(call["messages"]):
        if i:
            time.sleep(call.get("pause", 0))
        yield message.encode() if isinstance(message, str) else b"x" * message


options = [("grpc.ssl_target_name_override", "x"), ("grpc.max_receive_message_length", -1), ("grpc.enable_retries", 0)]
with grpc.secure_channel(address, grpc.ssl_channel_credentials(certificate), options) as channel:
    path = f"{call.get('prefix', '')}/test.Echo/{method}"
    words = {"metadata": list(call.get("metadata", {}).items()), "timeout": call.get("deadline", 60)}
    got, headers, trailers = [], [], []
    try:
        if streams[1]:
            made = (channel.stream_stream if streams[0] else channel.unary_stream)(path)
            running = made(requests() if streams[0] else next(requests()), **words)
            for message in running:
                got.append(message.decode())
        else:
            made = (channel.stream_unary if streams[0] else channel.unary_unary)(path)
            answer, running = made.with_call(requests() if streams[0] else next(requests()), **words)
            got.append(answer.decode())
        code, details, trailers = running.code(), running.details(), running.trailing_metadata()
        headers = running.initial_metadata()
    except grpc.RpcError as error:
        code, details, trailers = error.code(), error.details(), error.trailing_metadata()
told = {
    "code": code.value[0],
    "details": details,
    "messages": got,
    "headers": dict(headers),
    "trailers": dict(trailers or []),
}
print(json.dumps(told))
