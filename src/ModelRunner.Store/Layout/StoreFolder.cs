using ModelRunner.Linux.Files;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Layout;

/// <summary>The paths of a store, in the layout of Docker Model Runner, version 1.0.0. It opens nothing.</summary>
/// <param name="Root">Absolute path of the folder.</param>
internal sealed record StoreFolder(string Root)
{
    /// <summary>The name of the file that makes a folder a store.</summary>
    public const string LayoutFileName = "layout.json";

    /// <summary>The ending of a file that is not complete or not verified yet.</summary>
    public const string PartialEnding = ".incomplete";

    /// <summary>The ending of a file that was set aside, because its bytes are wrong.</summary>
    public const string DamagedEnding = ".damaged";

    /// <summary>
    /// Called before a change of the disk or a wait for the lock, with the name of the step. Not every change calls it. Tests end an operation there, as a
    /// crash would, or let another one go first.
    /// </summary>
    public Action<string>? BeforeStep { get; init; }

    /// <summary>Files in it that are known to be damaged.</summary>
    public KnownDamage Damage { get; init; } = new();

    /// <summary>Whether Docker Model Runner may use it too. That one does not lock the files that it fetches.</summary>
    public bool IsShared { get; init; }

    /// <summary>The version of the layout.</summary>
    public string LayoutFile => Path.Join(Root, LayoutFileName);

    /// <summary>The list of models.</summary>
    public string IndexFile => Path.Join(Root, "models.json");

    /// <summary>The file that is locked for each change. Docker Model Runner does not know it.</summary>
    public string LockFile => Path.Join(Root, ".lock");

    /// <summary>The folder of all files of models.</summary>
    public string Blobs => Path.Join(Root, "blobs");

    /// <summary>The folder of all manifests.</summary>
    public string Manifests => Path.Join(Root, "manifests", Digest.Sha256);

    /// <summary>The folder of all bundles.</summary>
    public string Bundles => Path.Join(Root, "bundles", Digest.Sha256);

    /// <summary>
    /// The store of a folder of models: the folder itself if it is a store, for example one of Docker Model Runner, and else the folder <c>store</c>
    /// in it, which need not exist.
    /// </summary>
    public static StoreFolder Below(string modelsPath) =>
        IsStore(modelsPath) ? new StoreFolder(modelsPath) { IsShared = true } : new StoreFolder(Path.Join(modelsPath, "store"));

    /// <summary>Whether a folder is a store.</summary>
    public static bool IsStore(string folder) => FileStatus.Of(Path.Join(folder, LayoutFileName)).IsRegular;

    /// <summary>The path of a verified file.</summary>
    public string BlobOf(Digest digest) => Path.Join(Blobs, digest.Algorithm, digest.Hex);

    /// <summary>The path of a file while it is fetched.</summary>
    public string PartialOf(Digest digest) => BlobOf(digest) + PartialEnding;

    /// <summary>The path of a manifest.</summary>
    public string ManifestOf(Digest id) => Path.Join(Root, "manifests", id.Algorithm, id.Hex);

    /// <summary>The folder in which the files of a model have names.</summary>
    public string BundleOf(Digest id) => Path.Join(Root, "bundles", id.Algorithm, id.Hex);
}
