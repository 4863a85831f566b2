namespace ModelRunner.Daemon.Runners;

/// <summary>Whose request it is, for the list of decisions. Immutable.</summary>
/// <param name="Key">The name of its key; null: it has none.</param>
/// <param name="RequestId">The id of the request, as in its response and in the log.</param>
internal sealed record RequestSender(string? Key, string RequestId);
