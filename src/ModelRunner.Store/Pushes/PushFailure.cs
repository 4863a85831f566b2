using ModelRunner.Linux.Files;
using ModelRunner.Store.Http;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Store.Pushes;

/// <summary>Turns the failure of a push into its outcome.</summary>
internal static class PushFailure
{
    /// <summary>The outcome; null: the failure is not one of a push, but a mistake of this program.</summary>
    public static PushOutcome? Explain(Exception failure, bool isCancelled) => failure switch
    {
        OperationCanceledException when isCancelled => new PushOutcome(PushResult.Cancelled, "the push was cancelled; push again to continue"),
        UnsupportedModelException => new PushOutcome(PushResult.Unsupported, failure.Message),
        RemoteException remote => new PushOutcome(ResultOf(remote.Reason), remote.Message),
        StoreException stored => new PushOutcome(stored.Reason == StoreErrorReason.NotFound ? PushResult.NotFound : PushResult.Store, failure.Message),
        IOException or UnauthorizedAccessException => new PushOutcome(
            PushResult.Store, $"the model store cannot be read: {DiskCause.Of(failure)}; check the folder in MODELS_PATH, its owner and its disk"),
        _ => null,
    };

    private static PushResult ResultOf(RemoteReason reason) => reason switch
    {
        RemoteReason.NotFound => PushResult.NotFound,
        RemoteReason.Unauthorized => PushResult.Unauthorized,
        RemoteReason.Denied => PushResult.Denied,
        RemoteReason.RateLimited => PushResult.RateLimited,
        RemoteReason.Rejected or RemoteReason.NotOffered => PushResult.Rejected,
        RemoteReason.LocalFile => PushResult.Store,
        RemoteReason.Unreachable or RemoteReason.ProxyFailed or RemoteReason.NoAnswer or RemoteReason.ConnectionLost or RemoteReason.Stalled
            or RemoteReason.Untrusted or RemoteReason.PlainHttp => PushResult.Network,
        _ => PushResult.Server,
    };
}
