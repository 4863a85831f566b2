namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>How far a pull has come.</summary>
internal enum PullPhase
{
    /// <summary>The store has no byte of the weights.</summary>
    BeforeFirstByte,

    /// <summary>It has some.</summary>
    BetweenBytes,

    /// <summary>It has all, and the model is not listed: the files are hashed, written to the disk and renamed, and the list is written.</summary>
    AfterLastByte,

    /// <summary>The model is listed.</summary>
    Listed,
}
