"""Interfaces as a Raspberry Pi's kernel shows them."""

from pathlib import Path

from hardware.network.interfaces import Interface, LinuxNetworks, Medium

WIRELESS = """Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
 wlan0: 0000   58.  -52.  -256        0      0      0      0      0        0
"""


def machine(root: Path, **carriers: str) -> Path:
    for name, carrier in carriers.items():
        folder = root / "sys/class/net" / name
        folder.mkdir(parents=True)
        (folder / "carrier").write_text(f"{carrier}\n", "utf-8")
        if name.startswith("eth"):
            (folder / "device").mkdir()
        if name.startswith("wl"):
            (folder / "wireless").mkdir()
    proc = root / "proc/net"
    proc.mkdir(parents=True)
    (proc / "wireless").write_text(WIRELESS, "utf-8")
    return root


def test_a_pi_with_cable_out_and_wifi_in(tmp_path: Path) -> None:
    networks = LinuxNetworks(machine(tmp_path, eth0="0", wlan0="1", lo="1", docker0="1"))
    assert networks.interfaces() == (
        Interface("eth0", Medium.CABLE, connected=False),
        Interface("wlan0", Medium.WIFI, connected=True, bars=4),
    )


def test_an_interface_that_is_down_has_no_carrier_to_read(tmp_path: Path) -> None:
    root = machine(tmp_path, wwan0="1")
    (root / "sys/class/net/wwan0/carrier").unlink()
    assert LinuxNetworks(root).interfaces() == (Interface("wwan0", Medium.MOBILE, connected=False),)


def test_no_network_at_all(tmp_path: Path) -> None:
    assert LinuxNetworks(tmp_path).interfaces() == ()
