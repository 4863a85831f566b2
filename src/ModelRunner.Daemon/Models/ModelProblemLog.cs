using ModelRunner.Daemon.Diagnostics;
using ModelRunner.Store.Layout;

namespace ModelRunner.Daemon.Models;

/// <summary>Logs problems with the models, each problem once. Safe to call from any thread.</summary>
internal sealed partial class ModelProblemLog(ModelCatalog catalog, string modelsPath, ILogger<ModelProblemLog> logger)
{
    private readonly SeenSentences _logged = new();

    /// <summary>Returns all current problems and logs the new ones.</summary>
    public async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<string> problems = await catalog.ListProblemsAsync(cancellationToken);
        foreach (string problem in _logged.TakeNew(problems))
            LogProblem(problem, modelsPath, StoreFolder.Below(modelsPath).Root);
        return problems;
    }

    [LoggerMessage(LogLevel.Warning, "{Problem} (the models folder is {Folder}, the model store {Store})")]
    private partial void LogProblem(string problem, string folder, string store);
}
