namespace ModelRunner.Daemon.Accounting;

/// <summary>
/// What became of the context of one used slot before a planned stop. A closed list: each member is one value of the label <c>result</c> of
/// <c>model_runner_slot_saves_total</c>.
/// </summary>
internal enum SlotSaveResult
{
    /// <summary>It is in a file.</summary>
    Saved,

    /// <summary>It is the one that was restored, so the file is still right.</summary>
    Unchanged,

    /// <summary>It is too short to be worth a file.</summary>
    TooShort,

    /// <summary>A request was still running in the slot.</summary>
    Busy,

    /// <summary>It is larger than kvCache.maxBytes.</summary>
    TooLarge,

    /// <summary>The file system has too little free space.</summary>
    NoSpace,

    /// <summary>The daemon cannot write to the folder.</summary>
    Unwritable,

    /// <summary>The engine refused, or did not write what it reported.</summary>
    Refused,

    /// <summary>There was not enough time.</summary>
    Timeout,
}
