using System.Globalization;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>The store of the daemon, that of Docker Model Runner and those of other tools, with models of several files.</summary>
internal sealed class PictureBed : IDisposable
{
    public const string Own = "models/store";
    public const string Docker = "docker";

    private readonly Dictionary<string, List<string>> _entries = new(StringComparer.Ordinal) { [Own] = [], [Docker] = [] };

    public TemporaryFolder Folder { get; } = new();

    public DaemonSettings Settings => new()
    {
        Listen = new ListenSettings(null, null),
        ModelsPath = Directory.CreateDirectory(Folder.PathOf("models")).FullName,
        Runners = new RunnerSettings { LlamaServerPath = "/x/llama-server" },
        Sources =
        [
            new SourceSettings(SourceKind.Pulled, [Folder.PathOf(Own)]),
            new SourceSettings(SourceKind.Docker, [Folder.PathOf(Docker)]),
            new SourceSettings(SourceKind.HuggingFace, [Folder.PathOf("hub")]),
            new SourceSettings(SourceKind.LmStudio, [Folder.PathOf("studio")]),
        ],
    };

    /// <summary>An image projector. Those with other numbers have the same size.</summary>
    public static byte[] Eyes(int number) =>
        new GgufBuilder().Text("general.architecture", "clip").UInt32("test.number", (uint)number).Build();

    /// <summary>Adds a model to a store with the layout of Docker Model Runner.</summary>
    /// <returns>Its id.</returns>
    public string Add(string store, string tag, byte[][] weights, byte[]? projector = null, byte[]? template = null)
    {
        byte[] config = """{"config":{"format":"gguf"}}"""u8.ToArray();
        (string Type, byte[] Content)[] layers =
        [
            .. weights.Select(static part => ("application/vnd.docker.ai.gguf.v3", part)),
            .. projector is null ? Array.Empty<(string, byte[])>() : [("application/vnd.docker.ai.mmproj", projector)],
            .. template is null ? Array.Empty<(string, byte[])>() : [("application/vnd.docker.ai.chat.template.jinja", template)],
        ];
        string shown = string.Join(',', layers.Select(static layer => Describe(layer.Type, layer.Content)));
        byte[] manifest = Encoding.UTF8.GetBytes(
            $$"""
              {"schemaVersion":2,"mediaType":"{{RegistryModel.MediaType}}",
               "config":{{Describe("application/vnd.docker.ai.model.config.v0.1+json", config)}},"layers":[{{shown}}]}
              """);
        foreach (byte[] blob in layers.Select(static layer => layer.Content).Append(config))
            Folder.Write($"{store}/blobs/sha256/{ForeignStores.HexOf(blob)}", blob);
        string id = ForeignStores.HexOf(manifest);
        Folder.Write($"{store}/manifests/sha256/{id}", manifest);
        for (int number = 1; weights.Length > 1 && number <= weights.Length; number++)
            Link(store, weights[number - 1], string.Create(
                CultureInfo.InvariantCulture, $"{store}/bundles/sha256/{id}/model/model-{number:00000}-of-{weights.Length:00000}.gguf"));
        Folder.Write($"{store}/layout.json", """{"version":"1.0.0"}""");
        _entries[store].Add($$"""{"id":"sha256:{{id}}","tags":["docker.io/{{tag}}"],"files":[]}""");
        Folder.Write($"{store}/models.json", $$"""{"models":[{{string.Join(',', _entries[store])}}]}""");
        return $"sha256:{id}";
    }

    /// <summary>Gives a blob of a store a second name.</summary>
    public void Link(string store, byte[] blob, string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Folder.PathOf(name))!);
        Assert.True(ModelRunner.Linux.Files.HardLink.TryCreate(Folder.PathOf($"{store}/blobs/sha256/{ForeignStores.HexOf(blob)}"), Folder.PathOf(name)));
    }

    public ModelCatalog Catalog() => new(Settings, new FakeTimeProvider());

    public void Dispose() => Folder.Dispose();

    private static string Describe(string type, byte[] content) => string.Create(
        CultureInfo.InvariantCulture, $$"""{"mediaType":"{{type}}","digest":"sha256:{{ForeignStores.HexOf(content)}}","size":{{content.Length}}}""");
}
