namespace ModelRunner.Configuration;

/// <summary>What a key may be used for. No scope includes another one.</summary>
[Flags]
internal enum KeyScopes
{
    None = 0,

    /// <summary>Requests to models.</summary>
    Inference = 1,

    /// <summary>The metrics page.</summary>
    Metrics = 2,

    /// <summary>Everything that changes the daemon, or shows what others do.</summary>
    Admin = 4,

    All = Inference | Metrics | Admin,
}
