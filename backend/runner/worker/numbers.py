"""The numbers of system calls, of x86-64 and of aarch64; the second is missing where that one never had the call."""

from __future__ import annotations

NEVER: dict[str, tuple[int, ...]] = {
    # Other processes: to look into them, to signal them, to leave the own group.
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
    "setsid": (112, 157),
    "setpgid": (109, 154),
    # The kernel itself.
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
    "open_by_handle_at": (304, 265),
    # More of the machine than others have.
    "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274),
    "sched_setparam": (142, 118),
    "sched_setaffinity": (203, 122),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    # To be called instead of calling, which Landlock's ports do not see for every kind of socket.
    "listen": (50, 201),
    # Memory and messages that outlive a run, and are another's to read.
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "shmdt": (67, 197),
    "semget": (64, 190),
    "semop": (65, 193),
    "semctl": (66, 191),
    "semtimedop": (220, 192),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    # What is said of files, which Landlock does not hold: their rights, owners, times and attributes, wherever they are.
    "chmod": (90,),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92,),
    "fchown": (93, 55),
    "lchown": (94,),
    "fchownat": (260, 54),
    "utime": (132,),
    "utimes": (235,),
    "futimesat": (261,),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
}
"""What no flow needs."""
PROGRAMS: dict[str, tuple[int, ...]] = {"execve": (59, 221), "execveat": (322, 281)}
FORKS: dict[str, tuple[int, ...]] = {"fork": (57,), "vfork": (58,)}
LOOKED_AT: dict[str, tuple[int, ...]] = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    "prlimit": (302, 261),
    "prctl": (157, 167),
    "fcntl": (72, 25),
    "ioctl": (16, 29),
    "clone": (56, 220),
    "clone3": (435, 435),
}
"""What depends on what it is asked for."""
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Where the numbers of one stand above, and what the kernel calls it."""


def of(calls: dict[str, tuple[int, ...]], place: int) -> dict[str, int]:
    return {name: numbers[place] for name, numbers in calls.items() if place < len(numbers)}
