namespace ModelRunner.Daemon.Responses;

/// <summary>
/// Words in errors that differ between API clients and users of the command line. Only the text of the daemon uses them. Values stay as the client wrote them.
/// </summary>
internal sealed record CallerWords
{
    /// <summary>The words for API clients.</summary>
    public static CallerWords Api { get; } = new()
    {
        SendForce = "send force=true", Force = "force=true", Follow = "follow=true", Send = "send",
        ContextSize = "\"context-size\"", KeepAlive = "\"keep_alive\"", ReasoningBudget = "\"reasoning-budget\"", FlagsKey = "runtime-flags: ",
        OneContext = "send one of them as null, or reset the model first",
        OtherContexts = ", \"auto\" for the largest that fits, or null for the configured one",
        ResetOne = "DELETE /engines/_configure?model=NAME", Tag = "tag", ListRunners = "GET /engines/ps", ListModels = "GET /v1/models",
        ListRoutes = "; GET / lists the routes", Draft = "\"speculative\"",
    };

    /// <summary>The words for the command line.</summary>
    public static CallerWords CommandLine { get; } = new()
    {
        SendForce = "add --force", Force = "--force", Follow = "-f", Send = "write",
        ContextSize = "--context-size", KeepAlive = "--keep-alive", ReasoningBudget = "--reasoning-budget", FlagsKey = "",
        OneContext = "reset the model first with --reset",
        OtherContexts = ", or auto for the largest that fits",
        ResetOne = "\"model-runner configure NAME --reset\"", Tag = "\"model-runner tag\"", ListRunners = "\"model-runner ps\"",
        ListModels = "\"model-runner ls\"", ListRoutes = "", Draft = "--speculative-draft-model",
    };

    public required string SendForce { get; init; }

    public required string Force { get; init; }

    public required string Follow { get; init; }

    public required string Send { get; init; }

    public required string ContextSize { get; init; }

    public required string KeepAlive { get; init; }

    public required string ReasoningBudget { get; init; }

    /// <summary>The beginning of a problem with a flag.</summary>
    public required string FlagsKey { get; init; }

    /// <summary>How to have one context size only.</summary>
    public required string OneContext { get; init; }

    /// <summary>The values of a context size beside numbers.</summary>
    public required string OtherContexts { get; init; }

    /// <summary>How to reset the settings of a model.</summary>
    public required string ResetOne { get; init; }

    public required string Tag { get; init; }

    public required string ListRunners { get; init; }

    public required string ListModels { get; init; }

    public required string ListRoutes { get; init; }

    /// <summary>What gives a model a draft model.</summary>
    public required string Draft { get; init; }
}
