"""Passes TCP connections on to a unix socket, byte by byte.

The local AWS endpoint listens on unix sockets, so that it needs no port of the user's machine; inside the lab it has
names, addresses and ports, which is this program. With a certificate it speaks TLS, as AWS's services do.
"""

import argparse
import asyncio
import ssl


async def pump(reader, writer, has_halves):
    """Until one side has said all. TLS has no half of a connection, so there that is the end of both."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        if has_halves:
            writer.write_eof()
        else:
            writer.close()
    except ConnectionError:
        writer.close()


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, default=80)
    parser.add_argument("--socket", required=True)
    parser.add_argument("--certificate", help="with its key; default: no TLS")
    options = parser.parse_args()
    tls = None
    if options.certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options.certificate)

    async def serve(reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_unix_connection(options.socket)
        except OSError as error:
            print(f"{options.socket}: {error}", flush=True)
            writer.close()
            return
        await asyncio.gather(pump(reader, far_writer, tls is None), pump(far_reader, writer, tls is None))
        writer.close()
        far_writer.close()

    server = await asyncio.start_server(serve, options.address, options.port, ssl=tls)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
