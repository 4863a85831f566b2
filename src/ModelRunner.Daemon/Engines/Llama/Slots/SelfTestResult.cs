namespace ModelRunner.Daemon.Engines.Llama.Slots;

/// <summary>What the self-test of an engine with a model found. It is kept, so that it runs once.</summary>
/// <param name="Identity">What was tested, see <see cref="SlotIdentity"/>.</param>
/// <param name="Model">The model reference.</param>
/// <param name="Problem">Why contexts are not saved, as a clause; null: a saved and restored context works.</param>
/// <param name="Unfinished">How often the test began without an end; 0: it has ended.</param>
internal sealed record SelfTestResult(string Identity, string Model, string? Problem, int Unfinished = 0)
{
    /// <summary>A test that crashes the engine, or that takes too long, is tried this often.</summary>
    public const int MaxAttempts = 3;

    private const string IdentityName = "identity";
    private const string ModelName = "model";
    private const string ProblemName = "problem";
    private const string UnfinishedName = "unfinished";

    /// <summary>Whether the test must run, perhaps again.</summary>
    public bool MustRun => Unfinished is > 0 and < MaxAttempts;

    /// <summary>Reads a result. Null if it has another form.</summary>
    public static SelfTestResult? Parse(ReadOnlyMemory<byte> body) => SlotJson.Parse(body, static root => new SelfTestResult(
        root.GetProperty(IdentityName).GetString()!, root.GetProperty(ModelName).GetString()!, root.GetProperty(ProblemName).GetString(),
        root.GetProperty(UnfinishedName).GetInt32()));

    /// <summary>The result as JSON.</summary>
    public byte[] Write() => SlotJson.Write(json =>
    {
        json.WriteString(IdentityName, Identity);
        json.WriteString(ModelName, Model);
        json.WriteString(ProblemName, Problem);
        json.WriteNumber(UnfinishedName, Unfinished);
    });
}
