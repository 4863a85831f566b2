namespace ModelRunner.Store.Checks;

/// <summary>What a check found out about a file.</summary>
internal enum FileCondition
{
    /// <summary>Its bytes have its digest.</summary>
    Whole,

    /// <summary>Its bytes have another digest, twice the same.</summary>
    Damaged,

    /// <summary>It is not there.</summary>
    Missing,

    /// <summary>Its bytes had another digest each time, or it could not be read.</summary>
    Unreadable,
}
