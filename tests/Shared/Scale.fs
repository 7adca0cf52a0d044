/// The figures at which the tests run: this is the one file that holds them.
/// COQUIC_TEST_FULL=1, which `build.fsx test --full` sets, chooses the full ones.
module CoQuic.Tests.Scale

open System

/// How large the tests are in one run.
type Scale =
    {
        Name: string
        /// Seeds of each simulated scenario.
        Seeds: int
        /// Cases of each property.
        PropertyCases: int
        /// Bytes of each bulk transfer.
        TransferBytes: int64
    }

let quick =
    { Name = "quick"
      Seeds = 20
      PropertyCases = 1_000
      TransferBytes = 10L * 1024L * 1024L }

let full =
    { Name = "full"
      Seeds = 200
      PropertyCases = 10_000
      TransferBytes = 1024L * 1024L * 1024L }

let isFull = Environment.GetEnvironmentVariable "COQUIC_TEST_FULL" = "1"

/// The scale of this run.
let current = if isFull then full else quick

/// The first line that a test run prints.
let describe scale =
    $"Scale: {scale.Name} ({scale.Seeds} seeds, {scale.PropertyCases} property cases, {scale.TransferBytes >>> 20} MiB transfers)"
