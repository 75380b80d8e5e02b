"""A gRPC server by Google's own library; messages are bytes as they are. Arguments: port, name.

/test.Echo/Say      one message for one: {"name", "length", "metadata"} as JSON, a header and a trailer. Metadata x-test-status N: ends with that status
/test.Echo/Count    as many messages as the request says, x-test-pause seconds apart
/test.Echo/Collect  takes a stream, and answers with its messages and bytes
/test.Echo/Chat     each message comes back at once"""

import concurrent.futures
import json
import sys
import time

import grpc


def metadata(context):
    return {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}


def say(request, context):
    asked = metadata(context)
    context.set_trailing_metadata([("x-trailer", "the end")])
    time.sleep(float(asked.get("x-test-pause", 0)))
    context.send_initial_metadata([("x-header", "the beginning"), ("x-powered-by", "a test")])
    if status := int(asked.get("x-test-status", 0)):
        context.abort({code.value[0]: code for code in grpc.StatusCode}[status], "as asked: caf\u00e9 100%")
    return json.dumps({"name": sys.argv[2], "length": len(request), "metadata": asked}).encode()


def count(request, context):
    for number in range(int(request)):
        yield b"%d" % number
        time.sleep(float(metadata(context).get("x-test-pause", 0)))


def collect(requests, _):
    sizes = [len(request) for request in requests]
    return json.dumps({"messages": len(sizes), "bytes": sum(sizes)}).encode()


def chat(requests, _):
    yield from requests


server = grpc.server(concurrent.futures.ThreadPoolExecutor(16), options=[("grpc.max_receive_message_length", -1)])
methods = {
    "Say": grpc.unary_unary_rpc_method_handler(say),
    "Count": grpc.unary_stream_rpc_method_handler(count),
    "Collect": grpc.stream_unary_rpc_method_handler(collect),
    "Chat": grpc.stream_stream_rpc_method_handler(chat),
}
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.Echo", methods)])
server.add_insecure_port(f"[::]:{sys.argv[1]}")
server.start()
print("ready", flush=True)
server.wait_for_termination()
