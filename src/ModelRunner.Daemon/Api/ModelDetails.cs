using System.Collections.Immutable;

namespace ModelRunner.Daemon.Api;

/// <summary>What a client is told about one model beside what lists have.</summary>
/// <param name="Files">Its files.</param>
internal sealed record ModelDetails(IReadOnlyList<ModelDetailsFile> Files)
{
    /// <summary>The texts of its licences, as they are in its files.</summary>
    public IReadOnlyList<ModelDetailsLicense> Licenses { get; init; } = [];

    /// <summary>When it was packed, as its configuration says; null: not said.</summary>
    public DateTimeOffset? Packed { get; init; }

    /// <summary>What its configuration says of the header of its file; empty: nothing, or it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The modes of its runners; empty if it has none.</summary>
    public IReadOnlyList<string> LoadedModes { get; init; } = [];

    /// <summary>Whether it is loaded: by itself, or as the draft model of another one.</summary>
    public bool IsLoaded { get; init; }

    /// <summary>The loaded models with which it is loaded as their draft model, if the client may use them.</summary>
    public IReadOnlyList<string> DraftOf { get; init; } = [];
}
