using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>A folder with stores of all tools, and the settings that name them.</summary>
internal sealed class SourceBed : IDisposable
{
    public TemporaryFolder Folder { get; } = new();

    public FakeTimeProvider Time { get; } = new();

    public DaemonSettings Settings => new()
    {
        Listen = new ListenSettings(null, null),
        ModelsPath = Directory.CreateDirectory(Folder.PathOf("models")).FullName,
        Runners = new RunnerSettings { LlamaServerPath = "/x/llama-server" },
        Sources =
        [
            new SourceSettings(SourceKind.HuggingFace, [Folder.PathOf("hub")]),
            new SourceSettings(SourceKind.LlamaCpp, [Folder.PathOf("old")]),
            new SourceSettings(SourceKind.Ollama, [Folder.PathOf("ollama")]),
            new SourceSettings(SourceKind.LmStudio, [Folder.PathOf("studio")]) { Pointer = Folder.PathOf("pointer") },
        ],
    };

    /// <summary>A model that differs from those with other numbers.</summary>
    public static byte[] Model(int number) => GgufBuilder.Llama().UInt32("test.number", (uint)number).Build();

    public ModelCatalog Catalog() => new(Settings, Time);

    public void Dispose() => Folder.Dispose();
}
