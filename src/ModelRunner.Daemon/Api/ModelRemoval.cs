using ModelRunner.Daemon.Runners;
using ModelRunner.Store.Layout;

namespace ModelRunner.Daemon.Api;

/// <summary>What a client removes from the store.</summary>
/// <param name="Models">The models, each with the name that it loses; null: all its names.</param>
/// <param name="Runners">The runners that must be stopped before.</param>
internal sealed record ModelRemoval(IReadOnlyList<(StoreEntry Entry, string? Tag)> Models, IReadOnlyList<RunnerSnapshot> Runners);
