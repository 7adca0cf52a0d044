module CoQuic.Engine.Tests.Streams.StreamStateTests

open System
open Expecto
open CoQuic.Engine

/// Applies one input to every state, in the order of the enumeration.
let private row<'state when 'state: struct and 'state :> Enum and 'state :> ValueType and 'state: (new: unit -> 'state)>
    (transition: 'state -> 'state)
    =
    Enum.GetValues<'state>() |> Array.map transition |> Array.toList

[<Tests>]
let sending =
    let ready, send, dataSent =
        SendingState.Ready, SendingState.Send, SendingState.DataSent

    let dataRecvd, resetSent, resetRecvd =
        SendingState.DataRecvd, SendingState.ResetSent, SendingState.ResetRecvd

    // One row an input; the columns are Ready, Send, Data Sent, Data Recvd, Reset Sent, Reset Recvd.
    let table =
        [ "a STREAM frame is sent",
          SendingStates.OnStreamSent,
          [ send; send; dataSent; dataRecvd; resetSent; resetRecvd ]
          "a FIN is sent", SendingStates.OnFinSent, [ dataSent; dataSent; dataSent; dataRecvd; resetSent; resetRecvd ]
          "the stream is reset",
          SendingStates.OnReset,
          [ resetSent; resetSent; resetSent; dataRecvd; resetSent; resetRecvd ]
          "all is acknowledged", SendingStates.OnAllAcked, [ ready; send; dataRecvd; dataRecvd; resetSent; resetRecvd ]
          "the reset is acknowledged",
          SendingStates.OnResetAcked,
          [ ready; send; dataSent; dataRecvd; resetRecvd; resetRecvd ] ]

    testList
        "sending states (RFC 9000 §3.1)"
        [ for name, transition, expected in table do
              testCase $"when {name}, every state goes where Figure 2 says"
              <| fun () -> Expect.equal (row transition) expected "the row of the table"

          testCase "Data Recvd and Reset Recvd are terminal"
          <| fun () ->
              let terminal =
                  Enum.GetValues<SendingState>() |> Array.filter SendingStates.IsTerminal

              Expect.sequenceEqual terminal [ dataRecvd; resetRecvd ] "terminal states"

          testCase "STREAM frames are sent before a reset and before a terminal state only"
          <| fun () ->
              let able =
                  Enum.GetValues<SendingState>() |> Array.filter SendingStates.CanSendStream

              Expect.sequenceEqual able [ ready; send; dataSent ] "states that send (RFC 9000 §3.3)" ]

[<Tests>]
let receiving =
    let recv, sizeKnown, dataRecvd =
        ReceivingState.Recv, ReceivingState.SizeKnown, ReceivingState.DataRecvd

    let dataRead, resetRecvd, resetRead =
        ReceivingState.DataRead, ReceivingState.ResetRecvd, ReceivingState.ResetRead

    // One row an input; the columns are Recv, Size Known, Data Recvd, Data Read, Reset Recvd, Reset Read.
    let table =
        [ "a FIN arrives", ReceivingStates.OnFin, [ sizeKnown; sizeKnown; dataRecvd; dataRead; resetRecvd; resetRead ]
          "all data has arrived",
          ReceivingStates.OnAllData,
          [ recv; dataRecvd; dataRecvd; dataRead; resetRecvd; resetRead ]
          "a reset arrives",
          ReceivingStates.OnResetStream,
          [ resetRecvd; resetRecvd; dataRecvd; dataRead; resetRecvd; resetRead ]
          "all data is read", ReceivingStates.OnDataRead, [ recv; sizeKnown; dataRead; dataRead; resetRecvd; resetRead ]
          "the reset is read",
          ReceivingStates.OnResetRead,
          [ recv; sizeKnown; dataRecvd; dataRead; resetRead; resetRead ] ]

    testList
        "receiving states (RFC 9000 §3.2)"
        [ for name, transition, expected in table do
              testCase $"when {name}, every state goes where Figure 3 says"
              <| fun () -> Expect.equal (row transition) expected "the row of the table"

          testCase "Data Read and Reset Read are terminal"
          <| fun () ->
              let terminal =
                  Enum.GetValues<ReceivingState>() |> Array.filter ReceivingStates.IsTerminal

              Expect.sequenceEqual terminal [ dataRead; resetRead ] "terminal states" ]
