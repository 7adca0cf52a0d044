namespace CoQuic.Runtime

#nowarn "9" // Layouts that the C library reads.

open System.Runtime.InteropServices
open Microsoft.Win32.SafeHandles
open System.Net.Sockets

/// `struct iovec`.
[<Struct; StructLayout(LayoutKind.Sequential)>]
type internal IoVector =
    { mutable Base: nativeint
      mutable Length: unativeint }

/// `struct msghdr` of 64-bit Linux.
[<Struct; StructLayout(LayoutKind.Sequential)>]
type internal MessageHeader =
    { mutable Name: nativeint
      mutable NameLength: int
      mutable Vectors: nativeint
      mutable VectorCount: unativeint
      mutable Control: nativeint
      mutable ControlLength: unativeint
      mutable Flags: int }

/// `struct pollfd`.
[<Struct; StructLayout(LayoutKind.Sequential)>]
type internal PollDescriptor =
    { Descriptor: int
      mutable Requested: int16
      mutable Returned: int16 }

/// `struct timespec` of 64-bit Linux.
[<Struct; StructLayout(LayoutKind.Sequential)>]
type internal TimeSpec =
    { mutable Seconds: int64
      mutable Nanoseconds: int64 }

/// The calls to the C library on 64-bit Linux, all of them, and the numbers that they take.
module internal Libc =

    [<DllImport("libc", SetLastError = true)>]
    extern nativeint recvmsg(SafeSocketHandle socket, nativeint message, int flags)

    [<DllImport("libc", SetLastError = true)>]
    extern nativeint sendmsg(SafeSocketHandle socket, nativeint message, int flags)

    [<DllImport("libc", SetLastError = true)>]
    extern int ppoll(nativeint descriptors, unativeint count, nativeint timeout, nativeint signalMask)

    [<DllImport("libc", SetLastError = true)>]
    extern SafeFileHandle eventfd(uint32 initial, int flags)

    [<DllImport("libc", SetLastError = true)>]
    extern nativeint write(SafeFileHandle file, uint64& value, unativeint count)

    [<DllImport("libc", SetLastError = true)>]
    extern nativeint read(SafeFileHandle file, uint64& value, unativeint count)

    // Flags of eventfd.
    let EFD_CLOEXEC = 0x80000
    let EFD_NONBLOCK = 0x800

    // Events of ppoll.
    let POLLIN = 1s
    let POLLOUT = 4s
    let POLLERR = 8s

    // Flags of messages.
    let MSG_CTRUNC = 0x8
    let MSG_TRUNC = 0x20
    let MSG_DONTWAIT = 0x40
    let MSG_ERRQUEUE = 0x2000

    // Errors.
    [<Literal>]
    let EINTR = 4

    [<Literal>]
    let EIO = 5

    [<Literal>]
    let EAGAIN = 11

    [<Literal>]
    let EINVAL = 22

    let EMSGSIZE = 90

    [<Literal>]
    let ENOPROTOOPT = 92

    [<Literal>]
    let EOPNOTSUPP = 95

    let ECONNREFUSED = 111

    // Address families.
    let AF_INET = 2us
    let AF_INET6 = 10us

    // Where an error in the queue comes from (SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6).
    let ORIGIN_ICMP = 2uy
    let ORIGIN_ICMP6 = 3uy

    // Option levels, options and control messages.
    let SOL_IP = 0
    let IP_TOS = 1
    let IP_PKTINFO = 8
    let IP_MTU_DISCOVER = 10
    let IP_RECVERR = 11
    let IP_RECVTOS = 13
    let IP_PMTUDISC_PROBE = 3
    let SOL_UDP = 17
    let UDP_SEGMENT = 103
    let UDP_GRO = 104
    let SOL_IPV6 = 41
    let IPV6_MTU_DISCOVER = 23
    let IPV6_RECVERR = 25
    let IPV6_RECVPKTINFO = 49
    let IPV6_PKTINFO = 50
    let IPV6_RECVTCLASS = 66
    let IPV6_TCLASS = 67
