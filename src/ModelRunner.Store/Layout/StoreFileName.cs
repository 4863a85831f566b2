using ModelRunner.Store.Names;

namespace ModelRunner.Store.Layout;

/// <summary>What the name of a file in a store says.</summary>
/// <param name="Digest">The digest that it has, or should have.</param>
/// <param name="Kind">What it is if no model needs it.</param>
internal readonly record struct StoreFileName(Digest Digest, LeftoverKind Kind)
{
    // A file of another name may be one of Docker Model Runner, which continues its own.
    private static readonly string[] Unfinished = [LoadPurpose, RepackagePurpose, AdoptPurpose, LinkPurpose];

    /// <summary>The purpose of a file of an archive.</summary>
    public const string LoadPurpose = "load";

    /// <summary>The purpose of a configuration with another context.</summary>
    public const string RepackagePurpose = "repackage";

    /// <summary>The purpose of a copy of another tool's file.</summary>
    public const string AdoptPurpose = "adopt";

    /// <summary>
    /// The purpose of a second name of another tool's file, while that is hashed. To lock it would open the other tool's file for writing. Whoever makes it
    /// has the lock of <see cref="LockOfLink"/>.
    /// </summary>
    public const string LinkPurpose = "link";

    /// <summary>Whether it is a second name of another tool's file.</summary>
    public static bool IsLink(string name) => name.EndsWith($".{LinkPurpose}{StoreFolder.PartialEnding}", StringComparison.Ordinal);

    /// <summary>The file, that of a copy, whose lock is held while there is a second name.</summary>
    /// <param name="path">The path of the second name.</param>
    public static string LockOfLink(string path) =>
        $"{path[..^(LinkPurpose.Length + StoreFolder.PartialEnding.Length)]}{AdoptPurpose}{StoreFolder.PartialEnding}";

    /// <summary>Reads a name. False: it is not one of a store.</summary>
    /// <param name="algorithm">The folder in which the file is.</param>
    /// <param name="name">The name.</param>
    /// <param name="parsed">What it says.</param>
    public static bool TryParse(string algorithm, string name, out StoreFileName parsed)
    {
        string[] parts = name.Split('.');
        parsed = default;
        if (!Digest.TryParse($"{algorithm}:{parts[0]}", out Digest digest))
            return false;
        LeftoverKind? kind = parts.Length == 1 ? LeftoverKind.Unreferenced
            : name.EndsWith(StoreFolder.DamagedEnding, StringComparison.Ordinal) ? LeftoverKind.Damaged
            : !name.EndsWith(StoreFolder.PartialEnding, StringComparison.Ordinal) ? null
            : parts.Length == 3 && Unfinished.Contains(parts[1]) ? LeftoverKind.Unfinished
            : LeftoverKind.Partial;
        parsed = new StoreFileName(digest, kind ?? default);
        return kind is not null;
    }
}
