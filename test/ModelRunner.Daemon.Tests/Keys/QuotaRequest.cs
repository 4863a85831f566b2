using ModelRunner.Daemon.Keys;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Keys;

/// <summary>A request of the <see cref="QuotaWorld"/> that was let in.</summary>
/// <param name="Key">The name of its key.</param>
/// <param name="Tokens">The tokens that it will have used.</param>
/// <param name="Arrived">When it came.</param>
/// <param name="Lease">What it holds of the limits of its key.</param>
/// <param name="Done">What its client does next.</param>
internal sealed record QuotaRequest(string Key, long Tokens, DateTimeOffset Arrived, KeyLease Lease, Action Done)
{
    /// <summary>The runner that answers it; null: it waits.</summary>
    public RunnerId? Runner { get; set; }
}
