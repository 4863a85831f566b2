namespace ModelRunner.EndToEnd.Tests.Schedules;

/// <summary>What happens while the requests of a schedule run.</summary>
internal enum Disturbance
{
    Nothing,

    /// <summary>All runners are unloaded.</summary>
    Unload,

    /// <summary>A runner is killed.</summary>
    KillRunner,

    /// <summary>The daemon is killed.</summary>
    KillDaemon,

    /// <summary>The daemon is killed as soon as all requests have ended.</summary>
    KillDaemonAtRest,

    /// <summary>The daemon is ended by SIGTERM.</summary>
    EndDaemon,
}
