namespace ModelRunner.Daemon.Runners;

/// <summary>What was decided, or what happened because of it.</summary>
internal enum DecisionKind
{
    /// <summary>A runner is started.</summary>
    Start,

    /// <summary>A runner serves requests now.</summary>
    Ready,

    /// <summary>A model waits for memory or for a place.</summary>
    Wait,

    /// <summary>A runner is stopped.</summary>
    Stop,

    /// <summary>A start failed, or a runner ended by itself.</summary>
    Fail,

    /// <summary>The requests of a runner make no progress.</summary>
    Stall,

    /// <summary>A request is refused, or a preloaded model is not loaded because a request for it would be refused.</summary>
    Refuse,

    /// <summary>A client changed the settings of a model.</summary>
    Configure,
}
