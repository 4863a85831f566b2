using ModelRunner.Linux.Files;
using ModelRunner.Store.Http;
using ModelRunner.Store.Layout;

namespace ModelRunner.Store.Pulls;

/// <summary>Turns the failure of a pull into its outcome.</summary>
internal static class PullFailure
{
    /// <summary>The outcome; null: the failure is not one of a pull, but a mistake of this program.</summary>
    public static PullOutcome? Explain(Exception failure, bool isCancelled) => failure switch
    {
        OperationCanceledException when isCancelled => new PullOutcome(PullResult.Cancelled, "the pull was cancelled; what was fetched is kept", null),
        UnsupportedModelException => new PullOutcome(PullResult.Unsupported, failure.Message, null),
        RemoteException remote => new PullOutcome(ResultOf(remote.Reason), remote.Message, null),
        StoreException stored => new PullOutcome(ResultOf(stored.Reason), stored.Message, null),
        IOException full when DiskSpace.IsFull(full) => new PullOutcome(
            PullResult.NoSpace, "there is no space left for the model store; what was fetched is kept: make space and pull again", null),
        IOException or UnauthorizedAccessException => new PullOutcome(
            PullResult.Store, $"the model store cannot be written: {DiskCause.Of(failure)}; check the folder in MODELS_PATH, its owner and its disk", null),
        _ => null,
    };

    private static PullResult ResultOf(RemoteReason reason) => reason switch
    {
        RemoteReason.NotFound => PullResult.NotFound,
        RemoteReason.Unauthorized or RemoteReason.Denied => PullResult.Denied,
        RemoteReason.RateLimited => PullResult.RateLimited,
        RemoteReason.DigestMismatch => PullResult.WrongBytes,
        RemoteReason.Unreachable or RemoteReason.ProxyFailed or RemoteReason.NoAnswer or RemoteReason.ConnectionLost or RemoteReason.Stalled
            or RemoteReason.Untrusted or RemoteReason.PlainHttp => PullResult.Network,
        _ => PullResult.Server,
    };

    private static PullResult ResultOf(StoreErrorReason reason) => reason switch
    {
        StoreErrorReason.NoSpace => PullResult.NoSpace,
        StoreErrorReason.WrongBytes => PullResult.WrongBytes,
        _ => PullResult.Store,
    };
}
