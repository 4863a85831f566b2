namespace ModelRunner.Daemon.Models;

/// <summary>Logs problems with the models, each problem once. Safe to call from any thread.</summary>
internal sealed partial class ModelProblemLog(ModelCatalog catalog, string modelsPath, ILogger<ModelProblemLog> logger)
{
    // Bounds the memory for a store that changes all the time; beyond it a problem may be logged again.
    private const int MaxRemembered = 1000;

    private readonly Lock _lock = new();
    private readonly HashSet<string> _logged = new(StringComparer.Ordinal);

    /// <summary>Returns all current problems and logs the new ones.</summary>
    public async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<string> problems = await catalog.ListProblemsAsync(cancellationToken);
        lock (_lock)
        {
            if (_logged.Count > MaxRemembered)
                _logged.Clear();
            foreach (string problem in problems)
                if (_logged.Add(problem))
                    LogProblem(problem, modelsPath);
        }

        return problems;
    }

    [LoggerMessage(LogLevel.Warning, "{Problem} (the model store is {Path})")]
    private partial void LogProblem(string problem, string path);
}
