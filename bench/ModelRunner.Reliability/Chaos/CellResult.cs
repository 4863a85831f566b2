namespace ModelRunner.Reliability.Chaos;

/// <summary>What became of one cell of the matrix.</summary>
/// <param name="Problems">The invariants that did not hold, with the reason; none: all held.</param>
/// <param name="Recovery">From the end of the fault until both models answered and the page was complete.</param>
/// <param name="LongestPage">The slowest page.</param>
internal sealed record CellResult(IReadOnlyList<string> Problems, TimeSpan Recovery, TimeSpan LongestPage);
