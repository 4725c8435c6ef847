"""Where do the tests run? In a network namespace of their own with nothing but `lo`, where every address of the internet answers on
this machine. So a test may use public-looking addresses and ports 80 and 443, and no packet can leave, whatever egressd does."""

import ctypes
import os
import subprocess

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000

_entered = False


def _map_to_root(uid, gid):
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


def enter():
    """Moves this process (and its later threads and children) into new network and mount namespaces. Before any thread is started."""
    global _entered
    if _entered:
        return
    uid, gid = os.getuid(), os.getgid()
    flags = CLONE_NEWNET | CLONE_NEWNS | (0 if uid == 0 else CLONE_NEWUSER)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        code = ctypes.get_errno()
        raise RuntimeError(
            f"cannot make a network namespace: {os.strerror(code)}; run as root, or allow unprivileged user namespaces"
        )
    if uid != 0:
        _map_to_root(uid, gid)
    for command in (
        "mount --make-rprivate /",
        "ip link set lo up",
        "ip route add local 0.0.0.0/0 dev lo",
        "ip -6 route add local ::/0 dev lo",
    ):
        subprocess.run(command.split(), check=True)
    interfaces = os.listdir("/proc/self/net/dev_snmp6") if os.path.isdir("/proc/self/net/dev_snmp6") else ["lo"]
    assert interfaces == ["lo"], interfaces
    _entered = True
