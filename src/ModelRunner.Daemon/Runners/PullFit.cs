using ModelRunner.Daemon.Models;
using ModelRunner.Gguf;
using ModelRunner.Store.HuggingFace;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Says which models could be loaded here, with the estimate of the scheduler: the budget of the settings, or what is free and what runners hold, and
/// the graphics cards. Thread-safe.
/// </summary>
/// <param name="catalog">Estimates a model as it would be run without settings of its own.</param>
/// <param name="budget">The setting for the memory of all runners; null: what is free.</param>
/// <param name="pool">The runners and the cards.</param>
internal sealed class PullFit(ModelCatalog catalog, Func<long?> budget, RunnerPool pool) : IMemoryFit
{
    /// <inheritdoc/>
    public long? LimitBytes => budget() ?? MachineMemory.ReadAvailableTo(
        [.. pool.Runners.Where(static runner => !runner.IsAttached).Select(static runner => runner.ProcessId).OfType<int>()]);

    /// <inheritdoc/>
    public long? NeedOf(ReadOnlyMemory<byte> head, long fileBytes, long weightBytes)
    {
        if (Read(head, fileBytes) is not { } header || catalog.Estimate(header, weightBytes) is not { } estimate)
            return null;
        double moved = Math.Min(estimate.Graphics?.Total ?? 0, pool.Usage.Cards.Sum(static card => (double)card.TotalBytes));
        return (long)Math.Max(0, estimate.Total - moved);
    }

    private static GgufHeader? Read(ReadOnlyMemory<byte> head, long fileBytes)
    {
        try
        {
            using var stream = new HeadStream(head, fileBytes);
            return GgufHeaderReader.Read(stream).Header;
        }
        catch (IOException)
        {
            // The header is longer than the part of the file that was fetched.
            return null;
        }
    }
}
