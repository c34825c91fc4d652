"""Says that this process is ready, to whoever started it and asked to be told.

This is systemd's notification protocol (sd_notify(3), section "NOTES"): the starter names a
datagram socket in `NOTIFY_SOCKET`. The development stack listens there, and so does a systemd unit
with `Type=notify`.
"""

import os
import socket


def notify_ready() -> None:
    """Send READY=1 to the socket in NOTIFY_SOCKET. Does nothing where nobody asked for it."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]  # Linux's abstract sockets, as systemd writes them
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"READY=1", address)
