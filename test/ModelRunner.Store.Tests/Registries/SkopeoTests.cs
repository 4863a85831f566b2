using ModelRunner.Store.Names;
using ModelRunner.Store.Registries;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Store.Tests.Registries;

/// <summary>Another client of registries, skopeo, reads what ours writes, and the other way round.</summary>
public sealed class SkopeoTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Skopeo_reads_what_was_pushed()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        RegistryModel model = RegistryModel.Make(100_000);
        using var fixture = new RegistryFixture();
        ArtifactName name = RegistryFixture.NameIn(registry.Host, "ai/ours:Q4_K_M");
        foreach (byte[] bytes in (byte[][])[model.Config, model.Layer])
            await fixture.Client.PutBlobAsync(name, new BlobUpload(ContentHash.Of(bytes), bytes.Length, () => new MemoryStream(bytes)), Cancellation);
        await fixture.Client.PutManifestAsync(name, name.Tag, model.Manifest, RegistryModel.MediaType, Cancellation);
        string folder = _folder.PathOf("read");

        await Skopeo.RunAsync("copy", "--preserve-digests", "--src-tls-verify=false", $"docker://{name}", $"dir:{folder}");

        Assert.Equal(model.Manifest, await File.ReadAllBytesAsync(Path.Join(folder, "manifest.json"), Cancellation));
        Assert.Equal(model.Layer, await File.ReadAllBytesAsync(Path.Join(folder, ContentHash.Of(model.Layer).Hex), Cancellation));
        Assert.Equal(model.Config, await File.ReadAllBytesAsync(Path.Join(folder, ContentHash.Of(model.Config).Hex), Cancellation));
    }

    [Fact]
    public async Task What_skopeo_has_pushed_is_read()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Cancellation);
        RegistryModel model = RegistryModel.Make(100_000);
        _folder.Write("model/version", "Directory Transport Version: 1.1\n");
        _folder.Write("model/manifest.json", model.Manifest);
        _folder.Write($"model/{ContentHash.Of(model.Config).Hex}", model.Config);
        _folder.Write($"model/{ContentHash.Of(model.Layer).Hex}", model.Layer);
        ArtifactName name = RegistryFixture.NameIn(registry.Host, "ai/theirs:latest");
        using var fixture = new RegistryFixture();

        await Skopeo.RunAsync("copy", "--preserve-digests", "--dest-tls-verify=false", $"dir:{_folder.PathOf("model")}", $"docker://{name}");
        RegistryManifest manifest = await fixture.Client.GetManifestAsync(name, Cancellation);
        (_, byte[] bytes) = await fixture.ReadAsync(name, new BlobRequest(ContentHash.Of(model.Layer)));

        Assert.Equal(model.Manifest, manifest.Bytes.ToArray());
        Assert.Equal(model.Layer, bytes);
    }
}
