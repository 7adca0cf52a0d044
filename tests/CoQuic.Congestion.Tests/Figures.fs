/// What is measured of congestion control: scenarios, and the figures that are asked of them. All last a minute, of which the first
/// five seconds are left out; of two flows the last thirty count.
module CoQuic.Congestion.Tests.Figures

open System
open CoQuic.Engine

let algorithms =
    [ "NewReno", CongestionControl.NewReno
      "CUBIC", CongestionControl.Cubic
      "BBR", CongestionControl.Bbr
      "COPA", CongestionControl.Copa
      "PCC Allegro", CongestionControl.Pcc
      "PCC Vivace", CongestionControl.PccVivace ]

/// One flow.
let single (milliseconds: float) controller =
    Scenario.over milliseconds [ Sending.from 0.0 controller ]

/// Two flows, the second ten seconds later.
let pair (milliseconds: float) first second =
    Scenario.over milliseconds [ Sending.from 0.0 first; Sending.from 10.0 second ]

/// One in a hundred packets is lost by chance.
let lossy controller =
    { single 40.0 controller with
        Loss = 0.01 }

/// Acknowledgments come every 20 ms, as a radio link delivers them.
let aggregated controller =
    { single 40.0 controller with
        AckInterval = TimeSpan.FromMilliseconds 20.0 }

/// Each packet takes up to 8 ms longer, so that later ones overtake it.
let reordered controller =
    { single 40.0 controller with
        Jitter = TimeSpan.FromMilliseconds 8.0 }

/// Every other packet is acknowledged, however many there are.
let acknowledgedOften controller =
    let often (transport: TransportConfig) =
        TransportConfig(
            CongestionControl = transport.CongestionControl,
            SendLowWaterMark = transport.SendLowWaterMark,
            MaxAckElicitingThreshold = 0
        )

    Scenario.over
        40.0
        [ { Sending.from 0.0 controller with
              Settings = often } ]

let utilisation = Observation.utilisation 5 60
let queueDelay = Observation.queueDelay 5 60
let fairness = Observation.jain 30 60

/// The share of the bottleneck that one flow had in the last thirty seconds, its packet headers not counted.
let share flow observation =
    Observation.goodput flow 30 60 observation / observation.Scenario.BitsPerSecond

/// What must hold: a name, the scenario, the figure, and the least that it may be.
let requirements: (string * Scenario * (Observation -> float) * float) list =
    let named = dict algorithms

    [ for name in [ "NewReno"; "CUBIC"; "BBR" ] do
          $"{name} uses the link", single 40.0 named[name], utilisation, 0.93

      for name in [ "NewReno"; "CUBIC"; "BBR" ] do
          $"{name} shares with a second flow", pair 40.0 named[name] named[name], fairness, 0.9

      "BBR bears one per cent of loss", lossy named["BBR"], utilisation, 0.75 ]
