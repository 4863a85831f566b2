namespace ModelRunner.Testing;

/// <summary>What a test's daemon is started with.</summary>
internal sealed record DaemonSetup
{
    /// <summary>Variables beside those that the fixture sets; a null value takes one of those away.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>(StringComparer.Ordinal);

    /// <summary>The text of <c>model-runner.json</c>; null: there is none.</summary>
    public string? Configuration { get; init; }

    /// <summary>Faults of the stub runners of a model, from their start, as the JSON that the stub reads.</summary>
    public IReadOnlyDictionary<string, string> Faults { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The same with faults of the stub runners of <c>tiny-chat</c>.</summary>
    public DaemonSetup WithFaults(string chatFaults) =>
        this with { Faults = new Dictionary<string, string>(StringComparer.Ordinal) { ["tiny-chat"] = chatFaults } };

    /// <summary>Listens on any free port of TCP too.</summary>
    public bool HasTcp { get; init; }

    /// <summary>More flags of <c>serve</c>.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>
    /// A script for <c>/bin/sh</c> that starts the daemon with <c>exec "$@"</c>, to give it other descriptors; null: no shell is used.
    /// </summary>
    public string? Shell { get; init; }

    /// <summary>Leaves standard error unread, so that its pipe is full sometime; the daemon counts as started when its socket answers.</summary>
    public bool LeavesLogUnread { get; init; }

    /// <summary>The program; null: the one that was built with the tests.</summary>
    public string? Program { get; init; }

    /// <summary>A folder that outlives this daemon; null: one of its own.</summary>
    public TemporaryFolder? Folder { get; init; }
}
