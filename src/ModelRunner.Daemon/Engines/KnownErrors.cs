using ModelRunner.Daemon.Engines.Llama;

namespace ModelRunner.Daemon.Engines;

/// <summary>The known errors of all engines. An attached server may run any engine, so every response is compared with all of them.</summary>
internal static class KnownErrors
{
    private static readonly IReadOnlyList<KnownError> All = LlamaErrors.All;

    /// <summary>Whether an engine sends this message with status 404 for a path that it does not serve.</summary>
    public static bool IsUnknownPath(string message) => message == LlamaErrors.NoRoute;

    /// <summary>Finds the code and the message for the client; null if the request did not cause the error.</summary>
    /// <param name="message">The message of the engine.</param>
    public static (string Code, string Message)? Find(string message)
    {
        foreach (KnownError error in All)
            if (error.Explain(message) is { } explained)
                return (error.Code, explained);
        return null;
    }
}
