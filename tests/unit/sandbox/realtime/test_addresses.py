"""Where a WebRTC client finds the sandbox."""

from __future__ import annotations

from aioice import ice

from agent.sandbox.realtime.webrtc.addresses import LOOPBACK, host_addresses, offer_them


def test_a_machine_in_no_network_is_found_at_its_own_address() -> None:
    """Its page and its sandbox are on the same machine then."""
    assert host_addresses(False, False) == [LOOPBACK]
    assert host_addresses(True, True)


def test_offering_them_twice_changes_nothing() -> None:
    """Each call does it."""
    offer_them()
    offer_them()
    assert ice.get_host_addresses(False, False) == [LOOPBACK]
