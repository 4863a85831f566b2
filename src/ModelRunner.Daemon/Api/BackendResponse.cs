using System.Globalization;
using System.Text;
using ModelRunner.Daemon.Inference;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Api;

/// <summary>Describes a backend to people and programs.</summary>
internal static class BackendResponse
{
    /// <summary>
    /// The state of a backend in one line that begins, as in Docker Model Runner, with <c>Running: </c> or <c>Error: </c>.
    /// </summary>
    /// <param name="backend">The backend.</param>
    /// <param name="engines">The engines that start its managed runners; empty: none.</param>
    /// <param name="runners">All runners.</param>
    /// <param name="hasNames">Whether it has the names of the models that failed, and why they did.</param>
    public static string Describe(string backend, IReadOnlyList<string> engines, IReadOnlyList<RunnerView> runners, bool hasNames)
    {
        bool isManaged = backend == BackendDirectory.Managed;
        RunnerView[] own = [.. runners.Where(view => view.Runner.Key.Backend == backend)];
        int attached = own.Count(static view => view.Runner.IsAttached);
        bool hasEngine = engines.Count > 0;
        if (isManaged && !hasEngine && attached == 0)
            return "Error: there is neither llama-server nor the embedded llama-host; install llama.cpp or set LLAMA_SERVER_PATH";

        bool isDown = own.Length > 0 && own.All(view => CannotStart(view.Runner) || (!hasEngine && view.State == "down"));
        var text = new StringBuilder(isDown ? "Error: " : "Running: ");
        text.Append(hasEngine ? string.Join(" and ", engines) : "attached");
        text.Append(CultureInfo.InvariantCulture, $", {own.Count(static view => view.State == "ready")} ready");
        foreach (string state in (string[])["down", "loading", "stopping", "waiting"])
            if (own.Count(view => view.State == state) is > 0 and int count)
                text.Append(CultureInfo.InvariantCulture, $", {count} {state}");
        foreach (RunnerView view in own.Where(view => hasNames && view.Failure is not null))
            text.Append(CultureInfo.InvariantCulture, $"; {view.Name} {(view.State == "down" ? "is down" : "failed")}: {view.Failure}");
        return text.ToString();
    }

    // A model that an engine cannot load says nothing about the engine. A program that cannot be executed does.
    private static bool CannotStart(RunnerSnapshot runner) => runner is { State: RunnerState.Failed, Failure.Reason: StopReason.NotStarted };
}
