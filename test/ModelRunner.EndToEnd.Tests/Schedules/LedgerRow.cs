using System.Globalization;

namespace ModelRunner.EndToEnd.Tests.Schedules;

/// <summary>A request in the ledger's table of requests.</summary>
internal sealed record LedgerRow(long Id, string Model, string Outcome, string Status, long Prompt, long Generated)
{
    /// <summary>Whether it counts as a complete and successful response.</summary>
    public bool IsCompleted => (Outcome, Status) == ("completed", "2xx");

    /// <summary>Its tokens as the journal of the stub has them.</summary>
    public string Tokens => string.Create(CultureInfo.InvariantCulture, $"{Prompt} {Generated}");
}
