using ModelRunner.Configuration;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Foreign;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Models;

/// <summary>Reads the stores of one tool.</summary>
internal static class SourceReader
{
    /// <summary>Lists its models. Blocks as long as the disk does.</summary>
    /// <exception cref="IOException">This process cannot open more files.</exception>
    /// <param name="source">The tool.</param>
    /// <param name="time">The clock.</param>
    /// <param name="watches">Gets what is read; null: it is not watched.</param>
    /// <param name="damage">Files that are known to be damaged; null: none.</param>
    public static ForeignListing Read(SourceSettings source, TimeProvider time, WatchScan? watches = null, KnownDamage? damage = null)
    {
        var scan = new ForeignScan(time, new ScanLimits(), watches);
        return source.Kind switch
        {
            SourceKind.Pulled or SourceKind.Docker => ArtifactStore.List(source.Folders, scan, damage, IsIntact),
            SourceKind.HuggingFace => HuggingFaceCache.List(source.Folders, scan),
            SourceKind.LlamaCpp => LlamaCppCache.List(source.Folders, scan),
            SourceKind.Ollama => OllamaStore.List(source.Folders, scan),
            _ => LmStudioFolder.List(source.Folders, source.Pointer, scan),
        };
    }

    // Models are listed without OpenSSL too. Manifests are small, so that a slower hash does not matter.
    private static bool IsIntact(byte[] manifest, Digest id) =>
        id.Algorithm != Digest.Sha256 || Convert.ToHexStringLower(Sha256.Hash(manifest)) == id.Hex;
}
