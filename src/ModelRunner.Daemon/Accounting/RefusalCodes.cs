using System.Collections.Frozen;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Accounting;

/// <summary>
/// Why requests are refused: the codes of their error responses. A closed list, because each is a value of the label <c>reason</c>.
/// </summary>
internal static class RefusalCodes
{
    /// <summary>The memory for request bodies is used up.</summary>
    public const string BodyMemory = "body_memory";

    /// <summary>The model is not known yet, because its file is still being read.</summary>
    public const string ModelsLoading = "models_loading";

    /// <summary>The model's file is damaged or missing, or the engine cannot run it.</summary>
    public const string Unusable = "model_unusable";

    /// <summary>The daemon requires a key, and the request had none.</summary>
    public const string MissingKey = "missing_api_key";

    /// <summary>Nobody has the key of the request.</summary>
    public const string InvalidKey = "invalid_api_key";

    /// <summary>The key has expired.</summary>
    public const string ExpiredKey = "expired_api_key";

    /// <summary>The key does not have the scope of the route.</summary>
    public const string Scope = "scope_not_allowed";

    /// <summary>The key may not use the model.</summary>
    public const string Model = "model_not_allowed";

    /// <summary>The key has as many requests in flight as it may have. The code is one of OpenAI's.</summary>
    public const string Concurrency = "rate_limit_exceeded";

    /// <summary>The key has used its tokens. The code is one of OpenAI's.</summary>
    public const string Quota = "insufficient_quota";

    /// <summary>A code that is not in the list.</summary>
    public const string Other = "other";

    /// <summary>All codes, in the order of their counters.</summary>
    public static IReadOnlyList<string> All { get; } =
        [.. Enum.GetValues<RefusalReason>().Select(static reason => reason.ToLabelValue()), BodyMemory, ModelsLoading, Unusable, MissingKey,
            InvalidKey, ExpiredKey, Scope, Model, Concurrency, Quota, Other];

    private static readonly FrozenDictionary<string, int> Indexes =
        All.Select(static (code, index) => KeyValuePair.Create(code, index)).ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The code of a refusal of the scheduler.</summary>
    public static string Of(Refuse refusal) => IsRemoved(refusal) ? Unusable : refusal.Reason.ToLabelValue();

    /// <summary>Whether the files of the model were removed while the request waited.</summary>
    public static bool IsRemoved(Refuse refusal) => refusal is { Reason: RefusalReason.StartFailed, FailureReason: { } reason } && reason.IsRequested();

    /// <summary>Whether a code is in the list.</summary>
    public static bool Contains(string? code) => code is not null && Indexes.ContainsKey(code);

    /// <summary>The number of a code; that of <see cref="Other"/> if it is not in the list.</summary>
    public static int IndexOf(string? code) => code is not null && Indexes.TryGetValue(code, out int index) ? index : Indexes[Other];
}
