namespace ModelRunner.Daemon.Engines.Command;

/// <summary>Who listens on the port of a starting runner.</summary>
internal enum PortOwner
{
    /// <summary>No program.</summary>
    Nobody,

    /// <summary>A program of a user who may read the prompts: the daemon's user, root, or the user of a process of the runner.</summary>
    Trusted,

    /// <summary>A program of another user.</summary>
    Stranger,
}
