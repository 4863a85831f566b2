namespace ModelRunner.SwapBenchmark;

/// <summary>How agents choose the model of their next request.</summary>
internal enum AgentKind
{
    /// <summary>Each agent alternates between two of the three models, and each model is used by two agents.</summary>
    Pairs,

    /// <summary>Each agent chooses one of the three models at random.</summary>
    Random,

    /// <summary>Each agent uses the three models in turn.</summary>
    Turns,

    /// <summary>As <see cref="Turns"/>, but one of five requests is for any model.</summary>
    NearlyTurns,

    /// <summary>Two of three requests of an agent are for the model of its last one.</summary>
    Sticky,

    /// <summary>One agent uses the models in turn, one in the opposite order, one at random.</summary>
    Mixed,
}
