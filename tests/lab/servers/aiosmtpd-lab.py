#!/usr/bin/python3
"""aiosmtpd-lab.py ADDRESS CERTIFICATE KEY - aiosmtpd with STARTTLS, TLS 1.1 and 1.2 with forward secrecy.

Its way to refuse a hello is to close the connection without an alert.
"""
import asyncio
import ssl
import sys

from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP


async def main(address, certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM:ECDHE+AES:@SECLEVEL=0")
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: SMTP(Sink(), hostname="aiosmtpd.mx.test", tls_context=context),
                             address, 25, backlog=511)
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
