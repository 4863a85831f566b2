using System.Text;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Tests.Linux.Files;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Foreign;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>A manifest or a folder may name one file many times. Its bytes are on the disk once, and count once.</summary>
public sealed class RepeatedFileTests : IDisposable
{
    private static readonly byte[] Weights = SourceBed.Model(1);

    private readonly SourceBed _bed = new();

    private SourceSettings Pulled => new(SourceKind.Pulled, [_bed.Folder.PathOf("models/store")]);

    public void Dispose() => _bed.Dispose();

    [Fact]
    public async Task A_layer_that_a_manifest_names_many_times_counts_once()
    {
        WriteStore(300);
        using var catalog = new ModelCatalog(_bed.Settings with { Sources = [Pulled] }, _bed.Time);

        ModelEntry model = Assert.Single(catalog.List());

        Assert.Equal((Weights.Length, Weights.Length), (model.SizeBytes, model.WeightBytes));
        Assert.Equal(new SourceSize("pulled", 1, Weights.Length + RegistryModel.Make(Weights).Config.Length), catalog.Sizes[^1]);
        (IReadOnlyList<ModelSpace> models, long total) = ModelSpace.Measure(
            await catalog.ListFoundAsync(TestContext.Current.CancellationToken), new HashSet<FileId>());
        Assert.Equal((total, 0), (Assert.Single(models).Bytes, models[0].SharedBytes));
        Assert.InRange(total, Weights.Length, Weights.Length + 100_000);
    }

    [Fact]
    public void Parts_that_are_names_of_one_file_count_once()
    {
        string first = _bed.Folder.Write("models/twin-00001-of-00002.gguf", Weights);
        Assert.True(HardLink.TryCreate(first, _bed.Folder.PathOf("models/twin-00002-of-00002.gguf")));

        Assert.Equal(Weights.Length, ModelFile.FromPath(first).SizeBytes);
    }

    [Fact]
    public void A_layer_that_a_manifest_of_Ollama_names_twice_is_one_file()
    {
        byte[] adapter = new Gguf.GgufBuilder().Text("general.architecture", "llama").Text("general.type", "adapter").Build();
        _bed.Folder.AddToOllama(
            "registry.ollama.ai/library/wren/7b", [("model", Weights), ("model", Weights), ("adapter", adapter), ("adapter", adapter)]);
        using ModelCatalog catalog = _bed.Catalog();

        ModelEntry model = Assert.Single(catalog.List());

        Assert.Equal(Weights.Length + adapter.Length, model.WeightBytes);
        Assert.Single(model.Adapters);
    }

    [Fact]
    public void A_folder_of_manifests_that_may_not_be_read_is_told_as_such()
    {
        WriteStore(1);
        string closed = _bed.Folder.PathOf("models/store/manifests");
        File.SetUnixFileMode(_bed.Folder.Path, (UnixFileMode)0b111_101_101);
        File.SetUnixFileMode(closed, UnixFileMode.None);
        try
        {
            ForeignModel model = Assert.Single(OtherUser.Run(() => SourceReader.Read(Pulled, _bed.Time)).Models);

            Assert.Equal(
                "has a manifest in the model store that may not be read by this user; give the user of the daemon the right to read the model store",
                model.Problem);
        }
        finally
        {
            File.SetUnixFileMode(closed, (UnixFileMode)0b111_000_000);
        }
    }

    [Fact]
    public void A_manifest_whose_bytes_have_another_digest_is_the_cause()
    {
        string path = WriteStore(1);
        File.WriteAllText(path, File.ReadAllText(path).Replace("gguf.v3", "gguf.v9", StringComparison.Ordinal));

        Assert.StartsWith(
            "has a damaged manifest in the model store, whose bytes have another digest; ",
            Assert.Single(SourceReader.Read(Pulled, _bed.Time).Models).Problem, StringComparison.Ordinal);
    }

    private string WriteStore(int mentions)
    {
        RegistryModel model = RegistryModel.Make(Weights);
        string text = Encoding.UTF8.GetString(model.Manifest);
        int begin = text.IndexOf("\"layers\":[", StringComparison.Ordinal) + "\"layers\":[".Length;
        string layer = text[begin..text.IndexOf(']', begin)];
        byte[] manifest = Encoding.UTF8.GetBytes($"{text[..begin]}{string.Join(',', Enumerable.Repeat(layer, mentions))}]}}");
        foreach (byte[] blob in (byte[][])[Weights, model.Config])
            _bed.Folder.Write($"models/store/blobs/sha256/{ForeignStores.HexOf(blob)}", blob);
        _bed.Folder.Write("models/store/layout.json", """{"version":"1.0.0"}""");
        _bed.Folder.Write(
            "models/store/models.json",
            $$"""{"models":[{"id":"sha256:{{ForeignStores.HexOf(manifest)}}","tags":["docker.io/ai/a:latest"],"files":["{{model.LayerDigest}}","{{model.ConfigDigest}}"]}]}""");
        return _bed.Folder.Write($"models/store/manifests/sha256/{ForeignStores.HexOf(manifest)}", manifest);
    }
}
