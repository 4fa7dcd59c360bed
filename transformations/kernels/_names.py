"""The one mangler: every name of a model that reaches generated code passes through here."""

from __future__ import annotations

import re
from hashlib import sha256

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_RESERVED_PREFIX = re.compile(r"(?i:aic_)|__|_[A-Z]", re.ASCII)
_LONGEST = 48

# Keywords of C, C++, OpenCL C and the names that generated code takes from standard headers.
_KEYWORDS = """
    alignas alignof and and_eq asm atomic_cancel auto bitand bitor bool break case catch char class
    compl concept const const_cast consteval constexpr constinit continue co_await co_return
    co_yield decltype default delete do double dynamic_cast else enum explicit export extern false
    float for friend goto half if inline int long main mutable namespace new noexcept not not_eq
    nullptr operator or or_eq private protected public register reinterpret_cast requires restrict
    return short signed sizeof static static_assert static_cast struct switch template this
    thread_local throw true try typedef typeid typename typeof union unsigned using virtual void
    volatile wchar_t while xor xor_eq kernel global local constant generic pipe read_only write_only
    read_write image1d_t image2d_t image3d_t sampler_t event_t size_t ptrdiff_t intptr_t uintptr_t
    uchar ushort uint ulong int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t stdin
    stdout stderr errno NULL EOF
"""
KEYWORDS = frozenset(_KEYWORDS.split())

# Names of the C library with an underscore, which alone a kernel could have: one that a program defines takes
# the place of the library's in everything that is linked with it.  First the families, then single names; at
# file scope, every name that starts with an underscore is the system's.
_SYSTEM_FAMILIES = """
    aio argp argz arc4random backtrace bsd clnt clock cnd dl dn envz epoll ether eventfd explicit fanotify
    fmaximum fminimum fts fts64 gai getdate getopt gnu h iconv if in6addr inet inet6 inotify key lio malloc
    mcheck memfd mq mtx nl ns ntp obstack omp parse pidfd pkey pmap posix printf pthread re register res rpc
    sched sem shm svc svcerr sys sysv thrd timer timerfd timespec tr tss xdr xdrrec xprt
"""
_SYSTEM_NAMES = """
    aligned_alloc arch_prctl authdes_create authdes_getucred authdes_pk_create authnone_create
    authunix_create authunix_create_default bind_textdomain_codeset call_once canonicalize_file_name
    cbc_crypt clntraw_create clnttcp_create clntudp_bufcreate clntudp_create clntunix_create close_range
    copy_file_range create_module delete_module des_setparity ecb_crypt error_at_line error_message_count
    error_one_per_line error_print_progname get_avphys_pages get_current_dir_name get_kernel_syms
    get_myaddress get_nprocs get_nprocs_conf get_phys_pages getaddrinfo_a glob_pattern_p group_member
    init_module iruserok_af login_tty modify_ldt mount_setattr move_mount name_to_handle_at on_exit
    open_by_handle_at open_memstream open_tree open_wmemstream pivot_root process_madvise process_mrelease
    process_vm_readv process_vm_writev program_invocation_name program_invocation_short_name query_module
    quick_exit at_quick_exit rcmd_af remap_file_pages rexec_af rresvport_af ruserok_af secure_getenv
    sigabbrev_np sigdescr_np strerrordesc_np strerrorname_np svcauthdes_stats svcfd_create svcraw_create
    svctcp_create svcudp_bufcreate svcudp_create svcudp_enablecache svcunix_create svcunixfd_create
    sync_file_range xdrmem_create xdrstdio_create
"""
_SYSTEM = re.compile(
    rf"(?:{'|'.join(_SYSTEM_FAMILIES.split())})_.*|_.*|.*_(?:r|l|unlocked)|{'|'.join(_SYSTEM_NAMES.split())}"
)


def is_c_identifier(text: str) -> bool:
    """Whether generated code may use ``text`` as it is: an ASCII identifier, not a keyword, not reserved."""
    return bool(_IDENTIFIER.fullmatch(text)) and text not in KEYWORDS and not _RESERVED_PREFIX.match(text)


def c_identifier(text: str) -> str:
    """A C identifier for any text: the text itself where possible, else its letters and a hash of all of it.

    The same text always gives the same name, and two texts never give the same one (up to a collision of 40
    bits of SHA-256): a plain identifier that looks like a hashed name is hashed too.
    """
    if is_c_identifier(text) and len(text) <= _LONGEST and not re.search(r"_x[0-9a-f]{10}\Z", text):
        return text
    kept = re.sub(r"[^A-Za-z0-9]+", "_", text, flags=re.ASCII).strip("_")[:_LONGEST]
    stem = kept if kept[:1].isalpha() else f"n_{kept}".rstrip("_")
    stem = f"n_{stem}" if _RESERVED_PREFIX.match(stem) else stem
    name = f"{stem}_x{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"
    assert _IDENTIFIER.fullmatch(name), name
    return name


def kernel_name(component: str, entry: str) -> str:
    """The C identifier of an entry's kernel: ``component_entry``, with a hash where that is ambiguous.

    It is where ``component_entry`` has two readings, and where the C library has or may have that name.
    """
    plain = f"{component}_{entry}"
    return c_identifier(f"{component}::{entry}" if "_" in entry or _SYSTEM.fullmatch(plain) else plain)
