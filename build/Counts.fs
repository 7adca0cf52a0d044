/// What test programs report, read and added up.
module CoQuic.Build.Counts

open System.Text.RegularExpressions

type Counts =
    { Passed: int
      Failed: int
      Skipped: int }

let none = { Passed = 0; Failed = 0; Skipped = 0 }

let add first second =
    { Passed = first.Passed + second.Passed
      Failed = first.Failed + second.Failed
      Skipped = first.Skipped + second.Skipped }

/// The last line of a run.
let describe counts =
    let skipped =
        if counts.Skipped > 0 then
            $", {counts.Skipped} skipped"
        else
            ""

    $"{counts.Passed} passed, {counts.Failed} failed{skipped}"

let private summary =
    Regex @"tests run in .* ([\d,]+) passed, ([\d,]+) ignored, ([\d,]+) failed, ([\d,]+) errored"

/// Expecto's closing line, as counts. From a thousand on, it parts the digits by commas.
let tryReadSummary line =
    let found = summary.Match line

    let group (index: int) =
        int (found.Groups[index].Value.Replace(",", ""))

    if found.Success then
        Some
            { Passed = group 1
              Failed = group 3 + group 4
              Skipped = group 2 }
    else
        None

/// How a test program ended.
type Ending =
    | Exited of status: int
    /// It was still running at its deadline.
    | Hung

let private oneMoreFailure counts =
    { counts with
        Failed = counts.Failed + 1 }

/// What a program that has ended amounts to, and what there is to say where its own summary does not say it.
/// `mayBeEmpty`: a filter may leave a program without a test, otherwise that is a failure.
let judge mayBeEmpty ending counts =
    match ending, counts with
    | Hung, _ -> oneMoreFailure none, Some "was still running at its deadline."
    | Exited status, None -> oneMoreFailure none, Some $"ended with exit status {status} and without a summary."
    | Exited status, Some counts when status <> 0 && counts.Failed = 0 ->
        oneMoreFailure counts, Some $"ended with exit status {status}, though it reports no failure."
    | Exited _, Some counts when counts = none && not mayBeEmpty -> oneMoreFailure none, Some "ran no test."
    | Exited _, Some counts -> counts, None
