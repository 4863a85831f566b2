namespace ModelRunner.Daemon.Responses;

/// <summary>How an endpoint appears in the list of <c>GET /</c>, if its pattern does not say enough.</summary>
/// <param name="Note">What it needs, a clause in brackets; empty: nothing.</param>
/// <param name="Paths">What is listed in place of its pattern, read at the first request; null: the pattern.</param>
internal sealed record ListedRoute(string Note, Func<IEnumerable<string>>? Paths = null);
