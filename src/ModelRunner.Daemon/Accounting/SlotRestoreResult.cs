namespace ModelRunner.Daemon.Accounting;

/// <summary>
/// What became of the saved context of one slot after a load. A closed list: each member is one value of the label <c>result</c> of
/// <c>model_runner_slot_restores_total</c>.
/// </summary>
internal enum SlotRestoreResult
{
    /// <summary>The first request in the slot took at least half of the context from the cache, as the engine reports.</summary>
    Reused,

    /// <summary>The first request in the slot took less than half of the context from the cache.</summary>
    PartlyReused,

    /// <summary>The first request in the slot took nothing from the cache, or only the first token.</summary>
    NotReused,

    /// <summary>The runner ended before a request came to the slot.</summary>
    Unused,

    /// <summary>The slot was used, but it is not known by which request.</summary>
    Unverified,

    /// <summary>The engine refused the file.</summary>
    Refused,

    /// <summary>The engine reports that it restored another number of tokens than it saved.</summary>
    Incomplete,

    /// <summary>The file is missing, or it is not the one that was saved.</summary>
    Damaged,

    /// <summary>The engine did not restore it in time.</summary>
    Timeout,

    /// <summary>The engine ended during the restore.</summary>
    RunnerEnded,
}
