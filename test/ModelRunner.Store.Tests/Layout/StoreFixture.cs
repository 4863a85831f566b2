using Microsoft.Extensions.Time.Testing;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Layout;
using ModelRunner.Testing;

namespace ModelRunner.Store.Tests.Layout;

/// <summary>A store in a temporary folder. Its clock stands at the present time until a test moves it, unless another one is given.</summary>
internal sealed class StoreFixture : IDisposable
{
    private readonly TemporaryFolder _place = new();

    public StoreFixture(TimeProvider? time = null, Action<string>? beforeStep = null) =>
        Store = new ModelStore(new StoreFolder(_place.PathOf("store")) { BeforeStep = beforeStep }, time ?? Time);

    public FakeTimeProvider Time { get; } = new(TimeProvider.System.GetUtcNow());

    public ModelStore Store { get; }

    public StoreFolder Folder => Store.Folder;

    /// <summary>All names of files below a folder of the store, in order.</summary>
    public static string[] FilesIn(string folder) => !Directory.Exists(folder) ? [] :
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(static path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    /// <summary>Puts the first bytes of the weights of an artifact into a store, as a pull leaves them that was interrupted.</summary>
    public static async Task<Descriptor> PutPartialAsync(StoreFolder folder, MadeArtifact made, int bytes)
    {
        Descriptor weights = made.Read().Layers[0];
        using PartialBlob partial = PartialBlob.TryOpen(folder, weights)!;
        await partial.AppendAsync(made.Files[weights.Digest].AsMemory(0, bytes), TestContext.Current.CancellationToken);
        return weights;
    }

    /// <summary>Puts the files of an artifact into the store, each by the way of a pull.</summary>
    public async Task PutFilesAsync(MadeArtifact made)
    {
        foreach (Descriptor file in made.Read().Files)
        {
            if (!Store.Has(file))
                await PutAsync(file, made.Files[file.Digest]);
        }
    }

    /// <summary>Adds an artifact under a name.</summary>
    public async Task<StoreEntry> AddAsync(MadeArtifact made, string? tag)
    {
        await PutFilesAsync(made);
        return await Store.AddAsync(made.Manifest, tag, TestContext.Current.CancellationToken);
    }

    private async Task PutAsync(Descriptor file, byte[] bytes)
    {
        using PartialBlob partial = PartialBlob.TryOpen(Folder, file)!;
        await partial.ContinueAsync(static _ => { }, TestContext.Current.CancellationToken);
        partial.Restart();
        await partial.AppendAsync(bytes, TestContext.Current.CancellationToken);
        partial.Complete();
    }

    public void Dispose() => _place.Dispose();
}
