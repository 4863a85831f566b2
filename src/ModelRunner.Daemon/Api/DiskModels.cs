using ModelRunner.Daemon.Models;
using ModelRunner.Store.Layout;

namespace ModelRunner.Daemon.Api;

/// <summary>What models occupy. Immutable.</summary>
/// <param name="Models">Each model with its files.</param>
/// <param name="TotalBytes">All of them, each file counted once.</param>
/// <param name="LastUsed">When each had its last request; null: the ledger cannot be read now.</param>
/// <param name="Loaded">The references of the models that are loaded, also those that are loaded only as a draft model.</param>
/// <param name="DraftOf">For each model that is loaded as a draft model: the references of the models with which it is.</param>
/// <param name="Leftovers">Files of the store that no model needs.</param>
internal sealed record DiskModels(
    IReadOnlyList<ModelSpace> Models, long TotalBytes, IReadOnlyDictionary<string, DateTimeOffset>? LastUsed, IReadOnlySet<string> Loaded,
    ILookup<string, string> DraftOf, IReadOnlyList<StoreLeftover> Leftovers);
