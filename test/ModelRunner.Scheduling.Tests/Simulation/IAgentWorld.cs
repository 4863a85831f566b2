namespace ModelRunner.Scheduling.Tests.Simulation;

/// <summary>A world in which agents send requests for the models 0, 1 and so on.</summary>
internal interface IAgentWorld
{
    TimeSpan Now { get; }

    int Loads { get; }

    /// <summary>The number of requests that were admitted.</summary>
    int Admitted { get; }

    void At(TimeSpan time, Action action);

    /// <summary>Sends a request.</summary>
    /// <param name="model">The model.</param>
    /// <param name="done">Called when its response is complete.</param>
    void Ask(int model, Action done);

    /// <summary>Lets time pass until then.</summary>
    void Run(TimeSpan end);
}
