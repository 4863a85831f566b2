namespace ModelRunner.Scheduling;

/// <summary>Why a process would be started in another way now, or not at all.</summary>
public enum OutdatedReason
{
    /// <summary>Its model has other settings.</summary>
    Settings,

    /// <summary>The path of its model has another file now, or its model has another path.</summary>
    File,

    /// <summary>Its draft model has another file now.</summary>
    Draft,

    /// <summary>The tool that has its model is not read any more.</summary>
    Source,

    /// <summary>The name of its model means another model now.</summary>
    Name,
}
