using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>A model store with the layout of Docker Model Runner, whose ids a test may choose.</summary>
internal sealed class ArtifactBed : IDisposable
{
    private readonly List<string> _entries = [];

    public TemporaryFolder Folder { get; } = new();

    public FakeTimeProvider Time { get; } = new();

    public IReadOnlyDictionary<string, ModelSettings> Models { get; set; } = new Dictionary<string, ModelSettings>(StringComparer.Ordinal);

    public DaemonSettings Settings => new()
    {
        Listen = new ListenSettings(null, null),
        ModelsPath = Directory.CreateDirectory(Folder.PathOf("models")).FullName,
        Models = Models,
        Runners = new RunnerSettings { LlamaServerPath = "/x/llama-server" },
        Sources = [new SourceSettings(SourceKind.Pulled, [Folder.PathOf("models/store")])],
    };

    /// <summary>An id that begins with some digits and differs from others by its end.</summary>
    public static string Id(string start, int number) => $"sha256:{start}{number.ToString(CultureInfo.InvariantCulture).PadLeft(64 - start.Length, '0')}";

    /// <summary>Adds a model. The store is not asked whether the id is the digest of the manifest.</summary>
    /// <param name="id">The id.</param>
    /// <param name="number">Models with different numbers have different files.</param>
    /// <param name="tags">Its names.</param>
    public void Add(string id, int number, params string[] tags)
    {
        byte[] weights = SourceBed.Model(number);
        RegistryModel model = RegistryModel.Make(weights);
        foreach (byte[] blob in (byte[][])[weights, model.Config])
            Folder.Write($"models/store/blobs/sha256/{ForeignStores.HexOf(blob)}", blob);
        Folder.Write($"models/store/manifests/sha256/{id["sha256:".Length..]}", model.Manifest);
        Folder.Write("models/store/layout.json", """{"version":"1.0.0"}""");
        _entries.Add(
            $$"""{"id":"{{id}}","tags":[{{string.Join(',', tags.Select(static tag => $"\"{JsonEncodedText.Encode(tag)}\""))}}],"""
            + $$""" "files":["{{model.LayerDigest}}","{{model.ConfigDigest}}"]}""");
        Folder.Write("models/store/models.json", $$"""{"models":[{{string.Join(',', _entries)}}]}""");
    }

    public ModelCatalog Catalog() => new(Settings, Time);

    public void Dispose() => Folder.Dispose();
}
