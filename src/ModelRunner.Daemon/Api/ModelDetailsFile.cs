using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Api;

/// <summary>One file of a model.</summary>
/// <param name="Role">What it is for.</param>
/// <param name="Size">Its length in bytes; null: it cannot be read.</param>
internal sealed record ModelDetailsFile(string Role, long? Size)
{
    /// <summary>Its digest; null: not known, because nobody computed it.</summary>
    public Digest? Digest { get; init; }

    /// <summary>Its name, without the folder; null: it has none but its digest.</summary>
    public string? Name { get; init; }

    /// <summary>Its media type in the artifact; null: it is in none.</summary>
    public string? MediaType { get; init; }
}
