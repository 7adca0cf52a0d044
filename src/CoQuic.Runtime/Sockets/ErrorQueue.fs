namespace CoQuic.Runtime

#nowarn "9" // Memory is pinned while the C library fills it.

open System
open System.Net.Sockets
open System.Runtime.InteropServices
open CoQuic.Engine

/// What ICMP said about datagrams that were sent, as Linux keeps it (`IP_RECVERR`): each message has the address they were sent to, the
/// beginning of one, and as control data
///
///     struct sock_extended_err { u32 ee_errno; u8 ee_origin, ee_type, ee_code, ee_pad; u32 ee_info, ee_data; }
[<Sealed>]
type internal ErrorQueue(handle: SafeSocketHandle, family: AddressFamily) =

    /// Routers quote so much of an IPv4 datagram (RFC 1812 §4.3.2.3); IPv6's quote more, which is not needed.
    static let largestQuote = 576

    let pinned size =
        GC.AllocateArray<byte>(size, pinned = true)

    let address (block: 'element[]) =
        Marshal.UnsafeAddrOfPinnedArrayElement(block, 0)

    let quote = pinned largestQuote
    let name = pinned SocketAddressLayout.maximumSize
    let control = pinned ControlMessages.bufferSize
    let vector = GC.AllocateArray<IoVector>(1, pinned = true)
    let header = GC.AllocateArray<MessageHeader>(1, pinned = true)

    /// Takes the oldest message; the length of its quotation, or -1.
    let take () =
        vector[0] <-
            { Base = address quote
              Length = unativeint quote.Length }

        header[0] <-
            { Name = address name
              NameLength = name.Length
              Vectors = address vector
              VectorCount = 1un
              Control = address control
              ControlLength = unativeint control.Length
              Flags = 0 }

        int (Libc.recvmsg (handle, address header, Libc.MSG_ERRQUEUE ||| Libc.MSG_DONTWAIT))

    let describe length (told: ControlMessages.Told) : SocketNotice =
        { Route =
            { Local = told.Local
              Remote = SocketAddressLayout.read family (ReadOnlySpan name) }
          Error = told.Error
          // The name is a mapped address where an IPv6 socket sent over IPv4.
          Mtu = told.Mtu
          Quoted = Bytes.CopyOf(ReadOnlySpan(quote, 0, length)) }

    /// Takes the oldest message, if one is there.
    member _.TryTake(notice: byref<SocketNotice>) : bool =
        let length = take ()

        if length < 0 then
            false
        else
            let mutable told: ControlMessages.Told =
                { Ecn = EcnCodepoint.Unavailable
                  SegmentSize = 0
                  Local = UdpAddress.unspecified
                  Error = 0
                  Mtu = 0 }

            ControlMessages.read (ReadOnlySpan(control, 0, int header[0].ControlLength)) &told
            notice <- describe length told
            true
